from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest
import redshift_connector
from redshift_connector import error as driver

from pipeline.errors import LocalCloudError
from pipeline.local import postgres as postgres_module
from pipeline.local import unprivileged
from pipeline.local.warehouse import Warehouse
from pipeline.settings import REPOSITORY
from tests.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

PSQL = Path(postgres_module.binary("psql"))
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="about what root may do")


def connect(warehouse: Warehouse, password: str | None = None) -> Any:
    return redshift_connector.connect(
        host=warehouse.host,
        port=warehouse.port,
        database=warehouse.database,
        user=warehouse.username,
        password=password or warehouse.password,
        ssl=False,
    )


def value(warehouse: Warehouse, sql: str) -> object:
    with warehouse.connect(autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row and row[0]


def servers(state: Path) -> list[int]:
    """The PostgreSQL servers that run on this state, without their children."""
    data = str(state / "warehouse" / "data")
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if data in (process.info["cmdline"] or []) and process.info["cmdline"][0].endswith("/postgres")
    ]


def test_redshift_connector_asks_with_parameters(warehouse: Warehouse) -> None:
    with connect(warehouse) as connection, connection.cursor() as cursor:
        cursor.execute("select %s::int + 1 as more, %s as name", (41, "it's"))
        assert cursor.fetch_dataframe().to_dict("records") == [{"more": 42, "name": "it's"}]


def test_a_wrong_password_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(driver.ProgrammingError) as refused:
        connect(warehouse, "guess")
    assert refused.value.args[0]["C"] == "28P01"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=warehouse.host, port=warehouse.port, user="postgres", password="postgres")


def test_psql_connects(warehouse: Warehouse) -> None:
    """With its defaults, by which it asks for encryption first."""
    answer = subprocess.run(
        [PSQL, "-h", "127.0.0.1", "-p", str(warehouse.port), "-U", "weir", "-Atc", "select 6 * 7", "weir"],
        env={"PGPASSWORD": warehouse.password, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "42\n"


def test_the_user_is_no_superuser(warehouse: Warehouse) -> None:
    assert value(warehouse, "select usesuper from pg_user where usename = current_user") is False


def test_nothing_listens_but_the_door_on_the_loopback(warehouse: Warehouse) -> None:
    (pid,) = warehouse.pids
    family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    for each in family:
        with suppress(psutil.NoSuchProcess):  # a vacuum that has ended since
            assert psutil.Process(each).net_connections(kind="inet") == []
    own = [
        connection.laddr
        for connection in psutil.Process().net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == warehouse.port
    ]
    assert [address.ip for address in own] == ["127.0.0.1"]


def test_a_restart_keeps_data_password_and_port(tmp_path: Path) -> None:
    first = Warehouse(tmp_path)
    first.start()
    with first.connect(autocommit=True) as connection:
        connection.execute("create table kept as select 5 as number")
    port, password = first.port, first.password
    first.stop()
    assert not servers(tmp_path)
    second = Warehouse(tmp_path)
    second.start()
    try:
        assert (second.port, second.password) == (port, password)
        assert value(second, "select number from kept") == 5
    finally:
        second.stop()
    assert (tmp_path / "warehouse" / "secret.json").stat().st_mode & 0o777 == 0o600


BLOCK = 2**20  # of Redshift, in bytes


@pytest.fixture
def numbers(warehouse: Warehouse) -> Iterator[int]:
    """A table of that name, its size in bytes."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("create table numbers as select n, repeat('x', 50) as text from generate_series(1, 50000) n")
        connection.execute("create index numbers_by_n on numbers (n)")
        connection.execute("vacuum analyze numbers")
        size = connection.execute("select pg_relation_size('numbers')").fetchone()
        assert size
        yield size[0]
        connection.execute("drop table numbers")


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Any]:
    with connect(warehouse) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


def number_of(session: Any, sql: str) -> int:
    """What the engine tells of a query that it ran."""
    session.execute("begin")
    session.execute(sql)
    session.execute("select last_user_query_id()")
    (found,) = session.fetchone()
    session.execute("commit")
    return int(found)


def blocks_of(warehouse: Warehouse, number: int) -> list[int]:
    """The blocks read by each segment of the query with this number."""
    return [blocks for of, blocks in details(warehouse) if of == number]


def details(warehouse: Warehouse) -> list[tuple[int, int]]:
    with warehouse.connect(autocommit=True) as connection:
        return connection.execute(
            "select query_id, blocks_read from sys_query_detail where segment_id >= 0 and step_id = -1"
        ).fetchall()


def test_a_query_tells_what_it_read_as_redshifts_system_views_do(
    warehouse: Warehouse, numbers: int, session: Any
) -> None:
    """Redshift developer guide, "LAST_USER_QUERY_ID" and "SYS_QUERY_DETAIL"."""
    all_of_it = "select count(text) from numbers"
    assert number_of(session, "select 1") == -1
    whole = number_of(session, all_of_it)
    assert blocks_of(warehouse, whole) == [-(-numbers // BLOCK)]
    assert number_of(session, "select 1") == whole  # which read nothing
    few = number_of(session, "select text from numbers where n = 4711")
    assert few > whole
    assert blocks_of(warehouse, few) == [1]
    assert blocks_of(warehouse, number_of(session, all_of_it)) == blocks_of(warehouse, whole)
    both = number_of(
        session, "select count(a.text) from numbers a, (select max(n) as n from numbers) b where a.n <> b.n"
    )
    assert blocks_of(warehouse, both) == blocks_of(warehouse, whole)  # a segment for each table


def test_no_page_of_a_table_counts_more_than_once(warehouse: Warehouse, numbers: int, session: Any) -> None:
    for other in ("hashjoin", "mergejoin", "seqscan", "bitmapscan", "memoize"):
        session.execute(f"set enable_{other} to off")
    sql = "select count(text) from generate_series(1, 50000) as wanted join numbers on n = wanted"
    session.execute(f"explain {sql}")
    assert any("Index Scan" in line for (line,) in session.fetchall())  # three pages for each row: 1.2 GB
    (blocks,) = blocks_of(warehouse, number_of(session, sql))
    assert numbers < blocks * BLOCK < 2 * numbers


def test_details_are_kept_of_the_last_ten_thousand_queries(warehouse: Warehouse, numbers: int, session: Any) -> None:
    assert numbers
    first = number_of(session, "select count(text) from numbers")
    value(warehouse, f"select setval('sys_query_id', {first + 9_998})")
    second = number_of(session, "select count(text) from numbers")
    assert {of for of, _ in details(warehouse)} >= {first, second}
    third = number_of(session, "select count(text) from numbers")
    assert third == first + 10_000
    assert first not in {of for of, _ in details(warehouse)}


def test_system_views_of_an_earlier_version_are_made_whole(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.start()
    try:
        value(warehouse, "select nextval('sys_query_id')")
        with warehouse.connect(autocommit=True) as connection:
            connection.execute("drop function last_user_query_id")
            connection.execute("drop table sys_query_detail")
            connection.execute("insert into sys_load_error_detail (query_id) values (1)")
        warehouse.stop()
        warehouse = Warehouse(tmp_path)
        warehouse.start()
        assert value(warehouse, "select last_user_query_id()") == -1
        assert value(warehouse, "select count(*) from sys_load_error_detail") == 1
    finally:
        warehouse.stop()


def test_a_server_that_a_killed_run_left_is_ended(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from pipeline.local.warehouse import Warehouse\n"
        "warehouse = Warehouse(Path(sys.argv[1])); warehouse.start()\n"
        "print(*warehouse.pids, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", program, tmp_path], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert run.stdout is not None
    left = int(run.stdout.readline())
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    # A child that was just forked looks like its server for a moment.
    eventually(lambda: servers(tmp_path) == [left], "the server is left", 10)
    warehouse = Warehouse(tmp_path)
    warehouse.start()
    try:
        eventually(lambda: servers(tmp_path) == warehouse.pids, "one server is there", 10)
        assert warehouse.pids != [left]
        assert value(warehouse, "select 1") == 1
    finally:
        warehouse.stop()


def test_a_start_that_was_broken_off_begins_anew(tmp_path: Path) -> None:
    data = tmp_path / "warehouse" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    warehouse = Warehouse(tmp_path)
    warehouse.start()
    try:
        assert value(warehouse, "select count(*) from sys_load_error_detail") == 0
    finally:
        warehouse.stop()


def test_a_taken_port_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LocalCloudError, match=f"127.0.0.1:{port}"):
            Warehouse(tmp_path, port).start()
    assert not servers(tmp_path)


def test_a_broken_data_folder_is_one_line(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.start()
    warehouse.stop()
    (tmp_path / "warehouse" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(LocalCloudError, match=r"ended as it started.*postgres\.log"):
        Warehouse(tmp_path).start()
    assert not servers(tmp_path)


@pytest.mark.parametrize("name", ["n" * 90, "a, b 'c' ü"], ids=["long", "odd"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    """A socket's path is short and plain; where the data's is not, the socket lives elsewhere while it runs."""
    warehouse = Warehouse(tmp_path / name / name)
    warehouse.start()
    folder = warehouse.socket_folder
    try:
        assert folder.name.startswith("weir-")
        assert len(str(folder)) < 50
        assert folder.stat().st_mode & 0o777 == 0o700
        with connect(warehouse) as connection, connection.cursor() as cursor:
            cursor.execute("select 1")
    finally:
        warehouse.stop()
    assert not folder.exists()


@root_only
def test_root_may_keep_its_state_to_itself(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    warehouse = Warehouse(private / "state")
    warehouse.start()
    try:
        assert value(warehouse, "select 1") == 1
        assert private.stat().st_mode & 0o777 == 0o700
        (pid,) = warehouse.pids
        assert psutil.Process(pid).username() == "nobody"
    finally:
        warehouse.stop()


@root_only
def test_anybody_may_run_it() -> None:
    """Who is not root runs PostgreSQL as themselves."""
    state = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(state, 65534, 65534)
    program = (
        "import sys; from pathlib import Path; from pipeline.local.warehouse import Warehouse\n"
        "warehouse = Warehouse(Path(sys.argv[1])); warehouse.start()\n"
        "print(warehouse.connect().execute('select 1').fetchone()); warehouse.stop()"
    )
    try:
        # As nobody, who may here read what is root's: the interpreter, and this repository.
        as_nobody = [sys.executable, "-I", unprivileged.__file__, "/root"]
        done = subprocess.run(
            [*as_nobody, sys.executable, "-c", program, state],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout == "(1,)\n", done.stderr
    finally:
        shutil.rmtree(state)

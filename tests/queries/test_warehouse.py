from __future__ import annotations

import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from redshift_connector import error as driver

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    QueryCancelledError,
    QueryFailedError,
    QueryTimeoutError,
    ThrottledError,
    WeirError,
)
from queries import tickets
from queries.loader import Query
from queries.warehouse import Warehouse
from tests.queries.fakes import FakeConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

QUERY = Query("some_sum", "warehouse", "One row.", "select :a as total", ("a",))
Answer = tuple[list[str], list[list[Any]]]


def answer(_sql: str) -> Answer:
    return ["total", "name"], [[Decimal("9747747.934"), "x"], [Decimal("0.1"), None]]


def raising(error: Exception) -> Callable[[str], Answer]:
    def answer(_sql: str) -> Answer:
        raise error

    return answer


def refusal(state: str) -> driver.ProgrammingError:
    return driver.ProgrammingError({"S": "ERROR", "C": state, "M": "said the engine"})


class Opener:
    """Hands out connections with these answers, one after the other; the last one again and again."""

    def __init__(self, *answers: Callable[[str], tuple[Sequence[str], Sequence[Sequence[Any]]]]) -> None:
        self.answers = answers
        self.opened: list[FakeConnection] = []

    def __call__(self) -> FakeConnection:
        connection = FakeConnection(self.answers[min(len(self.opened), len(self.answers) - 1)])
        self.opened.append(connection)
        return connection


def test_rows_become_a_frame_with_exact_numbers_and_evidence() -> None:
    opener = Opener(answer)
    figure = Warehouse(opener).ask(QUERY, a=7)
    assert list(figure.frame["total"]) == [Decimal("9747747.934"), Decimal("0.1")]
    assert figure.evidence.name == "some_sum"
    assert figure.evidence.engine == "Redshift"
    assert figure.evidence.parameters == {"a": 7}
    assert ("select :a as total", {"a": 7}) in opener.opened[0].statements


def test_a_connection_has_a_time_limit_and_is_used_again() -> None:
    opener = Opener(answer)
    warehouse = Warehouse(opener, limit_s=3)
    for _ in range(3):
        warehouse.ask(QUERY, a=1)
    (connection,) = opener.opened
    said = [sql for sql, _ in connection.statements]
    assert said[0] == "select pg_backend_pid() as session"
    one = ["begin", QUERY.sql, "select last_user_query_id()", "commit"]
    assert said[2:] == one * 3  # after the limit, told once
    assert 2900 < limit_ms(connection) <= 3000
    assert connection._usock.timeout is not None
    assert connection._usock.timeout > 3


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("57014", QueryTimeoutError),
        ("42P01", NotDeployedError),
        ("3D000", NotDeployedError),
        ("42501", AccessRefusedError),
        ("28P01", AccessRefusedError),
        ("28000", AccessRefusedError),
        ("53300", ThrottledError),
        ("57P01", CloudDownError),
        ("57P03", CloudDownError),
        ("08006", CloudDownError),
        ("42601", QueryFailedError),
    ],
)
def test_the_engines_states_become_errors_of_ours(state: str, expected: type[WeirError]) -> None:
    with pytest.raises(expected) as caught:
        Warehouse(Opener(raising(refusal(state)))).ask(QUERY, a=1)
    assert isinstance(caught.value.__cause__, driver.Error)
    assert "{" not in str(caught.value)


def test_errors_of_the_query_keep_the_connection() -> None:
    opener = Opener(raising(refusal("42P01")))
    warehouse = Warehouse(opener)
    for _ in range(2):
        with pytest.raises(NotDeployedError):
            warehouse.ask(QUERY, a=1)
        assert opener.opened[0].statements[-1][0] == "rollback"
    assert len(opener.opened) == 1


def test_a_connection_that_stays_in_the_failed_transaction_is_dropped() -> None:
    opener = Opener(raising(refusal("42P01")), answer)

    def opened() -> FakeConnection:
        connection = opener()
        connection.stuck = True
        return connection

    warehouse = Warehouse(opened)
    with pytest.raises(NotDeployedError):
        warehouse.ask(QUERY, a=1)
    assert opener.opened[0].closed
    assert not warehouse.ask(QUERY, a=1).empty


@pytest.mark.parametrize("state", ["22012", "53300", "40001"])
def test_after_an_error_of_what_ran_a_connection_is_not_used_again(state: str) -> None:
    opener = Opener(raising(refusal(state)), answer)
    warehouse = Warehouse(opener)
    with pytest.raises(WeirError):
        warehouse.ask(QUERY, a=1)
    assert opener.opened[0].closed
    assert not warehouse.ask(QUERY, a=1).empty
    assert len(opener.opened) == 2


def test_no_connection_stays_in_a_transaction_whatever_happens() -> None:
    opener = Opener(raising(MemoryError()), answer)  # no error of the engine's
    warehouse = Warehouse(opener)
    with pytest.raises(MemoryError):
        warehouse.ask(QUERY, a=1)
    assert opener.opened[0].closed
    assert not warehouse.ask(QUERY, a=1).empty


def test_what_is_asked_besides_takes_no_time_of_the_querys(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("queries.warehouse.time", SimpleNamespace(monotonic=lambda: clock[0]))

    def slowly(sql: str) -> Answer:
        clock[0] += 2
        return answer(sql)

    def more_slowly() -> int:
        clock[0] += 5
        return 5437

    opener = Opener(slowly)
    warehouse = Warehouse(opener)
    warehouse.ask(QUERY, a=1)
    opener.opened[0].query_id = more_slowly
    evidence = warehouse.ask(QUERY, a=1).evidence
    assert (evidence.seconds, evidence.query_id) == (2, 5437)


def test_evidence_has_the_engines_number_of_the_query() -> None:
    opener = Opener(answer)
    warehouse = Warehouse(opener)
    assert warehouse.ask(QUERY, a=1).evidence.query_id is None  # none ran in this session, says the engine
    opener.opened[0].query_id = 5437
    assert warehouse.ask(QUERY, a=1).evidence.query_id == 5437
    # The leader node answered by itself, as out of its result cache: this is the number of the query before.
    assert warehouse.ask(QUERY, a=1).evidence.query_id is None
    opener.opened[0].query_id = 5440
    assert warehouse.ask(QUERY, a=1).evidence.query_id == 5440


def test_a_figure_without_that_number_is_a_figure() -> None:
    opener = Opener(answer)
    warehouse = Warehouse(opener)
    warehouse.ask(QUERY, a=1)
    opener.opened[0].query_id = refusal("42883")
    figure = warehouse.ask(QUERY, a=1)
    assert not figure.empty
    assert figure.evidence.query_id is None
    assert len(opener.opened) == 1


@pytest.mark.parametrize(
    "broken",
    [driver.InterfaceError("BrokenPipe: server socket closed"), TimeoutError("timed out"), ConnectionError("x")],
)
def test_a_fresh_connection_that_breaks_means_that_the_warehouse_is_down(broken: Exception) -> None:
    opener = Opener(raising(broken))
    with pytest.raises(CloudDownError, match="make demo"):
        Warehouse(opener).ask(QUERY, a=1)
    assert opener.opened[0].closed
    assert len(opener.opened) == 1


def test_an_idle_connection_that_broke_is_replaced_unseen() -> None:
    answers = iter([answer, raising(driver.InterfaceError("BrokenPipe: server socket closed"))])

    def first_well_then_broken(sql: str) -> Answer:
        return next(answers)(sql)

    opener = Opener(first_well_then_broken, answer)
    warehouse = Warehouse(opener)
    warehouse.ask(QUERY, a=1)
    assert not warehouse.ask(QUERY, a=1).empty
    assert len(opener.opened) == 2
    assert opener.opened[0].closed


def test_silence_beyond_the_limit_is_a_timeout() -> None:
    def silent(_sql: str) -> Answer:
        threading.Event().wait(0.05)
        raise TimeoutError("timed out")

    with pytest.raises(QueryTimeoutError, match="silent"):
        Warehouse(Opener(silent), limit_s=0.04).ask(QUERY, a=1)


def test_errors_of_opening_pass_as_they_are() -> None:
    def refused() -> FakeConnection:
        raise AccessRefusedError("wrong password")

    warehouse = Warehouse(refused)
    for _ in range(9):  # more often than there are connections: none is lost to an error
        with pytest.raises(AccessRefusedError, match="wrong password"):
            warehouse.ask(QUERY, a=1)


def test_no_more_connections_than_allowed_however_many_ask() -> None:
    running = threading.Semaphore(0)
    go_on = threading.Event()

    def slow(_sql: str) -> Answer:
        running.release()
        go_on.wait(5)
        return ["total"], [[1]]

    opener = Opener(slow)
    warehouse = Warehouse(opener, connections=2, limit_s=5)
    threads = [threading.Thread(target=warehouse.ask, args=(QUERY,), kwargs={"a": n}) for n in range(6)]
    for thread in threads:
        thread.start()
    assert running.acquire(timeout=2)
    assert running.acquire(timeout=2)
    assert not running.acquire(timeout=0.1)
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert len(opener.opened) == 2


def test_who_waited_for_a_connection_has_less_time_left() -> None:
    """The limit is that of a reader's whole wait."""
    running, go_on = threading.Event(), threading.Event()

    def slow(_sql: str) -> Answer:
        running.set()
        go_on.wait(5)
        return ["total"], [[1]]

    opener = Opener(slow)
    warehouse = Warehouse(opener, connections=1, limit_s=10)
    busy = threading.Thread(target=warehouse.ask, args=(QUERY,), kwargs={"a": 1})
    busy.start()
    assert running.wait(2)
    threading.Timer(1.5, go_on.set).start()
    warehouse.ask(QUERY, a=2)
    busy.join(5)
    assert limit_ms(opener.opened[0]) < 9000
    warehouse.ask(QUERY, a=3)  # who did not wait has all of it again
    assert limit_ms(opener.opened[0]) > 9000


def test_what_little_time_another_reader_had_is_not_the_next_ones() -> None:
    opener = Opener(answer)
    warehouse = Warehouse(opener, connections=1, limit_s=0.9)
    warehouse.ask(QUERY, a=1)
    opener.opened[0].weir_limit_s = 0.05  # type: ignore[attr-defined]  # what Warehouse itself notes there
    warehouse.ask(QUERY, a=2)
    assert limit_ms(opener.opened[0]) > 800


def limit_ms(connection: FakeConnection) -> int:
    """The newest time limit that the engine was told."""
    told = [sql for sql, _ in connection.statements if sql.startswith("set statement_timeout to ")]
    return int(told[-1].rpartition(" ")[2])


def test_waiting_for_a_connection_ends() -> None:
    go_on = threading.Event()

    def slow(_sql: str) -> Answer:
        go_on.wait(5)
        return ["total"], [[1]]

    warehouse = Warehouse(Opener(slow), connections=1, limit_s=0.1)
    busy = threading.Thread(target=warehouse.ask, args=(QUERY,), kwargs={"a": 1})
    busy.start()
    try:
        with pytest.raises(QueryTimeoutError, match="busy"):
            warehouse.ask(QUERY, a=2)
    finally:
        go_on.set()
        busy.join(5)


def test_who_waits_for_a_connection_can_be_called_off() -> None:
    go_on, running = threading.Event(), threading.Event()

    def slow(_sql: str) -> Answer:
        running.set()
        go_on.wait(20)
        return ["total"], [[1]]

    warehouse = Warehouse(Opener(slow), connections=1)
    busy = threading.Thread(target=warehouse.ask, args=(QUERY,), kwargs={"a": 1})
    busy.start()
    assert running.wait(20)
    ticket = tickets.Ticket()
    threading.Timer(0.05, ticket.call_off).start()
    try:
        with tickets.held(ticket), pytest.raises(QueryCancelledError):
            warehouse.ask(QUERY, a=2)
        assert busy.is_alive()  # nobody gave a connection back
    finally:
        go_on.set()
        busy.join(20)


def test_parameters_must_be_the_querys() -> None:
    with pytest.raises(TypeError):
        Warehouse(Opener(answer)).ask(QUERY, b=1)

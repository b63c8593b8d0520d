"""COPY on the local warehouse. Redshift developer guide: "Data load operations" (MAXERROR), "COPY from JSON format",
"SYS_LOAD_ERROR_DETAIL"."""  # fmt: skip

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts import order_line
from pipeline.errors import CloudDownError, NotFoundError
from pipeline.local import load_blocks, objects
from pipeline.local.copy import CopyCommand, CopyFailedError, CopyResult, copy
from pipeline.local.load_values import Column
from pipeline.local.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (
    "event_id", "invoice_no", "line_no", "stock_code", "description", "quantity", "invoice_date", "unit_price",
    "customer_id", "country", "replay_id", "sent_at",
)  # fmt: skip
OPTIONS = "FORMAT AS JSON 's3://lake/config/paths.json' TIMEFORMAT 'auto' ROUNDEC MAXERROR 100"
GOOD: dict[str, object] = {
    "EventID": "536365-1",
    "InvoiceNo": "536365",
    "LineNo": 1,
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": 6,
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": Decimal("2.55"),
    "CustomerID": 17850,
    "Country": "United Kingdom",
    "ReplayID": "r-1",
    "SentAt": "2026-01-01 00:00:00.000001",
}


def wire(**changes: object) -> bytes:
    return order_line.to_wire({**GOOD, **changes})


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The bucket `lake`, in memory."""
    paths = {"jsonpaths": [f"$['{name}']" for name in order_line.FIELDS]}
    held = {"config/paths.json": json.dumps(paths).encode()}

    def get(bucket: str, key: str) -> bytes:
        if bucket != "lake" or key not in held:
            raise NotFoundError(f"s3://{bucket}/{key} does not exist.")
        return held[key]

    monkeypatch.setattr(objects, "get", get)
    return held


def load(warehouse: Warehouse, *keys: str, options: str = OPTIONS) -> CopyResult:
    return copy(warehouse, CopyCommand("orders_landing", COLUMNS, options), [("lake", key) for key in keys])


def landed(warehouse: Warehouse, columns: str = "event_id, unit_price") -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        sql = f"select {columns} from orders_landing order by 1"  # noqa: S608 - the tests' own
        return connection.execute(sql.encode()).fetchall()


def explained(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(
            "select trim(file_name), line_number, trim(column_name), trim(column_type), trim(column_length), position,"
            " error_code, trim(error_message) from sys_load_error_detail order by 1, 2"
        ).fetchall()


def test_rows_land_with_their_types(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = wire(Description='a "b", \\ c\td\nü', CustomerID=None, ReplayID=None, LineNo=None)
    lake["b"] = wire(EventID="536365-2", Description="", Quantity=-3, UnitPrice=Decimal("-11062.0600"))
    assert load(warehouse, "a", "b") == CopyResult(loaded=2, errors=0)
    rows = landed(warehouse, "event_id, line_no, description, quantity, unit_price, customer_id, replay_id")
    assert rows == [
        ("536365-1", None, 'a "b", \\ c\td\nü', 6, Decimal("2.5500"), None, None),
        ("536365-2", 1, "", -3, Decimal("-11062.0600"), 17850, "r-1"),
    ]
    ((at, now),) = landed(warehouse, "landed_at, now() at time zone 'utc'")[:1]
    assert abs((now - at).total_seconds()) < 60


def test_a_row_that_does_not_fit_is_left_out_and_explained(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = b"".join(
        [
            wire(),
            wire(EventID="2").replace(b'"Quantity":6', b'"Quantity":"six"'),
            b"not json\n",
            wire(EventID="3", Country="x" * 1001),
            wire(EventID="4").replace(b'"Country":"United Kingdom",', b""),
            wire(EventID="5", InvoiceDate="31/12/2011 8:00"),
            wire(EventID="6", Description="a\0b"),
            b"\xff\xfe\n",
            b"17\n",
            b"\n",
            wire(EventID="7"),
        ]
    )
    assert load(warehouse, "a") == CopyResult(loaded=2, errors=8)
    assert [row[0] for row in landed(warehouse)] == ["536365-1", "7"]
    file = "s3://lake/a"
    found = explained(warehouse)
    assert [row[:7] for row in found] == [
        (file, 2, "quantity", "int4", "", 0, 1207),
        (file, 3, "", "", "", 0, 1216),
        (file, 4, "country", "varchar", "1000", 0, 1204),
        (file, 5, "country", "varchar", "1000", 0, 1213),
        (file, 6, "invoice_date", "timestamp", "", 0, 1206),
        (file, 7, "description", "varchar", "1000", 1, 1220),
        (file, 8, "", "", "", 0, 1220),
        (file, 9, "", "", "", 0, 1216),
    ]
    assert found[0][7] == "Invalid digit, Value 's', Pos 0, Type: Integer"


def test_the_explanations_name_the_load(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = b"x\n"
    load(warehouse, "a")
    load(warehouse, "a")
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select query_id, trim(database_name), table_id = 'orders_landing'::regclass::oid::int, user_id > 0,"
            " start_time <= now() at time zone 'utc' from sys_load_error_detail order by 1"
        ).fetchall()
    assert rows[0][0] < rows[1][0]
    assert [row[1:] for row in rows] == [("weir", True, True, True)] * 2


@pytest.mark.parametrize(("limit", "loads"), [(4, True), (3, False), (1, False), (0, False)])
def test_the_load_fails_once_errors_reach_maxerror(
    warehouse: Warehouse, lake: dict[str, bytes], limit: int, loads: bool
) -> None:
    """ "If the load returns the error_count number of errors or greater, the load fails. If the load returns fewer
    errors, it continues." """
    lake["a"] = wire() + b"x\n" * 2
    lake["b"] = wire(EventID="2") + b"x\n"
    options = OPTIONS.replace("MAXERROR 100", f"MAXERROR {limit}")
    if loads:
        assert load(warehouse, "a", "b", options=options) == CopyResult(loaded=2, errors=3)
    else:
        with pytest.raises(CopyFailedError, match="Check 'sys_load_error_detail'"):
            load(warehouse, "a", "b", options=options)
        assert landed(warehouse) == []
        assert len(explained(warehouse)) == max(limit, 1)


def test_by_default_the_first_error_fails_the_load(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = wire() + b"x\n"
    with pytest.raises(CopyFailedError):
        load(warehouse, "a", options="JSON 's3://lake/config/paths.json'")
    assert landed(warehouse) == []
    assert len(explained(warehouse)) == 1


def test_gzip(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = gzip.compress(wire())
    assert load(warehouse, "a", options=f"{OPTIONS} GZIP").loaded == 1
    lake["a"] = wire()
    with pytest.raises(CopyFailedError, match="s3://lake/a is not gzip"):
        load(warehouse, "a", options=f"{OPTIONS} GZIP")
    assert len(landed(warehouse)) == 1


def test_several_objects_on_a_line_and_blanks(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = wire().strip() + b" " + wire(EventID="2").strip() + b"\n\n  \n" + wire(EventID="3").strip()
    assert load(warehouse, "a") == CopyResult(loaded=3, errors=0)


def test_an_empty_object_loads_nothing(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = b""
    assert load(warehouse, "a") == CopyResult(loaded=0, errors=0)


@pytest.mark.parametrize(
    ("paths", "record"),
    [
        (["$.a.b[1]", "$.c"], {"a": {"b": [0, 5]}, "c": "x"}),
        (["$['a']['b'][1]", "$['c']"], {"a": {"b": [0, 5]}, "c": "x"}),
        (["$[0]", "$[1]"], [5, "x"]),
    ],
    ids=["dots", "brackets", "array"],
)
def test_jsonpaths_lead_into_a_record(
    warehouse: Warehouse, lake: dict[str, bytes], paths: list[str], record: object
) -> None:
    lake["config/paths.json"] = json.dumps({"jsonpaths": paths}).encode()
    lake["a"] = json.dumps(record).encode() + b"\n"
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("drop table if exists small; create table small (n int, t varchar(10))")
        copy(warehouse, CopyCommand("small", (), OPTIONS), [("lake", "a")])
        assert connection.execute("select * from small").fetchall() == [(5, "x")]


@pytest.mark.parametrize("paths", [{"jsonpaths": None}, {"other": ["$.x"]}, "auto"], ids=["file", "name", "auto"])
def test_auto_takes_the_columns_own_names(warehouse: Warehouse, lake: dict[str, bytes], paths: object) -> None:
    """ "If the name is any string other than jsonpaths, COPY uses the 'auto' argument." What has no such name is
    NULL; names that are no column are passed over."""
    lake["config/paths.json"] = json.dumps({"other": []} if paths == {"jsonpaths": None} else paths).encode()
    options = OPTIONS.replace("s3://lake/config/paths.json", "auto") if paths == "auto" else OPTIONS
    lake["a"] = b'{"n": 5, "more": 1, "T": "x"}\n'
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("drop table if exists small; create table small (n int, t varchar(10))")
        copy(warehouse, CopyCommand("small", (), options), [("lake", "a")])
        assert connection.execute("select * from small").fetchall() == [(5, None)]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (CopyCommand("orders_landing", ("nothing",), OPTIONS), "column 'nothing' does not exist"),
        (CopyCommand("nowhere", COLUMNS, OPTIONS), "nowhere"),
        (CopyCommand("orders_landing", COLUMNS[:3], OPTIONS), "12 paths for 3 columns"),
        (CopyCommand("orders_landing", COLUMNS, f"{OPTIONS} CSV"), "does not know CSV"),
        (CopyCommand("orders_landing", COLUMNS, "GZIP"), "loads JSON only"),
        (CopyCommand("orders_landing", COLUMNS, "JSON 's3://lake/none'"), "s3://lake/none does not exist"),
        (CopyCommand("orders_landing", COLUMNS, "JSON 's3://lake/config/paths.json' MAXERROR 100001"), "MAXERROR"),
        (CopyCommand("orders_landing", COLUMNS, "JSON 's3://lake/config/paths.json' TIMEFORMAT 'YY'"), "TIMEFORMAT"),
        (CopyCommand("orders_landing", COLUMNS, "JSON 's3://lake/config/paths.json' ;"), "syntax error"),
    ],
)
def test_a_command_that_cannot_be_done(
    warehouse: Warehouse, lake: dict[str, bytes], command: CopyCommand, words: str
) -> None:
    lake["a"] = wire()
    with pytest.raises(CopyFailedError, match=words):
        copy(warehouse, command, [("lake", "a")])


def test_a_missing_object_loads_nothing_of_the_others(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    lake["a"] = wire()
    with pytest.raises(CopyFailedError, match="s3://lake/gone"):
        load(warehouse, "a", "gone")
    assert landed(warehouse) == []


def test_a_warehouse_that_is_down(tmp_path: Path, lake: dict[str, bytes]) -> None:
    with pytest.raises(CloudDownError):
        load(Warehouse(tmp_path), "a")


_TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "n": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
        "p": st.one_of(
            st.none(), st.integers(-(10**6), 10**6), st.decimals(-(10**6), 10**6, places=4).map(float), st.floats(-1, 1)
        ),
        "t": _TEXTS,
        "at": st.one_of(st.none(), st.datetimes().map(lambda at: str(at.replace(year=max(at.year, 1000))))),
    },
)


@given(records=st.lists(_RECORDS, max_size=20))
@settings(max_examples=25, deadline=None)
def test_the_quick_way_and_the_row_by_row_way_load_alike(postgres: Warehouse, records: list[dict[str, object]]) -> None:
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    columns = [
        Column("n", "int4", 0, 0, 0, not_null=False),
        Column("p", "numeric", 0, 12, 4, not_null=False),
        Column("t", "varchar", 20, 0, 0, not_null=False),
        Column("at", "timestamp", 0, 0, 0, not_null=False),
    ]
    quick = load_blocks.read(body, ["n", "p", "t", "at"], columns, round_decimals=True)
    if quick is None:
        return
    with pytest.MonkeyPatch.context() as patch, postgres.connect(autocommit=True) as connection:
        connection.execute("drop table if exists alike")
        connection.execute("create table alike (n int, p numeric(12, 4), t varchar(20), at timestamp)")
        patch.setattr(objects, "get", lambda *_: body)
        command = CopyCommand("alike", (), "JSON 'auto' ROUNDEC MAXERROR 1")
        assert copy(postgres, command, [("lake", "a")]).loaded == len(records)
        patch.setattr(load_blocks, "read", lambda *_, **__: None)
        assert copy(postgres, command, [("lake", "a")]).loaded == len(records)
        rows = connection.execute("select *, count(*) from alike group by 1, 2, 3, 4").fetchall()
    assert all(row[-1] % 2 == 0 for row in rows), rows


def test_our_own_records_take_the_quick_way(warehouse: Warehouse, lake: dict[str, bytes]) -> None:
    with warehouse.connect() as connection:
        from pipeline.local.copy import _columns

        known = _columns(connection, "orders_landing")
    body = wire() + wire(EventID="2", Description='é\\"', CustomerID=None, UnitPrice=Decimal("-0.0001"))
    block = load_blocks.read(body, order_line.FIELDS, [known[name] for name in COLUMNS], round_decimals=True)
    assert block is not None
    assert block.rows == 2

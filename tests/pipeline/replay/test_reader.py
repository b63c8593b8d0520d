"""Files as people have them: every shape that is read, every wrong file refused, every bad row named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.clock import SentClock
from pipeline.contracts.order_line import CSV_FIELDS, InvalidOrderLineError, from_wire, normalise, stamp, to_wire
from pipeline.errors import FileRefusedError
from pipeline.replay import source as source_module
from pipeline.replay.counters import LineCounters
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record, Rejected

HEADER = ",".join(CSV_FIELDS)
FIRST = "536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom"
SECOND = "536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom"
THIRD = "C536379,D,Discount,-1,12/1/2010 9:41,27.5,,United Kingdom"


def written(tmp_path: Path, *lines: str, encoding: str = "utf-8", end: str = "\n", name: str = "orders.csv") -> Path:
    path = tmp_path / name
    path.write_bytes("".join(line + end for line in lines).encode(encoding))
    return path


def read(path: Path, **kwargs: Any) -> list[Record | Rejected]:
    with OrderFile(path, **kwargs) as orders:
        return list(orders.rows("r-1"))


def events(path: Path) -> list[dict[str, Any]]:
    rows = read(path)
    assert not [row for row in rows if isinstance(row, Rejected)]
    return [from_wire(row.data) for row in rows if isinstance(row, Record)]


def rejections(path: Path) -> list[Rejected]:
    return [row for row in read(path) if isinstance(row, Rejected)]


def test_rows_become_events(tmp_path: Path) -> None:
    rows = read(written(tmp_path, HEADER, FIRST, THIRD, SECOND))
    assert [row[:3] for row in rows if isinstance(row, Record)] == [
        (2, "536365-1", "536365"),
        (3, "C536379-1", "C536379"),
        (4, "536365-2", "536365"),
    ]
    first = rows[0]
    assert isinstance(first, Record)
    event = from_wire(first.data)
    assert to_wire(event) == first.data  # to the byte: InvoiceNo is a text, money is exact
    assert event == {
        "EventID": "536365-1",
        "InvoiceNo": "536365",
        "LineNo": 1,
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART",
        "Quantity": 6,
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": Decimal("2.55"),
        "CustomerID": 17850,
        "Country": "United Kingdom",
        "ReplayID": "r-1",
        "SentAt": event["SentAt"],
    }


def test_the_same_file_twice_is_the_same_events_and_equal_rows_are_different_ones(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, FIRST, FIRST, THIRD, FIRST)
    ids = [row.event_id for row in read(path)]
    assert ids == ["536365-1", "536365-2", "C536379-1", "536365-3"]
    assert ids == [row.event_id for row in read(path)]


def test_a_customer_that_is_missing_is_null_and_the_row_is_kept(tmp_path: Path) -> None:
    (event,) = events(written(tmp_path, HEADER, THIRD))
    assert event["CustomerID"] is None
    assert event["InvoiceNo"] == "C536379"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_line_ends_and_gzip(tmp_path: Path, encoding: str, end: str, packed: bool) -> None:
    path = written(tmp_path, HEADER, FIRST.replace("WHITE", "£5"), SECOND, encoding=encoding, end=end)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with OrderFile(path) as orders:
        rows = list(orders.rows())
        assert orders.source.encoding == ("ISO-8859-1" if encoding == "latin-1" else "UTF-8")
        assert orders.source.compressed is packed
        assert orders.source.bytes_read == orders.source.bytes_total == path.stat().st_size
    assert isinstance(rows[0], Record)
    assert from_wire(rows[0].data)["Description"] == "£5 HANGING HEART"
    assert [row.line for row in rows] == [2, 3]


def test_a_pound_sign_late_in_a_long_ascii_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    plain = f"{FIRST}\n" * 40_000
    path.write_bytes(f"{HEADER}\n{plain}".encode() + FIRST.replace("WHITE", "£").encode("latin-1") + b"\n" + b"x\n")
    with OrderFile(path) as orders:
        rows = list(orders.rows())
        assert orders.source.encoding == "ISO-8859-1"
    assert isinstance(rows[40_000], Record)
    assert from_wire(rows[40_000].data)["Description"] == "£ HANGING HEART"
    assert rows[40_001].line == 40_003


def test_both_encodings_in_one_file_and_windows_quotes(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    texts = ["£1".encode(), "£2".encode("latin-1"), "it\u2019s".encode("cp1252"), b"plain"]
    path.write_bytes(
        f"{HEADER}\n".encode()
        + b"".join(FIRST.encode().replace(b"WHITE HANGING HEART", text) + b"\n" for text in texts)
    )
    assert [event["Description"] for event in events(path)] == ["£1", "£2", "it\u2019s", "plain"]
    with OrderFile(path) as orders:
        list(orders.rows())
        assert orders.source.encoding == "UTF-8 and ISO-8859-1"


def test_both_date_forms_and_customers_as_floats(tmp_path: Path) -> None:
    other = FIRST.replace("12/1/2010 8:26", "2010-12-01 08:26:00").replace("17850", "17850.0")
    first, second = events(written(tmp_path, HEADER, FIRST, other))
    assert first["InvoiceDate"] == second["InvoiceDate"] == "2010-12-01 08:26:00"
    assert first["CustomerID"] == second["CustomerID"] == 17850


def test_any_column_order_and_columns_that_are_not_ours(tmp_path: Path) -> None:
    names = [*reversed(CSV_FIELDS), "Unnamed: 0"]
    cells = dict(zip(CSV_FIELDS, FIRST.split(","), strict=True)) | {"Unnamed: 0": "0"}
    path = written(tmp_path, ",".join(names), ",".join(cells[name] for name in names))
    assert events(path)[0]["Description"] == "WHITE HANGING HEART"


def test_quoted_cells_with_line_ends_and_quotes_and_the_line_numbers_after_them(tmp_path: Path) -> None:
    quoted = FIRST.replace("WHITE HANGING HEART", '"A ""HEART"",\r\nin two\nlines"')
    path = tmp_path / "orders.csv"

    path.write_bytes(f"{HEADER}\r\n\r\n{quoted}\r\n\r\n{SECOND}\r\nx,y\r\n".encode())
    rows = read(path)
    assert isinstance(rows[0], Record)
    assert from_wire(rows[0].data)["Description"] == 'A "HEART",\r\nin two\nlines'
    assert [row.line for row in rows] == [3, 7, 8]


def test_separators_of_unicode_and_form_feeds_end_no_line(tmp_path: Path) -> None:
    rows = read(written(tmp_path, HEADER, FIRST.replace("HANGING", "\x0c"), FIRST.replace("HANGING", "\u2028"), SECOND))
    assert [(row.line, type(row)) for row in rows] == [(2, Rejected), (3, Record), (4, Record)]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (FIRST.replace(",6,", ",six,"), "Quantity: 'six' is not a whole number"),
        (FIRST.replace("2.55", ""), "UnitPrice: is missing"),
        (FIRST.replace("12/1/2010 8:26", "31/31/2011 8:26"), "InvoiceDate: '31/31/2011 8:26' does not exist"),
        (FIRST.replace("WHITE", "W" * 1001), "is longer than 1000 bytes"),
        (FIRST.replace("WHITE", "A\0B"), "Description: 'A\\x00B HANGING HEART' has U+0000"),
        (FIRST + ",more", "has 9 cells, the header has 8"),
        ("536365,85123A", "has 2 cells, the header has 8"),
        (FIRST.replace("WHITE", '"WHITE"'), "is not CSV"),
    ],
)
def test_a_bad_row_is_named_keeps_its_number_and_the_rest_goes_on(tmp_path: Path, bad: str, why: str) -> None:
    path = written(tmp_path, HEADER, FIRST, bad, SECOND)
    first, rejected, last = read(path)
    assert isinstance(rejected, Rejected)
    assert (rejected.line, rejected.event_id, rejected.raw) == (3, "536365-2", bad)
    assert why in "; ".join(map(str, rejected.problems))
    assert (first.event_id, last.event_id) == ("536365-1", "536365-3")


def test_every_bad_cell_of_a_row_is_named_and_kinds_leave_its_values_out(tmp_path: Path) -> None:
    (rejected,) = rejections(written(tmp_path, HEADER, "C1,,x,six,yesterday,,-4,"))
    assert [problem.field for problem in rejected.problems] == [
        "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    ]  # fmt: skip
    assert rejected.kinds[1] == "Quantity: is not a whole number"
    assert "-4" not in rejected.kinds[4]


def test_a_row_without_an_invoice_number_has_no_event_id_and_counts_for_none(tmp_path: Path) -> None:
    rows = read(written(tmp_path, HEADER, FIRST, FIRST.removeprefix("536365"), SECOND))
    assert [row.event_id for row in rows] == ["536365-1", None, "536365-2"]


def test_a_stray_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    stray = FIRST.replace("WHITE", '"WHITE')
    rows = read(written(tmp_path, HEADER, FIRST, stray, *[SECOND] * 3, stray, *[SECOND] * 2000, stray))
    assert [row.line for row in rows if isinstance(row, Rejected)] == [3, 7, 2008]
    assert [row.line for row in rows] == list(range(2, 2009))
    assert [row.event_id for row in rows] == [f"536365-{n}" for n in range(1, 2008)]


def test_a_stray_quote_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_BLOCK", 200)
    stray = FIRST.replace("WHITE", '"WHITE')
    rows = read(written(tmp_path, HEADER, FIRST, stray, SECOND, stray, SECOND))
    assert [(row.line, type(row)) for row in rows] == [
        (2, Record), (3, Rejected), (4, Record), (5, Rejected), (6, Record),
    ]  # fmt: skip


def test_a_line_that_never_ends_is_one_rejected_row(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, FIRST, "x" * 5_000_000, SECOND, "y" * 3_000_000)
    rows = read(path)
    assert [(row.line, type(row)) for row in rows] == [(2, Record), (3, Rejected), (4, Record), (5, Rejected)]
    assert isinstance(rows[1], Rejected)
    assert len(rows[1].raw) < 100_000


def refused(path: Path) -> str:
    with pytest.raises(FileRefusedError) as caught:
        OrderFile(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_no_file_a_folder_a_pipe_and_a_name_that_cannot_be(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nothing.csv")
    assert "is a folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe")
    assert "cannot be read" in refused(tmp_path / ("x" * 300))
    with pytest.raises(FileRefusedError):
        OrderFile(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, FIRST)
    path.chmod(0)
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_empty_file(tmp_path: Path, content: bytes, pack: Any) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(pack(content))
    assert "is empty: line 1" in refused(path)


def zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("orders.csv", HEADER)
    return body.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped(), "zip archive"),
        (gzip.compress(zipped()), "zip archive"),
        (gzip.compress(gzip.compress(HEADER.encode())), "gzip within gzip"),
        (f"{HEADER}\n{FIRST}\n".encode("utf-16"), "UTF-16"),
        (f"{HEADER}\n{FIRST}\n".encode("utf-16-le"), "line 1, column 2 holds a zero byte"),
        (b"\xff\xd8\xff\xe0\x10JFIF\n\0", "column InvoiceNo is missing. Found: ÿØÿà?JFIF"),
        (b"PAR1....", "Parquet"),
        (bytes(range(256)) * 50, "line 1, column 1 holds a zero byte"),
    ],
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    assert why in refused(path)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (HEADER.replace("Quantity,", ""), "line 1: column Quantity is missing. Found: InvoiceNo, StockCode"),
        (HEADER.lower(), "line 1: column InvoiceNo is missing. Found: column 1 is 'invoiceno'"),
        (HEADER.replace(",", ";"), "separated by semicolons"),
        (FIRST, "line 1: column InvoiceNo is missing. Found: 536365"),
        (HEADER + ",Quantity", "line 1, column 9: Quantity is already the name of column 4"),
        ('"InvoiceNo', "line 1: the names of the columns cannot be read"),
        ("", "line 1: column InvoiceNo is missing. Found: an empty line"),
    ],
)
def test_a_header_that_does_not_fit(tmp_path: Path, header: str, why: str) -> None:
    assert why in refused(written(tmp_path, header, FIRST))


def test_a_header_alone(tmp_path: Path) -> None:
    assert "has no rows: line 2, column 1" in refused(written(tmp_path, HEADER, "", " "))


@pytest.mark.parametrize("kept", [3, 10, 100, -9, -1])
def test_a_truncated_gzip_is_refused_before_any_row(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{FIRST}\n".encode() * 20, mtime=0)[:kept])
    assert "is cut off" in refused(path)


def test_a_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    whole = bytearray(gzip.compress(f"{HEADER}\n{FIRST}\n".encode(), mtime=0))
    whole[-6] ^= 255
    path.write_bytes(whole)
    assert "is damaged" in refused(path)


def test_a_gzip_of_several_members(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n".encode()) + gzip.compress(f"{FIRST}\n".encode()))
    assert len(events(path)) == 1


def test_a_gzip_that_breaks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_BLOCK", 1000)
    path = tmp_path / "orders.csv.gz"
    body = f"{HEADER}\n" + "".join(FIRST.replace("85123A", str(n * 7919)) + "\n" for n in range(20_000))
    whole = gzip.compress(body.encode(), mtime=0)
    path.write_bytes(whole)
    with OrderFile(path) as orders:
        path.write_bytes(whole[:-20])
        with pytest.raises(FileRefusedError, match="is cut off"):
            list(orders.rows())


def test_the_hash_is_the_whole_files_however_far_it_was_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *[FIRST] * 40_000)
    with OrderFile(path) as orders:
        rows = orders.rows()
        next(rows)
        assert orders.source.bytes_read < path.stat().st_size
        first = orders.source.sha256()
    with OrderFile(path) as orders:
        list(orders.rows())
        assert orders.source.sha256() == first


def test_counters_on_disk_count_as_those_in_memory(tmp_path: Path) -> None:
    lines = [FIRST.replace("536365", str(n % 37)) for n in range(500)] + [
        FIRST.replace("536365", str(n)) for n in range(90)
    ]
    path = written(tmp_path, HEADER, *lines)
    in_memory = [row.event_id for row in read(path)]
    assert [row.event_id for row in read(path, counters=LineCounters(in_memory=8))] == in_memory
    assert [row.event_id for row in read(path, counters=LineCounters(in_memory=1))] == in_memory


@given(st.lists(st.sampled_from("abcdefgh"), max_size=200), st.integers(1, 9))
def test_counters_of_any_size_agree(invoices: list[str], in_memory: int) -> None:
    with LineCounters(in_memory) as counters:
        assert [counters.next(invoice) for invoice in invoices] == [
            invoices[: at + 1].count(invoice) for at, invoice in enumerate(invoices)
        ]


_WILD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(['"', "\n", "£", ""])
# For each column what the contract takes, more often than not; and anything at all.
_ROW = st.tuples(
    *(
        st.sampled_from(good) | st.sampled_from(good) | st.sampled_from(good) | _WILD
        for good in (
            ["536365", " C536379", "A1"],
            ["85123A", "71053", "m"],
            ["", "A £ SIGN", 'AN "INCH"\r\nOR TWO', " x "],
            ["6", "-1", "6.0", " 12"],
            ["12/1/2010 8:26", "2010-12-01 08:26:00", "2010-12-01T08:26:00.5Z"],
            ["2.55", "0", "-11062.06", "2.10", "0.001", ".5"],
            ["", "17850", "17850.0"],
            ["EIRE", "United Kingdom"],
        )
    )
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(_ROW, min_size=1, max_size=8))
def test_whatever_csv_writes_is_read_as_the_contract_reads_it(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    path = tmp_path / "wild.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([CSV_FIELDS, *rows])
    given = read(path)
    assert len(given) == len(rows)
    for cells, row in zip(rows, given, strict=True):
        raw = dict(zip(CSV_FIELDS, cells, strict=True))
        if isinstance(row, Record):
            event = from_wire(row.data)
            line_no = event["LineNo"]
            assert (
                to_wire(stamp(normalise({**raw, "LineNo": line_no}), sent_at=str(event["SentAt"]), replay_id="r-1"))
                == row.data
            )
            assert row.event_id == event["EventID"]
        else:
            with pytest.raises(InvalidOrderLineError) as caught:
                normalise(raw)
            assert row.problems == tuple(caught.value.problems)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=40) | st.sampled_from([FIRST.encode(), b'"', b"\n", b"\r"]), max_size=12))
def test_any_bytes_after_the_header_are_rows_or_rejected_and_never_an_error(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "wild.csv"
    path.write_bytes(f"{HEADER}\n{FIRST}\n".encode() + b"\n".join(parts).replace(b"\0", b"x"))
    rows = read(path)
    assert rows[0].event_id == "536365-1"
    assert [row.line for row in rows] == sorted({row.line for row in rows})


def test_the_real_file_whole(real_file: Path) -> None:
    ids: set[str] = set()
    keys: set[str] = set()
    net = Decimal(0)
    anonymous = cancelled = 0
    last = ""
    with OrderFile(real_file) as orders:
        for row in orders.rows("r-1", clock=SentClock()):
            assert isinstance(row, Record), row
            ids.add(row.event_id)
            keys.add(row.key)
            event = json.loads(row.data, parse_float=Decimal, parse_int=Decimal)
            net += event["Quantity"] * event["UnitPrice"]
            anonymous += event["CustomerID"] is None
            cancelled += row.key.startswith("C")
            assert event["SentAt"] > last
            last = event["SentAt"]
        assert orders.source.encoding == "ISO-8859-1"
    assert len(ids) == 541_909
    assert len(keys) == 25_900
    assert net == Decimal("9747747.934")
    assert anonymous == 135_080
    assert cancelled == 9_288

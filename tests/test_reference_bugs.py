"""The bugs that lost most of the events of the projects before this one, put back one at a time: a test fails for each.

Each is put into a copy of the tree, where the one test that is named for it runs by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_COPIED = ("pipeline", "queries", "tests")
_TESTS = "tests/pipeline"
_AT_ONCE = 3


class Bug(NamedTuple):
    """`old` becomes `new` in the file at `path`, `more` follows at its end; then `test` must fail."""

    path: str
    old: str
    new: str
    test: str
    more: str = ""


_KEY = 'return str(event["InvoiceNo"])[:MAX_PARTITION_KEY]'
_TEXT = '"InvoiceNo": values.key_text,'
_OPTIONAL = 'OPTIONAL = frozenset({"Description", "CustomerID"})'
_ORDERS = "pipeline/contracts/order_line.py"
_ITEMS = "pipeline/functions/invoice_writer/items.py"
_ORDER_TESTS = f"{_TESTS}/contracts/test_order_line.py"
_READER_TESTS = f"{_TESTS}/replay/test_reader.py"
_WRITER_TESTS = f"{_TESTS}/functions/invoice_writer/test_handler.py"
_PER_RECORD = """        Refused(result["ErrorCode"], result.get("ErrorMessage") or "")
        if result.get("ErrorCode")
        else accepted(taken(result))
"""

BUGS = {
    "constant partition key": Bug(
        _ORDERS, _KEY, 'return "orders"',
        f"{_ORDER_TESTS}::test_partition_keys_spread_by_invoice_and_fit_kinesis",
    ),
    "global list in a handler": Bug(
        _ITEMS, "    batch = Batch()\n", "    batch = _BATCH\n",
        f"{_WRITER_TESTS}::test_two_batches_share_nothing", "\n\n_BATCH = Batch()\n",
    ),
    "InvoiceNo as a number": Bug(
        _ORDERS, _TEXT, '"InvoiceNo": lambda raw: values.whole_number(raw, 1, values.INT32_MAX),',
        f"{_ORDER_TESTS}::test_an_invoice_number_is_never_a_number",
    ),
    "id from content": Bug(
        "pipeline/replay/rows.py", "line_no = self._next_line_no(invoice_no)",
        'line_no = __import__("zlib").crc32(repr(members).encode())',
        f"{_READER_TESTS}::test_the_same_file_twice_is_the_same_events_and_equal_rows_are_different_ones",
    ),
    "ignored FailedRecordCount in the replayer": Bug(
        "pipeline/replay/senders.py", _PER_RECORD, "        Accepted()\n",
        f"{_TESTS}/replay/test_delivery.py::test_only_what_was_refused_goes_again_until_all_is_taken",
    ),
    "ignored FailedRecordCount in the API": Bug(
        "pipeline/contracts/stream.py", 'if outcome.get("ErrorCode")', "if False",
        f"{_TESTS}/functions/ingest/test_handler.py::test_only_refused_records_are_sent_again",
    ),
    "dropped null CustomerID": Bug(
        _ORDERS, _OPTIONAL, 'OPTIONAL = frozenset({"Description"})',
        f"{_ORDER_TESTS}::test_a_missing_customer_and_description_are_null_and_not_dropped",
    ),
    "dropped null CustomerID in the invoices": Bug(
        _ITEMS, '        key = str(event["InvoiceNo"])',
        '        if event["CustomerID"] is None:\n            continue\n        key = str(event["InvoiceNo"])',
        f"{_WRITER_TESTS}::test_what_is_null_is_left_out_and_the_row_is_written",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """For each bug the exit code of its test and what it said, all run side by side; `none` is all tests unspoilt."""
    folder = tmp_path_factory.mktemp("bugs")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = {name: pool.submit(_tried, folder / str(at), bug) for at, (name, bug) in enumerate(BUGS.items())} | {
            "none": pool.submit(_run, _copied(folder / "none"), [bug.test for bug in BUGS.values()])
        }
        return {name: future.result() for name, future in waiting.items()}


def _tried(folder: Path, bug: Bug) -> tuple[int, str]:
    path = _copied(folder) / bug.path
    text = path.read_text()
    if text.count(bug.old) != 1:
        return -1, f"{bug.old!r} is {text.count(bug.old)} times in {bug.path}: tell here where the bug would be now"
    path.write_text(text.replace(bug.old, bug.new) + bug.more)
    return _run(folder, [bug.test])


def _copied(folder: Path) -> Path:
    for name in _COPIED:
        shutil.copytree(REPOSITORY / name, folder / name)  # with what is compiled: it is valid for the copy too
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    return folder


def _run(folder: Path, tests: list[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    # Without pytest's plugins, which take as long to load as these tests to run.
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", BUGS)
def test_the_bug_is_found(outcomes: dict[str, tuple[int, str]], name: str) -> None:
    code, said = outcomes[name]
    # 1 is pytest's code for tests that ran and failed; a test that cannot be found or imported has another.
    assert code == 1, said
    assert "FAILED" in said
    # It is what the test wants that does not hold, and not the bug that does not run.
    assert not re.search(
        r"^E +(NameError|TypeError|KeyError|AttributeError|SyntaxError|ImportError)", said, re.MULTILINE
    ), said


def test_without_a_bug_these_tests_pass(outcomes: dict[str, tuple[int, str]]) -> None:
    code, said = outcomes["none"]
    assert code == 0, said

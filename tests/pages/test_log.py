"""What the log says of what fails: each fault once, in one line, and its trace only where it is a bug."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from streamlit.logger import get_logger
from streamlit.runtime import backend_operation_handler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.parts import faults
from pipeline.errors import BadInputError, CloudDownError, NotFoundError, QueryTimeoutError, WeirError
from tests.pages.test_pages import OF_WAREHOUSE, WHOLE, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages.conftest import World

_OF_FILES = backend_operation_handler.__name__
DOWN = "The warehouse cannot be reached (Connection refused). Is it running?"

OTHERWISE_DOWN = "The warehouse at 127.0.0.1:5439 cannot be reached (server socket closed). Locally, is it running?"


class Kept(logging.Handler):
    """Every record that comes to a logger, and to those above it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def lines(self) -> list[str]:
        return [record.getMessage() for record in self.records]


@pytest.fixture
def log() -> Iterator[Kept]:
    """What an operator reads: our lines, and those of Streamlit about errors that nobody named."""
    kept = Kept()
    # A record that a logger passed on to the root as well would be there twice.
    names = (faults.LOGGER, "streamlit.error_util", _OF_FILES)
    loggers = [*map(get_logger, names), logging.getLogger()]
    for logger in loggers:
        logger.addHandler(kept)
    yield kept
    for logger in loggers:
        logger.removeHandler(kept)


def test_an_engine_that_is_down_is_logged_once_however_many_figures_and_readers_meet_it(
    world: World, log: Kept
) -> None:
    world.warehouse.errors["*"] = CloudDownError(DOWN)
    shown = 0
    for page in OF_WAREHOUSE:
        app = world.open(page, **(WHOLE if page != "overview" else {}))
        app.run()
        app.button[-1].click().run()  # try again
        shown += len(app.error)
        # A connection that was open breaks otherwise than one that cannot be made.
        world.warehouse.errors["*"] = CloudDownError(OTHERWISE_DOWN)
    assert shown > len(OF_WAREHOUSE)
    assert len(log.lines) == 1
    assert f"CloudDownError: {DOWN}" in log.lines[0]


def test_causes_that_differ_are_logged_each(world: World, log: Kept) -> None:
    world.warehouse.errors["*"] = CloudDownError(DOWN)
    world.open("customers", **WHOLE)
    world.warehouse.errors["*"] = QueryTimeoutError("The warehouse broke the query off after 20 s (the limit is 20 s).")
    world.open("customers", **WHOLE)
    # How long it took tells no other fault.
    world.warehouse.errors["*"] = QueryTimeoutError("The warehouse broke the query off after 21 s (the limit is 20 s).")
    world.open("sales", **WHOLE)
    assert [line.split(": ")[1] for line in log.lines] == ["CloudDownError", "QueryTimeoutError"]


def test_a_line_holds_the_part_of_the_page_and_the_cause_and_no_trace(world: World, log: Kept) -> None:
    error = CloudDownError("It went\naway\x1b.")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    world.warehouse.errors["sales_by_country"] = error
    world.open("sales", **WHOLE)
    (record,) = log.records
    assert record.getMessage() == "By country: CloudDownError: It went away . Caused by ConnectionRefusedError."
    assert record.exc_info is None


@pytest.mark.parametrize("error", [BadInputError("no such thing"), NotFoundError("not there")])
def test_what_a_reader_asked_for_is_no_fault(world: World, log: Kept, error: WeirError) -> None:
    world.warehouse.errors["sales_by_period"] = error
    app = world.open("sales", **WHOLE)
    assert str(error) in text(app)
    assert log.lines == []


def test_a_bug_is_logged_once_with_its_trace_which_no_reader_sees(world: World, log: Kept) -> None:
    world.warehouse.errors["sales_totals"] = ZeroDivisionError("a bug of ours")
    app = world.open("sales", **WHOLE)
    (record,) = log.records
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
    assert len(app.exception) == 1
    shown = app.exception[0]
    assert not shown.stack_trace
    assert "a bug of ours" not in f"{shown.message}{text(app)}"


def test_a_local_cloud_that_is_not_running_is_logged_once(world: World, local_cloud: Path, log: Kept) -> None:
    (local_cloud / "cloud.json").unlink()
    for page in ("sales", "streams"):
        world.open(page)
    assert len(log.lines) == 1
    assert "The local cloud is not running" in log.lines[0]


def test_a_fault_that_was_gone_is_logged_when_it_comes_back() -> None:
    now = 0.0
    known = faults.Faults(clock=lambda: now)
    assert known.is_new(CloudDownError(DOWN))
    # Somebody meets it all the time: it is still the same.
    for now in range(60, 3600, 60):  # noqa: B007 - the clock reads it
        assert not known.is_new(CloudDownError(DOWN))
    now += faults.GONE_AFTER_S + 1
    assert known.is_new(CloudDownError(DOWN))


@pytest.mark.parametrize("error", [CloudDownError(DOWN), ValueError("a bug")])
def test_a_file_that_cannot_be_made_is_logged_in_one_line_unless_it_is_a_bug(
    world: World, log: Kept, error: Exception
) -> None:
    assert world

    def made() -> bytes:
        raise error

    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    handler = backend_operation_handler.DeferredFileHandler(lambda: files)
    for _ in range(2):
        file_id = files.add_deferred(made, "text/csv", "of the page", "rows.csv")
        request = SimpleNamespace(request_id="1", deferred_file=SimpleNamespace(file_id=file_id))
        answer = asyncio.run(handler.handle(request, "a session"))  # type: ignore[arg-type]  # as much as it reads
        assert answer.error_msg == "Failed to generate file for download"
    traces = [record for record in log.records if record.exc_info]
    if isinstance(error, WeirError):
        assert [line for line in log.lines if "A file: CloudDownError" in line] == log.lines
        assert len(log.lines) == 1
    else:
        assert len(traces) == 2

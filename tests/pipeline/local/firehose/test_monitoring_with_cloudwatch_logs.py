"""Developer guide: "Monitor Amazon Data Firehose with CloudWatch Logs": the Redshift error codes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import errors

from pipeline.errors import CloudDownError, NotFoundError
from pipeline.local.copy import CopyFailedError, CopyResult
from pipeline.local.firehose.copying import WarehouseCopy
from pipeline.local.firehose.destination import read
from pipeline.local.firehose.redshift import CopyError

OBJECTS = [("lake", "raw/1.gz")]
WAREHOUSE: Any = SimpleNamespace(username="weir", password="right", database="weir")


@pytest.fixture
def target(firehose: Any) -> Any:
    command = {"DataTableName": "orders_landing", "DataTableColumns": "event_id, quantity", "CopyOptions": "GZIP"}
    return read(firehose.stream(firehose.redshift(CopyCommand=command), "Redshift")).redshift


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def copy(*arguments: object) -> CopyResult:
        raise error

    monkeypatch.setattr("pipeline.local.firehose.copying.copy", copy)


def caused_by(cause: Exception) -> CopyFailedError:
    error = CopyFailedError("COPY orders_landing failed")
    error.__cause__ = cause
    return error


def test_the_command(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def copy(*arguments: object) -> CopyResult:
        calls.append(arguments)
        return CopyResult(7, 1)

    monkeypatch.setattr("pipeline.local.firehose.copying.copy", copy)
    assert WarehouseCopy(WAREHOUSE)(target, "weir", "right", OBJECTS) == 7
    ((warehouse, command, objects),) = calls
    assert (warehouse, objects) == (WAREHOUSE, OBJECTS)
    assert (command.table, command.columns, command.options) == ("orders_landing", ("event_id", "quantity"), "GZIP")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (caused_by(errors.UndefinedTable("no")), "Redshift.TableNotFound"),
        (caused_by(errors.InsufficientPrivilege("no")), "Redshift.InsufficientPrivilege"),
        (caused_by(errors.DiskFull("no")), "Redshift.DiskFull"),
        (caused_by(errors.AdminShutdown("no")), "Redshift.ConnectionFailed"),
        (caused_by(NotFoundError("no")), "Redshift.MissingS3File"),
        (CopyFailedError("Load into table 'orders_landing' failed."), "Redshift.DataLoadFailed"),
        (CloudDownError("The warehouse does not answer"), "Redshift.ConnectionFailed"),
    ],
)
def test_codes(target: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str) -> None:
    failing(monkeypatch, error)
    with pytest.raises(CopyError) as raised:
        WarehouseCopy(WAREHOUSE)(target, "weir", "right", OBJECTS)
    assert raised.value.code == code
    assert str(error) in str(raised.value)


@pytest.mark.parametrize(("user", "password"), [("weir", "wrong"), ("other", "right"), ("", "")])
def test_wrong_credentials(target: Any, user: str, password: str) -> None:
    with pytest.raises(CopyError) as raised:
        WarehouseCopy(WAREHOUSE)(target, user, password, OBJECTS)
    assert raised.value.code == "Redshift.AuthenticationFailed"
    assert "wrong" not in str(raised.value)


def test_another_database(target: Any) -> None:
    other: Any = SimpleNamespace(username="weir", password="right", database="shop")
    with pytest.raises(CopyError) as raised:
        WarehouseCopy(other)(target, "weir", "right", OBJECTS)
    assert raised.value.code == "Redshift.DatabaseNotFound"

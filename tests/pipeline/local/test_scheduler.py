from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.local import scheduler as ours
from pipeline.local.host import Host

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.local.warehouse import Warehouse

ARN = "arn:aws:scheduler:::aws-sdk:redshiftdata:executeStatement"


def target(sql: str = "insert into ticks values (1)", database: str = "weir") -> dict[str, Any]:
    """As the EventBridge Scheduler user guide, "Using universal targets", and the Data API's ExecuteStatement."""
    request = {"WorkgroupName": "weir", "Database": database, "SecretArn": "arn:...", "Sql": sql}
    return {"Arn": ARN, "RoleArn": "arn:aws:iam::000000000000:role/r", "Input": json.dumps(request)}


@pytest.fixture
def ticks(warehouse: Warehouse) -> Warehouse:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("drop table if exists ticks; create table ticks (n int)")
    return warehouse


def count(warehouse: Warehouse) -> int:
    with warehouse.connect() as connection:
        row = connection.execute("select count(*) from ticks").fetchone()
    assert row is not None
    return int(row[0])


def test_a_due_statement_runs(ticks: Warehouse) -> None:
    ours.Statements(ticks, lambda: [target()]).run_due()
    assert count(ticks) == 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (target("call no_such_procedure()"), "no_such_procedure"),
        (target(database="other"), 'database "other" does not exist'),
        ({"Arn": ARN, "Input": '{"Database": "weir"}'}, "lacks Sql"),
        ({"Arn": ARN, "Input": "not json"}, "Expecting value"),
        ({"Arn": ARN}, "Expecting value"),
    ],
    ids=["sql", "database", "sql missing", "json", "input missing"],
)
def test_a_failure_is_logged_once_and_stops_no_other(
    ticks: Warehouse, caplog: pytest.LogCaptureFixture, broken: dict[str, Any], words: str
) -> None:
    statements = ours.Statements(ticks, lambda: [broken, target()])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            statements.run_due()
    assert count(ticks) == 3
    (record,) = caplog.records
    assert words in record.getMessage()


def test_a_statement_that_failed_is_tried_again(ticks: Warehouse) -> None:
    statements = ours.Statements(ticks, lambda: [target("insert into later values (1)")])
    statements.run_due()
    with ticks.connect(autocommit=True) as connection:
        connection.execute("create table later (n int)")
        statements.run_due()
        assert connection.execute("select count(*) from later").fetchone() == (1,)
        connection.execute("drop table later")


def test_it_runs_every_few_seconds_and_once_more_at_the_stop(ticks: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_EVERY_S", 0.05)
    statements = ours.Statements(ticks, lambda: [target()])
    statements.start()
    deadline = time.monotonic() + 10
    while count(ticks) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    statements.stop()
    after = count(ticks)
    assert after >= 3
    time.sleep(0.2)
    assert count(ticks) == after


def test_what_never_started_can_be_stopped(ticks: Warehouse) -> None:
    ours.Statements(ticks, lambda: [target()]).stop()
    assert count(ticks) == 0


def test_schedules_of_ministack_are_found_and_other_targets_stay_its_own(
    ticks: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ministack.services import eventbridge, scheduler

    invoked: list[Any] = []
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda *arguments: invoked.append(arguments))
    host = Host(tmp_path, "http://127.0.0.1:1", ticks)
    ours.install(host)

    other = {"Arn": "arn:aws:sqs:us-east-1:000000000000:queue", "RoleArn": "arn:aws:iam::000000000000:role/r"}
    eventbridge._invoke_target(other, {}, {})
    eventbridge._invoke_target(target(), {}, {})
    assert [arguments[0] for arguments in invoked] == [other]

    schedule = {"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    with host.scope():
        scheduler._create_schedule("ours", {**schedule, "Target": target()})
        scheduler._create_schedule("off", {**schedule, "Target": target(), "State": "DISABLED"})
        scheduler._create_schedule("other", {**schedule, "Target": other})
    try:
        host.start()
        host.stop()
    finally:
        with host.scope():
            for name in ("ours", "off", "other"):
                scheduler._delete_schedule(name, {})
    assert count(ticks) == 1

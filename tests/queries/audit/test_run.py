"""Whole audits of sinks in memory: what is present, late, missing and why, sink by sink."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import NotFoundError
from pipeline.replay.ledger import prefix
from pipeline.replay.progress import DONE, Progress
from pipeline.replay.store import Store
from pipeline.stack import Outputs
from queries.audit.merges import Merges
from queries.audit.run import Sinks, audit
from tests.pages.fakes import FakeEngine, FakeService
from tests.pipeline.replay.fakes import FakeDynamoDB
from tests.queries.audit.test_causes import FakeS3
from tests.queries.audit.test_keys import FakeTable
from tests.queries.audit.test_ranges import FakeConnection, FakeCursor

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUTS = Outputs(**{one.name: one.name for one in fields(Outputs)} | {"lake_from": "2020/01/01/00"})
LONG_AGO = timedelta(minutes=10)
JUST_NOW = timedelta(seconds=2)
EVENTS = [f"A-{number}" for number in range(1, 7)]


class Tables(FakeDynamoDB):
    """The replays, and the invoices asked by their keys."""

    def __init__(self, invoices: set[str]) -> None:
        super().__init__()
        self._invoices = FakeTable(*invoices)

    def describe_table(self, **given: Any) -> dict[str, Any]:
        return self._invoices.describe_table(**given)

    def batch_get_item(self, **given: Any) -> dict[str, Any]:
        return self._invoices.batch_get_item(**given)


class Warehouse(FakeConnection):
    """Answers from the events that it holds and those that have landed, about the runs that it is told."""

    def __init__(self, held: set[str], landed: set[str], merging: Merges) -> None:
        super().__init__(merging=merging.running)
        self.held, self.landed, self.merged_at = held, landed, merging.ended_at

    def cursor(self) -> FakeCursor:
        told: list[set[str]] = []
        for name, values in self.asked:
            if name == "audit_ranges_table":
                told = []
            for at in range(0, len(values), 4):
                _, invoice, first, last = values[at : at + 4]
                told.append({f"{invoice}-{number}" for number in range(first, last + 1)})
        named = set().union(*told)
        self.answers = {
            "audit_incomplete": [(at, len(run & self.held)) for at, run in enumerate(told) if not run <= self.held],
            "audit_present": [(name,) for name in named & self.held],
            "audit_landed": [(name,) for name in named & self.landed],
            "audit_last_merge": [(self.merged_at.replace(tzinfo=None),)] if self.merged_at else [],
        }
        return FakeCursor(self)


@dataclass
class World:
    """A stack whose sinks hold what is said, and a replay that sent EVENTS, the fourth of them rejected."""

    lake: set[str] = field(default_factory=lambda: set(EVENTS) - {"A-4"})
    invoices: set[str] = field(default_factory=lambda: set(EVENTS) - {"A-4"})
    warehouse: set[str] = field(default_factory=lambda: set(EVENTS) - {"A-4"})
    landed: set[str] = field(default_factory=set)
    merging: Merges = field(default_factory=Merges)
    copies: int = 1
    acknowledged: timedelta = LONG_AGO
    outcomes: dict[str, str] = field(default_factory=lambda: {"A-4": "rejected"})
    metrics: dict[str, float] = field(default_factory=dict)  # by name, of the last minute
    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    reached: int = len(EVENTS)

    def audit(self, replay_id: str | None = "r-1") -> Any:
        started = datetime.now(UTC) - LONG_AGO - timedelta(minutes=1)
        stamp = started.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        tables = Tables(self.invoices)
        Store(tables, "replays").save(
            Progress("r-1", "f.csv", "kinesis", stamp, status=DONE, updated_at=stamp, rows_read=self.reached)
        )
        objects = {("lake_bucket", f"{prefix('r-1')}1.parquet"): self._ledger(), **self.kept}
        services: dict[str, Any] = {
            "dynamodb": tables,
            "s3": FakeS3({place: (datetime.now(UTC), body) for place, body in objects.items()}),
            "firehose": FakeService({"describe_delivery_stream": _described}),
            "scheduler": FakeService({"get_schedule": {"ScheduleExpression": "rate(1 minute)"}}),
            "cloudwatch": FakeService({"get_metric_data": self._metrics}),
        }
        lake = FakeEngine({"audit_counts": self._counts, "audit_absent": self._absent})
        errors = FakeEngine({"load_errors": lambda _: pd.DataFrame({"file_name": []})})
        warehouse = Warehouse(self.warehouse, self.landed, self.merging)
        sinks = Sinks(lake, errors, services.__getitem__, OUTPUTS, lambda _outputs: warehouse)
        return audit(sinks, replay_id)

    def _rows(self) -> list[tuple[int, str, str]]:
        return [(line, name, self.outcomes.get(name, "accepted")) for line, name in enumerate(EVENTS, 2)]

    def _ledger(self) -> bytes:
        rows = self._rows()
        at = datetime.now(UTC).replace(tzinfo=None) - self.acknowledged
        table = pa.table(
            {
                "event_id": [name for _, name, _ in rows],
                "line": [line for line, _, _ in rows],
                "line_no": pa.array([int(name.partition("-")[2]) for _, name, _ in rows], pa.int32()),
                "outcome": [outcome for _, _, outcome in rows],
                "reason": [None if outcome == "accepted" else "why" for _, _, outcome in rows],
                "shard_id": pa.array([None] * len(rows), pa.string()),
                "sequence_number": pa.array([None] * len(rows), pa.string()),
                "sent_at": pa.array([at] * len(rows), pa.timestamp("us")),
                "acknowledged_at": pa.array([at] * len(rows), pa.timestamp("us")),
            }
        )
        file = io.BytesIO()
        pq.write_table(table, file)
        return file.getvalue()

    def _due(self, given: Mapping[str, object]) -> bool:
        due = datetime.strptime(str(given["due"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return datetime.now(UTC) - self.acknowledged >= due

    def _missed(self) -> list[tuple[int, str, str]]:
        return [row for row in self._rows() if row[2] != "rejected" and row[1] not in self.lake]

    def _counts(self, given: Mapping[str, object]) -> pd.DataFrame:
        expected = sum(outcome != "rejected" for _, _, outcome in self._rows())
        missed = len(self._missed())
        present = expected - missed
        row = {"expected": expected, "present": present, "repeats": present * (self.copies - 1),
               "late": missed * self._due(given)}  # fmt: skip
        return pd.DataFrame([row])

    def _absent(self, given: Mapping[str, object]) -> pd.DataFrame:
        rows = [{"event_id": name, "line": line, "late": self._due(given)} for line, name, _ in self._missed()]
        return pd.DataFrame(rows)

    def _metrics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        at = datetime.now(UTC) - timedelta(minutes=1)
        told = [(asked["Id"], self.metrics.get(asked["Label"])) for asked in request["MetricDataQueries"]]
        return {
            "MetricDataResults": [
                {"Id": one, "Timestamps": [] if value is None else [at], "Values": [] if value is None else [value]}
                for one, value in told
            ]
        }


def _described(request: Mapping[str, Any]) -> dict[str, Any]:
    s3 = {"BufferingHints": {"IntervalInSeconds": 5}}
    redshift = {"S3DestinationDescription": s3, "RetryOptions": {"DurationInSeconds": 3600}}
    target = (
        {"RedshiftDestinationDescription": redshift}
        if request["DeliveryStreamName"] == "warehouse_delivery"
        else {"ExtendedS3DestinationDescription": s3}
    )
    return {"DeliveryStreamDescription": {"Destinations": [target]}}


def test_a_replay_that_is_everywhere_is_complete_and_copies_in_the_lake_are_no_fault() -> None:
    found = World(copies=3).audit()
    assert found.verdict == "complete"
    assert (found.rows, found.accepted, found.rejected, found.failed, found.unknown) == (6, 5, 1, 0, 0)
    for name, sink in found.sinks.items():
        assert (sink.expected, sink.present, sink.missing, sink.late, sink.absent) == (5, 5, 0, 0, ())
        assert sink.repeats == (10 if name == "lake" else 0)


def test_the_latest_replay_is_meant_without_an_id_and_an_unknown_one_is_told() -> None:
    assert World().audit(None).replay_id == "r-1"
    with pytest.raises(NotFoundError, match="r-9"):
        World().audit("r-9")


def test_each_sink_is_told_apart_with_line_and_cause() -> None:
    letter = b'{"event_id": "A-2"}'
    found = World(
        lake={"A-1", "A-3", "A-5", "A-6"},
        invoices={"A-1", "A-2", "A-5", "A-6"},
        warehouse={"A-1", "A-2", "A-3", "A-6"},
        kept={("lake_bucket", "errors/orders/format-conversion-failed/x"): letter},
    ).audit()
    assert found.verdict == "missing"
    told = {name: [(one.event_id, one.line, one.late) for one in sink.absent] for name, sink in found.sinks.items()}
    assert told == {
        "lake": [("A-2", 3, False)],
        "invoices": [("A-3", 4, False)],
        "warehouse": [("A-5", 6, False)],
    }
    assert found.sinks["lake"].absent[0].cause.startswith("Firehose could not convert it: s3://lake_bucket/errors/")
    assert found.sinks["invoices"].absent[0].cause == "unknown"


def test_what_was_acknowledged_a_moment_ago_is_late() -> None:
    found = World(set(), set(), set(), acknowledged=JUST_NOW).audit()
    assert found.verdict == "late"
    for sink in found.sinks.values():
        assert (sink.missing, sink.late) == (0, 5)
        assert all(one.late and "still on its way" in one.cause for one in sink.absent)


def test_what_was_given_up_is_missing_at_once_and_the_ledger_tells_why() -> None:
    outcomes = {"A-1": "failed", "A-2": "unknown", "A-4": "rejected"}
    found = World(set(), set(), set(), acknowledged=JUST_NOW, outcomes=outcomes).audit()
    invoices = found.sinks["invoices"]
    assert (invoices.missing, invoices.late) == (1, 4)
    assert [(one.event_id, one.cause) for one in invoices.absent if not one.late] == [
        ("A-1", "the replay gave it up: why")
    ]
    long_ago = World(set(), set(), set(), outcomes=outcomes).audit().sinks["warehouse"]
    assert long_ago.absent[1].cause == "unknown: sent, and the answer got lost (why)"


def test_what_has_landed_waits_for_the_merge_one_period_longer() -> None:
    found = World(warehouse={"A-1"}, landed={"A-2", "A-3"}, acknowledged=timedelta(seconds=60)).audit()
    sink = found.sinks["warehouse"]
    assert (sink.late, sink.missing) == (2, 2)
    assert {one.event_id: one.cause for one in sink.absent if one.late} == {
        "A-2": "landed, and not merged yet", "A-3": "landed, and not merged yet"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("running", "ended", "late"),
    [
        (False, None, 0),
        (True, None, 2),  # longer than its schedule's period, and these rows came too late for it
        (False, timedelta(seconds=20), 2),
        (False, timedelta(minutes=9), 0),
    ],
)
def test_however_long_merges_take_what_has_landed_is_late_while_they_go_on(
    ended: timedelta | None, late: int, *, running: bool
) -> None:
    merging = Merges(running, datetime.now(UTC) - ended if ended else None)
    sink = World(warehouse={"A-1", "A-5"}, landed={"A-2", "A-3"}, merging=merging).audit().sinks["warehouse"]
    assert (sink.late, sink.missing) == (late, 3 - late)
    assert {one.event_id for one in sink.absent if one.late} == ({"A-2", "A-3"} if late else set())


@pytest.mark.parametrize(
    ("metric", "value", "sink"),
    [
        ("IteratorAge", 120_000.0, "invoices"),
        ("KinesisMillisBehindLatest", 120_000.0, "lake"),
        ("DeliveryToS3.DataFreshness", 120.0, "lake"),
        ("DeliveryToRedshift.Success", 0.0, "warehouse"),
    ],
)
def test_within_its_consumers_lag_a_row_is_late_and_not_missing(metric: str, value: float, sink: str) -> None:
    nothing: dict[str, Any] = {"lake": set(), "invoices": set(), "warehouse": set()}
    without = World(**nothing, acknowledged=timedelta(seconds=100)).audit()
    assert {found.missing for found in without.sinks.values()} == {5}
    behind = World(**nothing, acknowledged=timedelta(seconds=100), metrics={metric: value}).audit()
    assert (behind.sinks[sink].late, behind.sinks[sink].missing) == (5, 0)
    # It told that a minute ago, and has fallen behind further since.
    if metric != "DeliveryToRedshift.Success":
        further = World(**nothing, acknowledged=timedelta(seconds=170), metrics={metric: value}).audit()
        assert (further.sinks[sink].late, further.sinks[sink].missing) == (5, 0)
    # A lag of two minutes excuses nothing that is older.
    if metric != "DeliveryToRedshift.Success":
        assert World(**nothing, metrics={metric: value}).audit().sinks[sink].missing == 5


def test_copies_that_work_again_excuse_nothing() -> None:
    found = World(warehouse=set(), metrics={"DeliveryToRedshift.Success": 1.0}).audit()
    assert found.sinks["warehouse"].missing == 5


def test_a_ledger_that_is_not_whole_is_not_complete() -> None:
    assert World(reached=9).audit().verdict == "late"

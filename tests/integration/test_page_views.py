"""Page views by every way in, found by Athena: both ways of the API, and direct puts."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError
from pyathena import connect

from pipeline.clients import client
from pipeline.replay import sample_clicks, sample_wikipedia
from pipeline.settings import REPOSITORY
from queries import sources
from queries.audit.run import Sinks, audit
from tests.conftest import eventually, run_cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from queries.audit.result import Audit, Sink
    from tests.conftest import Cloud

Rows = list[tuple[Any, ...]]
# Whatever a sender may write; in no field does it do anything.
NASTY = [
    "🍕 café",
    "قائمة الطعام",
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "'; drop table page_views; --",
    'say "hi" \\ {} $input.body #set($x = 1)',
    "=1+1",
]
WAYS = ("clicks", "page-views", "put", "lines")
# By what is wrong with a view: what it says instead, and the reason that it is refused for.
NO_VIEWS: dict[str, tuple[dict[str, object], str]] = {
    "no page": ({"element_clicked": None}, "is missing"),
    "negative": ({"time_spent": -1}, "is negative"),
    "1890": ({"created_at": "1890-09-11 23:00:00"}, "is not in the years"),
    "2090": ({"created_at": "2090-09-11 23:00:00"}, "lies in the future"),
    "300 KB": ({"element_clicked": "x" * 300_000}, "is longer than 1000 bytes"),
}


def source_of_its_own() -> str:
    return f"menu-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def source() -> str:
    """A source of this test's own, by which its views are found."""
    return source_of_its_own()


@pytest.fixture
def views(cloud: Cloud) -> Callable[[str, int], Rows]:
    """The views of a source, once there are as many as expected: page, time, spent, kind, count, id."""

    def found(where: str, count: int) -> Rows:
        sql = (
            'select page, occurred_at, time_spent, kind, "count", event_id, session_id from page_views_once '
            "where source = ? and datehour >= ? order by page, time_spent"
        )
        since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y/%m/%d/%H")
        rows: Rows = []

        def arrived() -> bool:
            with connect(
                work_group=cloud.outputs.athena_workgroup,
                schema_name=cloud.outputs.lake_database,
                region_name=cloud.settings.region,
                poll_interval=0.02,
            ) as connection:
                cursor = connection.cursor().execute(sql, [f"'{where}'", f"'{since}'"], paramstyle="qmark")
                rows[:] = cursor.fetchall()
            return len(rows) >= count

        eventually(arrived, f"{count} views from {where} in the lake", 40)
        return rows

    return found


def post(cloud: Cloud, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    answer = requests.post(f"{cloud.outputs.api_url}/{path}", data=data, headers=headers, timeout=30)
    return answer.status_code, answer.json()


def kept(cloud: Cloud, text: str) -> list[dict[str, Any]]:
    """What quarantine holds of this text."""
    bucket = cloud.outputs.lake_bucket
    listed = client("s3").list_objects_v2(Bucket=bucket, Prefix="quarantine/page_views/").get("Contents", [])
    bodies = [client("s3").get_object(Bucket=bucket, Key=found["Key"])["Body"].read() for found in listed]
    return [note for note in map(json.loads, bodies) if text in note["body"]]


def menu(source: str) -> list[dict[str, object]]:
    """The five clicks of the menu: dates with en dashes, one sender with a name of its own for them."""
    at = "2022\u201309\u201311 23:00:00"
    clicks: list[dict[str, object]] = [
        {"element_clicked": "entree_1", "time_spent": 67, "created_at": at},
        {"element_clicked": "entree_1", "time_spent": 12, "created_at": at},
        {"element_clicked": "entree_4", "time_spent": 32, "createdAt": at},
        {"element_clicked": "drink_1", "time_spent": 15, "created_at": at},
        {"element_clicked": "drink_3", "time_spent": 14, "created_at": at},
    ]
    return [{**click, "source_menu": source} for click in clicks]


@pytest.fixture(scope="module")
def menus(cloud: Cloud) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """The five clicks sent by each way in, all for the same delivery: their source, and what the API answered."""
    sent: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for way in WAYS:
        source = source_of_its_own()
        clicks = menu(source)
        answers = []
        if way == "page-views":
            answers = [post(cloud, way, clicks)]
        elif way == "clicks":
            answers = [post(cloud, way, click) for click in clicks]
        else:
            lines = [json.dumps(click).encode() + b"\n" for click in clicks]
            for data in lines if way == "put" else [b"".join(lines)]:
                client("firehose").put_record(DeliveryStreamName=cloud.outputs.clicks_delivery, Record={"Data": data})
        assert {status for status, _ in answers} <= {200}
        sent[way] = source, [answer for _, answer in answers]
    return sent


@pytest.mark.parametrize("way", WAYS)
def test_the_five_clicks_of_the_menu_are_five_rows(
    menus: dict[str, tuple[str, list[dict[str, Any]]]], views: Callable[[str, int], Rows], way: str
) -> None:
    source, answers = menus[way]
    rows = views(source, 5)
    assert [(page, spent) for page, _, spent, *_ in rows] == [
        ("drink_1", 15),
        ("drink_3", 14),
        ("entree_1", 12),
        ("entree_1", 67),
        ("entree_4", 32),
    ]
    assert {(at, kind, count) for _, at, _, kind, count, *_ in rows} == {(datetime(2022, 9, 11, 23), "menu", 1)}  # noqa: DTZ001
    assert len({event_id for *_, event_id, _ in rows}) == 5
    if way == "clicks":
        assert {event_id for *_, event_id, _ in rows} == {answer["request_id"] for answer in answers}


def test_texts_stay_texts(cloud: Cloud, source: str, views: Callable[[str, int], Rows]) -> None:
    clicks = [{**menu(source)[0], "element_clicked": text, "SessionID": text} for text in NASTY]
    for click in clicks:
        # As editors write it, over several lines.
        pretty = json.dumps(click, ensure_ascii=False, indent=2).encode()
        assert post(cloud, "clicks", pretty, **{"Content-Type": "application/json"})[0] == 200
    assert post(cloud, "page-views", clicks)[0] == 200
    rows = views(source, 2 * len(NASTY))
    assert sorted(row[0] for row in rows) == sorted(NASTY * 2)
    assert sorted(row[6] for row in rows) == sorted(NASTY * 2)


def test_wikipedias_lines_keep_the_good_and_report_the_bad(
    cloud: Cloud, source: str, views: Callable[[str, int], Rows]
) -> None:
    good = [f"{source}\tAda_Lovelace\tlink\t4711", f"{source}\tÀ_la_carte\texternal\t12"]
    bad = f"{source}\tno_number\tlink\tmany"
    data = "\n".join([good[0], bad, good[1]]) + "\n"
    delivery = cloud.outputs.wikipedia_delivery
    client("firehose").put_record_batch(
        DeliveryStreamName=delivery, Records=[{"Data": data.encode()}, {"Data": f"{source}\tC\tother\t3\n".encode()}]
    )
    rows = views(source, 3)
    assert [(page, kind, count) for page, _, _, kind, count, *_ in rows] == [
        ("Ada_Lovelace", "link", 4711),
        ("C", "other", 3),
        ("À_la_carte", "external", 12),
    ]
    (note,) = kept(cloud, bad)
    assert [row["reason"] for row in note["rows"]] == ["'many' is not a whole number"]
    assert good[0] not in note["body"]


@dataclass(frozen=True)
class Refusal:
    """What the API answered to a view that is none, of which source, and what was kept then."""

    source: str
    status: int
    reason: str
    kept: int


@pytest.fixture(scope="module")
def refusals(cloud: Cloud) -> dict[str, Refusal]:
    """Each of the views that are none, refused by the API and then sent past it, all for the same batch."""
    found: dict[str, Refusal] = {}
    for name, (change, _) in NO_VIEWS.items():
        source = source_of_its_own()
        click = {**menu(source)[0], **change}
        status, answer = post(cloud, "page-views", [click, menu(source)[1]])
        found[name] = Refusal(source, status, answer["rows"][0]["reason"], len(kept(cloud, source)))
        assert post(cloud, "clicks", click)[0] == 200
    return found


@pytest.mark.parametrize("name", NO_VIEWS)
def test_what_is_no_view_is_refused_with_a_reason_and_kept(
    cloud: Cloud, refusals: dict[str, Refusal], name: str
) -> None:
    refusal, (_, why) = refusals[name], NO_VIEWS[name]
    assert (refusal.status, refusal.kept) == (400, 1)
    assert why in refusal.reason
    eventually(lambda: len(kept(cloud, refusal.source)) == 2, "the processor's note", 30)
    assert any(why in row["reason"] for note in kept(cloud, refusal.source) for row in note["rows"])


def test_what_is_not_json_is_kept_as_it_came(cloud: Cloud, source: str) -> None:
    assert post(cloud, "clicks", f"no json of {source}".encode())[0] == 200
    eventually(lambda: bool(kept(cloud, source)), "the processor's note", 30)
    assert f"no json of {source}" in kept(cloud, source)[0]["body"]


def test_a_stream_sourced_delivery_takes_no_direct_puts(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="KinesisStreamAsSource"):
        client("firehose").put_record(DeliveryStreamName=cloud.outputs.page_views_delivery, Record={"Data": b"{}"})


def audited(cloud: Cloud, replay: dict[str, Any], repeats: int) -> Sink:
    """The lake in the audit of a replay, once it holds so many events once more than needed."""
    sinks = Sinks.of(sources.of(cloud.settings))
    found: list[Audit] = []

    def settled() -> bool:
        found[:] = [audit(sinks, replay["replay_id"])]
        assert set(found[0].sinks) == {"lake"}
        return found[0].verdict != "late" and found[0].sinks["lake"].repeats == repeats

    eventually(settled, f"all of replay {replay['replay_id']} in the lake, {repeats} events again", 60)
    assert found[0].verdict == "complete"
    return found[0].sinks["lake"]


def test_replays_of_clicks_by_three_ways_are_the_same_views(
    cloud: Cloud, tmp_path: Path, views: Callable[[str, int], Rows]
) -> None:
    path = tmp_path / "clicks.jsonl"
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    seed = uuid.uuid4().int % 10**9
    sample_clicks.write(path, rows=600, seed=seed, start=now - timedelta(days=1), end=now)
    lines = path.read_bytes()
    # A source of this test's own, by which its views are found; one line breaks the contract.
    path.write_bytes(lines.replace(b'"Source":"google"', f'"Source":"google-{seed}"'.encode()) + b'{"TimeSpent":-1}\n')
    google = lines.count(b'"Source":"google"')
    for target in ("kinesis", "api", "firehose"):
        replay = run_cli("replay", str(path), "--target", target, "--max", "--wait", "--json")
        assert (replay["rows"], replay["accepted"], replay["rejected"], replay["failed"]) == (601, 600, 1, 0)
        assert replay["quarantine"][0].startswith("quarantine/page_views/")
    lake = audited(cloud, replay, 2 * 600)
    assert (lake.expected, lake.present, lake.missing) == (600, 600, 0)
    assert len(views(f"google-{seed}", google)) == google


def tailed(since: datetime, source: str, records: int) -> list[dict[str, Any]]:
    """What `tail clicks` shows of a source from `since` on, until it has shown so many records."""
    command = [sys.executable, "-m", "pipeline", "tail", "clicks", "--json", "--seconds", "60"]
    found: list[dict[str, Any]] = []
    with subprocess.Popen(
        [*command, "--from", since.isoformat()], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            found += [told] if told["record"].get("Source") == source else []
            if len(found) == records:
                process.terminate()
                break
    return found


@pytest.mark.usefixtures("cloud")
def test_tail_shows_what_was_put_and_what_was_replayed_as_of_now(source: str, tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    path = tmp_path / "clicks.jsonl"
    clicks = [
        {"Page": page, "OccurredAt": f"2022-09-11 23:00:0{page}", "SessionID": "replayed", "Source": source}
        for page in ("1", "7")
    ]
    path.write_text("".join(json.dumps(click) + "\n" for click in clicks))
    assert run_cli("replay", str(path), "--shift-to-now", "--wait", "--json")["accepted"] == 2
    after = datetime.now(UTC)
    lies = run_cli("put", "clicks", json.dumps({**clicks[0], "Page": "🍕 <b>", "SessionID": "put"}), "--json")
    found = tailed(before, source, 3)
    (one,) = [told for told in found if told["record"]["SessionID"] == "put"]
    assert (one["shard"], one["sequence_number"]) == (lies["shard"], lies["sequence_number"])
    assert one["record"]["EventID"] == lies["event_id"]
    assert (one["record"]["Page"], one["record"]["OccurredAt"]) == ("🍕 <b>", "2022-09-11 23:00:01")
    at = {
        told["record"]["Page"]: datetime.fromisoformat(told["record"]["OccurredAt"]).replace(tzinfo=UTC)
        for told in found
        if told["record"]["SessionID"] == "replayed"
    }
    assert before <= at["7"] <= after
    assert at["7"] - at["1"] == timedelta(seconds=6)


def test_a_replay_of_wikipedias_lines_is_audited_and_counts_once(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "clickstream.tsv.gz"
    sample_wikipedia.write(path, rows=400, seed=uuid.uuid4().int % 10**9)
    for _ in range(2):
        replay = run_cli("replay", str(path), "--wait", "--json")
        assert (replay["target"], replay["accepted"]) == ("firehose", 400)
    lake = audited(cloud, replay, 400)
    assert (lake.expected, lake.present, lake.missing) == (400, 400, 0)

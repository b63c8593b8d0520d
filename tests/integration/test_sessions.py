"""Browse sessions through the whole local cloud: enriched, routed, in the lake, and asked of Athena."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyathena

from pipeline.clients import client
from pipeline.replay import sample_sessions
from queries import sources
from queries.audit.run import Sinks, audit
from tests.conftest import eventually, run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Cloud

REPLAYED = 300

HISTORY = [
    {"product_code": "S10_1678", "quantity": "2", "in_shopping_cart": True},
    {"product_code": "<b>'; drop table x; --", "quantity": 3, "in_shopping_cart": False},
]


def rows(cloud: Cloud, table: str, mark: str) -> list[tuple[Any, ...]]:
    since = datetime.now(UTC) - timedelta(hours=1)
    return asked(
        cloud,
        # The names are this test's own.
        "select session_id, event_id, country, city, overall_product_quantity, overall_in_shopping_cart, "  # noqa: S608
        "total_different_products, browse_history[1].quantity, browse_history[2].product_code, credit_limit "
        f"from {table} where datehour >= '{since:%Y/%m/%d/%H}' and session_id like '{mark}%' order by session_id",
    )


def asked(cloud: Cloud, sql: str) -> list[tuple[Any, ...]]:
    connection = pyathena.connect(
        work_group=cloud.outputs.athena_workgroup, schema_name=cloud.outputs.lake_database, poll_interval=0.1
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


def test_sessions_go_to_the_lake_by_country_each_once(cloud: Cloud) -> None:
    mark = uuid.uuid4().hex[:8]
    countries = ["USA", "France", "USA", None, "مصر 🇪🇬"]
    for _ in range(2):  # whoever sends twice is counted once
        for at, country in enumerate(countries):
            raw = {
                "session_id": f"{mark}-{at}",
                "customer_number": 100 + at,
                "city": "Nantes",
                "country": country,
                "credit_limit": 118200.5,
                "browse_history": HISTORY,
            }
            client("kinesis").put_record(
                StreamName=cloud.outputs.sessions_stream, Data=json.dumps(raw).encode(), PartitionKey=raw["session_id"]
            )
    usa = [(f"{mark}-{at}", "USA") for at in (0, 2)]
    others = [(f"{mark}-1", "France"), (f"{mark}-3", None), (f"{mark}-4", "مصر 🇪🇬")]
    for table, sessions in (("sessions_usa", usa), ("sessions_international", others)):
        eventually(partial(arrived, cloud, table, mark, 2 * len(sessions)), f"sessions in {table}")
        assert rows(cloud, f"{table}_once", mark) == [
            (name, name, country, "Nantes", 5, 2, 2, 2, "<b>'; drop table x; --", 118200.5)
            for name, country in sessions
        ]


def arrived(cloud: Cloud, table: str, mark: str, records: int) -> bool:
    return len(rows(cloud, table, mark)) == records


def test_a_replay_of_sessions_is_in_both_tables_audited_and_traced(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "sessions.jsonl"
    sums = sample_sessions.write(path, rows=REPLAYED, seed=uuid.uuid4().int % 10**9)
    replay = run_cli("replay", str(path), "--wait", "--json")
    assert (replay["target"], replay["accepted"], replay["rejected"]) == ("kinesis", REPLAYED, 0)
    sinks = Sinks.of(sources.of(cloud.settings))
    eventually(lambda: audit(sinks, replay["replay_id"]).verdict == "complete", "every session of it in the lake")
    assert {sink: found.present for sink, found in audit(sinks, replay["replay_id"]).sinks.items()} == {
        "lake": REPLAYED
    }
    sql = "select count(*), sum(overall_product_quantity), sum(overall_in_shopping_cart) from {} where replay_id = '{}'"
    destinations = ("sessions_usa_once", "sessions_international_once")
    (found,) = zip(*(asked(cloud, sql.format(table, replay["replay_id"])) for table in destinations), strict=True)
    usa = sums.countries[sample_sessions.USA]
    assert [sessions for sessions, *_ in found] == [usa, REPLAYED - usa]
    assert [sum(column) for column in zip(*found, strict=True)] == [REPLAYED, sums.pieces, sums.pieces_in_carts]
    last = json.loads(path.read_text().splitlines()[-1])["session_id"]
    hops = run_cli("trace", last, "--json")["hops"]
    assert {hop["state"] for hop in hops} == {"there"}
    assert hops[-1]["what"].startswith(f"s3://{cloud.outputs.lake_bucket}/sessions_")

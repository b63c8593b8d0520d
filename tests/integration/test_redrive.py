"""Redrives on the whole local cloud: exactly what a sink misses goes again, and every sink has it once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.clients import client
from pipeline.quarantine import cells, mend
from pipeline.quarantine.listing import Filter, Kept
from pipeline.redrive import again
from pipeline.redrive.search import Wanted
from pipeline.replay.store import of_stack
from pipeline.warehouse.connect import connect
from queries import redrive, sources
from queries.audit.run import Sinks, audit
from queries.trace.run import trace
from tests.conftest import eventually, run_cli, warehouse_value
from tests.integration.test_audit import invoice_no, replayed, written

if TYPE_CHECKING:
    from pathlib import Path

    from queries.audit.result import Audit
    from tests.conftest import Cloud

__all__ = ["invoice_no"]  # a fixture


@pytest.fixture
def sinks(cloud: Cloud) -> Sinks:
    asked = sources.of(cloud.settings)
    return Sinks.of(asked)


def until(sinks: Sinks, replay_id: str, verdict: str) -> Audit:
    found: list[Audit] = []

    def there() -> bool:
        found[:] = [audit(sinks, replay_id)]
        return found[0].verdict == verdict and not any(sink.late for sink in found[0].sinks.values())

    eventually(there, f"an audit that says {verdict}", 90)
    return found[0]


def item(cloud: Cloud, invoice: str, line: int) -> dict[str, Any]:
    key = {"invoice_no": {"S": invoice}, "line": {"S": f"{line:06}"}}
    found: dict[str, Any] = client("dynamodb").get_item(TableName=cloud.outputs.invoices_table, Key=key)["Item"]
    return found


def mended(cloud: Cloud, replay_id: str, invoice: str) -> str:
    """Give the one row without an InvoiceNo this one, and send it; the replay that it is."""
    kept = Kept(client("s3"), cloud.outputs)
    (row,) = (row for row in kept.rows(Filter(("quarantine",), replay_id)) if row.event_id is None)
    receipt = mend.send_edited(row, cells.texts(row) | {"InvoiceNo": invoice}, again.way_to(cloud.outputs))
    assert receipt.accepted == 1
    return receipt.replay_id


def net_sales(cloud: Cloud, invoice: str) -> Any:
    sql = "select coalesce(sum(net_sales), 0) from invoices_summary where invoice_no = :invoice"
    return warehouse_value(cloud.outputs, sql, invoice=invoice)


def test_what_two_sinks_miss_is_sent_again_and_beats_no_correction(
    cloud: Cloud, sinks: Sinks, tmp_path: Path, invoice_no: str
) -> None:
    path = written(tmp_path, invoice_no, "1", "2", "six", "4", "5")
    with path.open("a") as file:
        file.write(",85123A,LAMP,3,1/2/1999 8:26,2.55,,Testland\n")  # of no invoice
    first = replayed(path)
    resent = mended(cloud, first, f"{invoice_no}M")
    until(sinks, first, "complete")
    replayed(written(tmp_path, invoice_no, "9"))  # corrects the first line
    eventually(lambda: net_sales(cloud, invoice_no) == Decimal("51.00"), "the correction in the warehouse")
    whole = run_cli("redrive", first, "--send", "--json")
    assert (whole["events"], whole["sent"]) == (0, False)  # a redrive of a complete replay sends nothing

    taken = item(cloud, invoice_no, 2)
    client("dynamodb").delete_item(
        TableName=cloud.outputs.invoices_table, Key={name: taken[name] for name in ("invoice_no", "line")}
    )
    with connect(cloud.outputs) as connection, connection.cursor() as cursor:
        cursor.paramstyle = "named"
        cursor.execute("delete from order_lines where event_id = :id", {"id": f"{invoice_no}-4"})
    until(sinks, first, "missing")

    replays = len(of_stack(cloud.settings.stack).recent(10_000))
    told = redrive.dry_run(sinks, first)
    assert told.event_ids == [f"{invoice_no}-2", f"{invoice_no}-4"]
    assert told.missing.sinks == {"lake": [], "invoices": [f"{invoice_no}-2"], "warehouse": [f"{invoice_no}-4"]}
    assert told.nowhere == ()
    assert redrive.dry_run(sinks, first, ["warehouse"]).event_ids == [f"{invoice_no}-4"]
    assert len(of_stack(cloud.settings.stack).recent(10_000)) == replays  # a dry run leaves no trace

    # An older version of the corrected line goes along; all of an invoice is in one shard, in this order.
    line = Wanted(2, f"{item(cloud, invoice_no, 1)['sent_at']['S'][:4]}-01-01 00:00:00.000000")
    looking = redrive.search(sinks, redrive.Missing(told.missing.replay, {}, 0, {f"{invoice_no}-1": line}))
    ((_, older),) = looking.records()
    client("kinesis").put_record(StreamName=cloud.outputs.orders_stream, Data=older.data, PartitionKey=older.key)

    sent = run_cli("redrive", first, "--send", "--json")
    assert (sent["redrive"]["status"], sent["redrive"]["accepted"]) == ("done", 2)
    until(sinks, first, "complete")
    back = item(cloud, invoice_no, 2)
    assert back.pop("written_at")["S"] > taken.pop("written_at")["S"]
    assert back == taken  # its SentAt and its replay, too
    assert item(cloud, invoice_no, 1)["quantity"] == {"N": "9"}
    assert net_sales(cloud, invoice_no) == Decimal("51.00")

    of_redrive = until(sinks, sent["redrive"]["replay_id"], "complete")
    assert (of_redrive.rows, of_redrive.accepted, of_redrive.rejected) == (2, 2, 0)
    assert redrive.dry_run(sinks, first).event_ids == []

    # The mended row is an event whose name does not tell where its invoice ends.
    until(sinks, resent, "complete")
    hops = {hop.name: hop for hop in trace(sinks, f"{invoice_no}M-{first}-7").hops}
    assert {hop.state for hop in hops.values()} == {"there"}
    assert hops["Invoices"].at

"""A rejected row, from the page that lists it to the sinks; what is in it does nothing on the page."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pipeline.clients import client
from pipeline.contracts.order_line import CSV_FIELDS
from tests.conftest import eventually, run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.views import View
    from tests.conftest import Cloud

EVIL = "<img src=x onerror=alert(1)>'; drop table order_lines; --"


def test_a_rejected_row_is_read_mended_and_sent(cloud: Cloud, view: View, tmp_path: Path) -> None:
    invoice_no = f"T{uuid.uuid4().hex[:12]}"
    rows = [f'{invoice_no},85123A,"{EVIL}",{quantity},1/2/1999 8:26,2.55,,Testland' for quantity in ("six", "seven")]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([",".join(CSV_FIELDS), *rows]) + "\n")
    replay_id = run_cli("replay", str(path), "--max", "--wait", "--json")["replay_id"]

    view.open(f"/quarantine?replay={replay_id}")
    assert "2 open rows" in view.text()
    assert "Quantity: is not a whole number" in view.text()
    box = view.page.get_by_test_id("stSelectbox").filter(has_text="Mend or send again").locator("input")
    box.fill(f"{invoice_no}-2")
    box.press("Enter")
    view.settle()
    assert EVIL in view.page.get_by_test_id("stCode").inner_text()
    assert view.page.locator("img[src=x]").count() == 0
    view.page.get_by_role("button", name="Check and send").click()
    view.page.get_by_role("alert").filter(has_text="Quantity: 'seven' is not a whole number").wait_for()
    view.page.get_by_label("Quantity", exact=True).fill("7")
    view.page.get_by_role("button", name="Check and send").click()
    view.page.get_by_text("1 event was sent by").wait_for()
    view.settle()
    assert "1 open row\n" in view.text()

    key = {"invoice_no": {"S": invoice_no}, "line": {"S": "000002"}}

    def quantity() -> str:
        found = client("dynamodb").get_item(TableName=cloud.outputs.invoices_table, Key=key)
        return str(found.get("Item", {}).get("quantity", {}).get("N", ""))

    eventually(lambda: quantity() == "7", "the mended row in the invoices")

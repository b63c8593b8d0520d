from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    QueryFailedError,
    QueryTimeoutError,
    WeirError,
)
from tests.pages.fakes import FakeService

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World

PAGES = (
    "overview", "sales", "products", "invoices", "customers", "lake", "replay", "streams", "deliveries", "audit",
    "quarantine", "trace",
)  # fmt: skip
OF_WAREHOUSE = ("overview", "sales", "products", "invoices", "customers")
OF_SERVICES = ("replay", "streams", "deliveries")
WHOLE = {"start": "2010-12-01", "end": "2011-12-09", "by": "month"}


def text(app: AppTest) -> str:
    """Everything that the page says in words."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    said = [element.value for kind in kinds for element in kind]
    tables = [table.value.to_string() for table in app.table]
    tables += ["\n".join(" ".join(row.values()) for row in table) for table in rows(app)]
    return "\n".join([*said, *tables, *(f"{metric.label} {metric.value}" for metric in app.metric)])


def rows(app: AppTest) -> list[list[dict[str, str]]]:
    """Of each table that is page text, its rows as they are read: by the columns' names."""
    bodies = [str(element.proto.body) for element in app.get("html")]
    found = []
    for table in (ET.fromstring(body) for body in bodies if "<table>" in body):  # noqa: S314 - our own
        names = [cell.text or "" for cell in table.iter("th")]
        cells = [[cell.text or "" for cell in row.iter("td")] for row in table.iter("tr")]
        found.append([dict(zip(names, row, strict=True)) for row in cells if row])
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_errors(world: World, page: str) -> None:
    app = world.open(page)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.lower() == page


def test_sales_headline_is_exact_text(world: World) -> None:
    app = world.open("sales", **WHOLE)
    assert app.metric[0].label == "Net sales"
    assert app.metric[0].value == "£9,747,747.93"
    assert app.metric[1].value == "22,061"
    assert app.metric[2].value == "£483.01"
    assert "1 Dec 2010 to 9 Dec 2011" in text(app)
    assert "November 2011 sold most: £19.5M" in text(app)


@pytest.mark.parametrize(
    ("page", "about"),
    [
        ("overview", {}),
        ("sales", WHOLE),
        ("sales", {**WHOLE, "product": "22423", "compare": "year"}),
        ("products", WHOLE),
        ("invoices", WHOLE),
        ("invoices", {**WHOLE, "kind": "return"}),
        ("invoices", {"invoice": "536365"}),
        ("customers", WHOLE),
        ("customers", {**WHOLE, "segment": "champions", "cohort": "2011-01+3"}),
        ("customers", {"customer": "14646"}),
    ],
)
def test_every_figure_has_its_definition_and_its_evidence(world: World, page: str, about: dict[str, str]) -> None:
    app = world.open(page, **about)
    assert not app.exception
    assert not [metric.label for metric in app.metric if not metric.proto.help]
    # The title of a chart or of a list; an invoice's and a product's tells which it is.
    undefined = [each.value for each in app.subheader if not each.proto.help]
    assert not [title for title in undefined if "536365" not in title and "22423" not in title]
    evidence = [each for each in app.get("popover") if each.proto.popover.label == "Evidence"]
    assert len(evidence) >= max(1, len(app.get("plotly_chart")))


def test_overview_compares_the_latest_day(world: World) -> None:
    app = world.open("overview")
    said = text(app)
    assert "Friday, 9 Dec 2011" in said
    assert app.metric[0].value == "£9,747,747.93"
    assert app.metric[0].delta == "-50.0%"
    tiles = [metric for metric in app.metric if metric.label != "Active pages"]
    assert len(tiles) == 5
    assert all(metric.delta and len(metric.proto.chart_data) > 1 for metric in tiles), [each.label for each in tiles]


def test_an_invoice_is_shown_with_its_lines_total_and_the_customers_others(world: World) -> None:
    app = world.open("invoices", invoice="536365")
    said = text(app)
    assert "Order 536365" in said
    assert "customer 17850" in said
    assert [metric.value for metric in app.metric] == ["£107.10", "7"]
    assert len(app.dataframe[0].value) == 7
    assert "Customer 17850 has 1 other invoice" in said
    assert list(app.dataframe[1].value["Invoice"]) == ["536366"]


@pytest.mark.parametrize(
    ("page", "lines", "told"), [("", (1, 200), ""), ("2", (201, 350), ""), ("3", (201, 350), "There is no page 3")]
)
def test_a_long_invoice_is_shown_page_by_page(world: World, page: str, lines: tuple[int, int], told: str) -> None:
    (line, *_) = world.services["dynamodb"].query(
        ExpressionAttributeValues={":key": {"S": "536365"}}, TableName="weir-invoices"
    )["Items"]
    items = [{**line, "line": {"S": f"{number:06}"}, "line_no": {"N": str(number)}} for number in range(1, 351)]
    world.services["dynamodb"] = FakeService({"query": lambda _: {"Items": items}})
    app = world.open("invoices", invoice="536365", **({"invoice_lines": page} if page else {}))
    assert not app.exception
    assert app.metric[1].value == "350"
    shown = list(app.dataframe[0].value["Line"])
    assert (shown[0], shown[-1], len(shown)) == (*lines, lines[1] - lines[0] + 1)
    assert ("There is no page" in text(app)) == bool(told)
    assert told in text(app)


def test_a_return_without_a_customer(world: World) -> None:
    said = text(world.open("invoices", invoice="C536379"))
    assert "Return C536379" in said
    assert "no customer id" in said
    assert "names no customer" in said


@pytest.mark.parametrize("number", ["999999", "' or 1=1 --", "<script>", "9" * 3000])
def test_a_missing_invoice_is_told_in_words(world: World, number: str) -> None:
    app = world.open("invoices", invoice=number)
    assert not app.exception
    assert not app.error
    assert "There is no invoice" in app.info[0].value


def test_typing_an_invoice_number_opens_it_and_goes_into_the_address(world: World) -> None:
    app = world.open("invoices")
    app.text_input[0].set_value(" c536379 ").run()
    assert app.query_params["invoice"] in ("c536379", ["c536379"])
    assert "Return C536379" in text(app)


def test_lake_tells_records_events_and_repeats(world: World) -> None:
    app = world.open("lake")
    assert [metric.value for metric in app.metric][:2] == ["20,000", "20,100"]
    assert "100 repeats" in str(app.metric[1].delta)


def test_replay_shows_what_runs_and_what_ran(world: World) -> None:
    said = text(world.open("replay"))
    assert "sample.csv.gz to kinesis" in said
    assert "Acknowledged 5,000" in said
    assert "Best possible time 11.3 s" in said  # 20,000 rows on two shards
    assert "shardId-000000000001" in said
    assert "19990" in said  # the separator is the browser's
    assert "done" in said


def test_streams_shows_shards_consumers_and_a_verdict(world: World) -> None:
    app = world.open("streams")
    every = app.table[0].value
    assert [name.split("] ")[1] for name in every["Stream"]] == [
        "orders", "clicks", "sessions", "sessions-usa", "sessions-international",
    ]  # fmt: skip
    assert all("healthy" in name for name in every["Stream"])
    assert (list(every["In"]), list(every["Out"]), list(every["Refused"])) == ([60.0] * 5, [60.0] * 5, [0.0] * 5)
    said = text(app)
    assert app.subheader[0].value == "weir-orders-stream"
    assert "Open shards 2" in said
    assert "50% of keys" in said
    assert "weir-invoice-writer" in said
    assert "In, last hour 60" in said


def test_the_chosen_stream_is_in_the_address(world: World) -> None:
    app = world.open("streams", stream="clicks")
    assert app.subheader[0].value == "weir-clicks-stream"
    app.pills[0].set_value("sessions-usa").run()
    assert app.query_params["stream"] == "sessions-usa"
    assert app.subheader[0].value == "weir-sessions-usa-stream"
    app = world.open("streams", stream="<b>none</b>")
    assert app.subheader[0].value == "weir-orders-stream"
    assert "is none of orders, clicks" in app.warning[0].value
    assert "<b>" not in app.warning[0].value


def test_deliveries_shows_both_with_their_last_object(world: World) -> None:
    said = text(world.open("deliveries"))
    assert said.count("healthy") == 7
    assert "orders/2026/01/02/03/weir-lake-delivery-1-part.parquet" in said
    assert "raw/orders/2026/01/02/03/weir-warehouse-delivery-1-part.parquet" in said
    assert "just now" in said
    assert "No errors in the last 24 hours" in said
    assert "Invalid digit, Value 's'" in said
    assert "quantity" in said


def test_test_data_is_sent_where_direct_puts_are_taken(world: World) -> None:
    def taken(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"RequestResponses": [{"RecordId": "r"} for _ in request["Records"]]}

    world.services["firehose"] = FakeService({**world.services["firehose"]._answers, "put_record_batch": taken})
    app = world.open("deliveries")
    buttons = [button for button in app.button if button.label == "Send test data"]
    assert [button.key for button in buttons] == [
        "test data weir-clicks-delivery",
        "test data weir-wikipedia-delivery",
    ]
    buttons[1].click().run()
    assert "Sent 20 page views from `test-data` in 4 records" in text(app)


def test_audit_shows_each_sink_and_names_what_is_missing(world: World) -> None:
    app = world.open("audit", replay="r-1")
    said = text(app)
    assert "Something is missing in: Invoices" in said
    assert "r-1" in str(app.selectbox[0].value)
    assert "Rows 20,000" in said
    assert "536365-1" in said
    assert "dead-lettered" in said


# --- empty -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page_says_what_brings_data(empty_world: World, page: str) -> None:
    app = empty_world.open(page)
    assert not app.exception
    assert not app.error
    if page in {*OF_WAREHOUSE, "lake", "replay", "audit"}:
        assert "yet" in app.info[0].value
        assert "python -m pipeline replay FILE --max" in app.info[0].value
    if page == "deliveries":
        assert "idle" in text(app)
        assert "COPY refused no row" in text(app)


# --- errors ------------------------------------------------------------------------------------------------------

ERRORS: list[WeirError] = [
    CloudDownError("The warehouse cannot be reached. Is it running?"),
    AccessRefusedError("The user or password is refused."),
    NotDeployedError("The table is missing: run `python -m pipeline deploy`."),
    QueryTimeoutError("It took longer than 20 s. Choose a shorter period."),
    QueryFailedError("The engine broke the query off."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("page", [*OF_WAREHOUSE, "lake"])
def test_an_engine_that_fails_is_told_in_words_with_a_way_forward(world: World, page: str, error: WeirError) -> None:
    world.warehouse.errors["*"] = world.lake.errors["*"] = error
    app = world.open(page)
    assert not app.exception
    assert app.error
    assert str(error) in app.error[0].value
    assert any(button.label == "Try again" for button in app.button)


def test_one_figure_that_fails_leaves_the_others(world: World) -> None:
    world.warehouse.errors["sales_by_period"] = QueryTimeoutError("It took too long.")
    app = world.open("sales", **WHOLE)
    assert app.metric[0].value == "£9,747,747.93"
    assert app.error[0].value.startswith("**Sales over time: took too long**")


def test_an_error_is_not_kept_once_the_engine_is_back(world: World) -> None:
    world.warehouse.errors["sales_totals"] = CloudDownError("gone")
    app = world.open("sales", **WHOLE)
    assert app.error
    world.warehouse.errors.clear()
    app.button[0].click().run()
    assert not app.error
    assert app.metric[0].value == "£9,747,747.93"


@pytest.mark.parametrize("page", [*OF_SERVICES, "invoices"])
def test_a_service_that_fails_is_told_in_words(world: World, page: str) -> None:
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "Describe")
    operations = ("describe_stream_summary", "describe_delivery_stream", "list_shards", "scan", "query")
    for name in ("kinesis", "firehose", "dynamodb"):
        world.services[name] = FakeService(dict.fromkeys(operations, refused))
    app = world.open(page, **({"invoice": "536365"} if page == "invoices" else {}))
    assert not app.exception
    assert "access refused" in app.error[0].value
    assert len(app.error) == {"deliveries": 7, "replay": 2, "streams": 5}.get(page, 1)


def test_a_warehouse_that_is_down_leaves_the_deliveries(world: World) -> None:
    world.warehouse.errors["copy_errors"] = CloudDownError("gone")
    app = world.open("deliveries")
    assert text(app).count("healthy") == 7
    assert len(app.error) == 1


def test_the_customers_list_that_fails_leaves_the_invoice(world: World) -> None:
    whole = world.services["dynamodb"]

    def query(request: dict[str, object]) -> object:
        if "IndexName" in request:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "Query")
        return whole.query(**request)

    world.services["dynamodb"] = FakeService({"query": query})
    app = world.open("invoices", invoice="536365")
    assert app.metric[0].value == "£107.10"
    assert len(app.error) == 1


def test_a_bug_shows_as_one(world: World) -> None:
    world.warehouse.errors["sales_totals"] = ZeroDivisionError("a bug")
    assert world.open("sales", **WHOLE).exception


# --- the cloud itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["overview", "streams"])
def test_without_a_local_cloud_one_sentence_says_how_to_start_it(world: World, local_cloud: Path, page: str) -> None:
    (local_cloud / "cloud.json").unlink()
    app = world.open(page)
    assert not app.exception
    assert len(app.error) == 1
    assert "The local cloud is not running" in app.error[0].value
    assert "`make demo`" in app.error[0].value
    assert not app.metric


def test_without_a_stack_the_page_says_deploy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from queries import sources

    def missing(_settings: object) -> None:
        raise NotDeployedError("Stack weir is not deployed: run `python -m pipeline deploy`.")

    monkeypatch.setattr(sources, "of", missing)
    app = world.open("sales")
    assert not app.exception
    assert "`python -m pipeline deploy`" in app.error[0].value

"""The API as its callers reach it: through API Gateway, the functions, the stream and the table."""

from __future__ import annotations

import base64
import json
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.clients import client
from tests.conftest import eventually

if TYPE_CHECKING:
    from tests.conftest import Cloud

# Long before any sale of the sample, so that no figure of a period changes.
ROW: dict[str, Any] = {
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART £ T-LIGHT HOLDER",
    "Quantity": 6,
    "InvoiceDate": "1/2/1999 8:26",
    "UnitPrice": 2.55,
    "CustomerID": None,
    "Country": "Testland",
}


@pytest.fixture
def invoice_no() -> str:
    return f"T{uuid.uuid4().hex[:12]}"


def post(cloud: Cloud, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    answer = requests.post(f"{cloud.outputs.api_url}/orders", data=data, headers=headers, timeout=30)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


def get(cloud: Cloud, *path: str) -> tuple[int, dict[str, Any]]:
    address = "/".join([cloud.outputs.api_url, *(quote(part, safe="") for part in path)])
    answer = requests.get(address, timeout=30)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, json.loads(answer.text, parse_float=Decimal)


def await_lines(cloud: Cloud, invoice_no: str, count: int) -> dict[str, Any]:
    eventually(lambda: get(cloud, "invoices", invoice_no)[1].get("line_count") == count, f"{count} lines")
    return get(cloud, "invoices", invoice_no)[1]


def test_a_row_as_pandas_posts_it_becomes_an_invoice(cloud: Cloud) -> None:
    number = 1_000_000 + uuid.uuid4().int % 100_000_000
    status, content = post(cloud, ROW | {"InvoiceNo": number, "CustomerID": 17850.0})
    assert (status, content["accepted"]) == (200, 1)
    (event_id,) = content["event_ids"]
    assert event_id.startswith(f"{number}-")
    invoice = await_lines(cloud, str(number), 1)
    assert (invoice["total"], invoice["customer_id"], invoice["country"]) == (Decimal("15.3"), 17850, "Testland")
    assert invoice["lines"][0]["description"] == ROW["Description"]
    assert invoice["lines"][0]["event_id"] == event_id


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]
)
def test_the_content_type_does_not_matter(cloud: Cloud, invoice_no: str, content_type: str) -> None:
    body = json.dumps(ROW | {"InvoiceNo": invoice_no, "LineNo": 1}, ensure_ascii=False).encode()
    status, content = post(cloud, body, **{"Content-Type": content_type})
    assert (status, content["event_ids"]) == (200, [f"{invoice_no}-1"])
    assert await_lines(cloud, invoice_no, 1)["lines"][0]["description"] == ROW["Description"]


def test_five_hundred_rows_at_once_and_a_second_time(cloud: Cloud, invoice_no: str) -> None:
    rows = [ROW | {"InvoiceNo": invoice_no, "LineNo": line} for line in range(1, 501)]
    assert post(cloud, rows)[0] == 200
    assert post(cloud, rows)[0] == 200
    invoice = await_lines(cloud, invoice_no, 500)
    assert invoice["total"] == Decimal(7650)
    assert [line["line_no"] for line in invoice["lines"]] == list(range(1, 501))


def test_a_correction_takes_the_place_of_what_it_corrects(cloud: Cloud, invoice_no: str) -> None:
    line = ROW | {"InvoiceNo": invoice_no, "LineNo": 1}
    assert post(cloud, line)[0] == 200
    assert post(cloud, line | {"Quantity": 7})[0] == 200
    eventually(lambda: get(cloud, "invoices", invoice_no)[1].get("units") == 7, "the corrected quantity")
    assert get(cloud, "invoices", invoice_no)[1]["line_count"] == 1


def test_our_sender_marks_its_replay(cloud: Cloud, invoice_no: str) -> None:
    line = ROW | {"InvoiceNo": invoice_no, "LineNo": 1, "ReplayID": "theirs"}
    assert post(cloud, line, **{"X-Weir-Replay-Id": "replay-1"})[0] == 200
    await_lines(cloud, invoice_no, 1)
    key = {"invoice_no": {"S": invoice_no}, "line": {"S": "000001"}}
    item = client("dynamodb").get_item(TableName=cloud.outputs.invoices_table, Key=key)["Item"]
    assert item["replay_id"] == {"S": "replay-1"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"InvoiceNo": ', 400),
        ("6", 400),
        ("[]", 400),
        ("", 400),
        (json.dumps([ROW | {"InvoiceNo": "1"}] * 501), 400),
        (json.dumps(ROW | {"InvoiceNo": "1", "Description": "x" * 2_000_000}), 413),
        ("x" * 2_000_000, 413),
        ("x" * 12_000_000, 413),
        (json.dumps(ROW), 400),
        (json.dumps(ROW | {"InvoiceNo": "1", "Quantity": "six"}), 400),
        ("£".encode("latin-1"), 400),
        (b"\x00\xff\x1f\x8b", 400),
        ("[" * 50_000, 400),
    ],
    ids=lambda value: str(value)[:15],
)
def test_bad_input_is_refused_with_a_reason(cloud: Cloud, body: str | bytes, status: int) -> None:
    answered, content = post(cloud, body)
    assert answered == status
    assert content.get("error") or content.get("message") == "Request Too Long"


def test_a_refused_body_lies_in_quarantine_as_it_was_sent(cloud: Cloud, invoice_no: str) -> None:
    body = json.dumps([ROW | {"InvoiceNo": invoice_no}, ROW | {"InvoiceNo": invoice_no, "UnitPrice": ""}]).encode(
        "utf-16"
    )
    status, content = post(cloud, body)
    assert status == 400
    bucket, name = cloud.outputs.lake_bucket, f"/{content['request_id']}.json"
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/orders/")
    (key,) = (one["Key"] for page in pages for one in page.get("Contents", ()) if one["Key"].endswith(name))
    kept = json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert kept["reason"] == content["error"]
    assert (kept["encoding"], kept["request_id"]) == ("base64", content["request_id"])
    assert base64.b64decode(kept["body"]) == body


def test_all_or_nothing(cloud: Cloud, invoice_no: str) -> None:
    rows = [ROW | {"InvoiceNo": invoice_no, "LineNo": 1}, ROW | {"InvoiceNo": invoice_no, "LineNo": 2, "Country": None}]
    status, content = post(cloud, rows)
    assert status == 400
    assert content["rows"] == [{"index": 1, "field": "Country", "reason": "is missing"}]
    assert get(cloud, "invoices", invoice_no)[0] == 404


@pytest.mark.parametrize("odd", ["A B", "A/B", "50%", "ä", "a?b#c", "%2F"])
def test_invoice_numbers_of_odd_characters_are_found(cloud: Cloud, invoice_no: str, odd: str) -> None:
    number = f"{invoice_no}{odd}"
    assert post(cloud, ROW | {"InvoiceNo": number, "LineNo": 1})[0] == 200
    assert await_lines(cloud, number, 1)["invoice_no"] == number


def test_a_customers_invoices(cloud: Cloud, invoice_no: str) -> None:
    customer = 10**12 + uuid.uuid4().int % 10**12
    rows = [
        ROW | {"InvoiceNo": f"{invoice_no}-{n}", "LineNo": 1, "CustomerID": customer, "Quantity": n} for n in (1, 2)
    ]
    assert post(cloud, rows)[0] == 200

    def invoices() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = get(cloud, "customers", str(customer), "invoices")[1].get("invoices", [])
        return found

    eventually(lambda: len(invoices()) == 2, "both invoices")
    assert [(one["invoice_no"], one["total"]) for one in invoices()] == [
        (f"{invoice_no}-2", Decimal("5.1")),
        (f"{invoice_no}-1", Decimal("2.55")),
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (("invoices", "nothing-of-that-name"), 404),
        (("invoices", "a\nb"), 400),
        (("customers", "999999999999999999", "invoices"), 404),
        (("customers", "abc", "invoices"), 400),
        (("customers", "-1", "invoices"), 400),
    ],
)
def test_what_is_not_there_is_told_in_json(cloud: Cloud, path: tuple[str, ...], status: int) -> None:
    answered, content = get(cloud, *path)
    assert answered == status
    assert content["error"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, "InvoiceNo"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_no_json_value_is_a_fault_of_ours(cloud: Cloud, value: object) -> None:
    status, content = post(cloud, value)
    assert status == 400
    assert content["error"]

"""The whole way of one stack: deploy, replay 1,000 generated rows, find them in all sinks, ask the API, destroy.

`python -m tests.walk` walks on the cloud that the environment names and prints a line a step: it is the same walk on
the local cloud (tests/integration/test_walk.py) and on AWS (tests/aws/test_walk.py). The stack is destroyed also when
a step before that fails. `WEIR_TEST_CIDR` is the address block that reaches the warehouse on AWS, by default that of
this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from pipeline import stack
from pipeline.clients import client
from pipeline.replay import samples
from pipeline.settings import REPOSITORY, settle
from pipeline.warehouse.connect import connect
from queries import lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.replay.sample_ledger import Ledger

ROWS = 1_000
PATIENCE_S = {"local": 90, "aws": 900}
HOUR = "%Y/%m/%d/%H"
LINE = {
    "InvoiceNo": "T1",
    "LineNo": 1,
    "StockCode": "85123A",
    "Description": None,
    "Quantity": 2,
    "InvoiceDate": "1999-01-02 08:26:00",
    "UnitPrice": 2.55,
    "CustomerID": None,
    "Country": "Testland",
}


class Walk:
    """One stack from its creation to its removal. Each public method is a step; a step that fails raises."""

    def __init__(self, folder: Path) -> None:
        self.settings = settle()
        self.name = self.settings.stack
        self._folder = folder
        self._ledger: Ledger
        self._replay_id = ""

    @property
    def outputs(self) -> stack.Outputs:
        """The names of what the stack made."""
        return stack.outputs(self.name)

    def deploy(self) -> None:
        """A new stack, and a second deployment that finds nothing to change."""
        assert not stack.status(self.name), f"there is a stack {self.name} already"
        given = [] if self.settings.local else ["--parameter", f"WarehouseCidr={own_addresses()}"]
        assert "deployed" in self._run("deploy", "--yes", *given)
        assert "nothing to change" in self._run("deploy", "--yes")
        stack.outputs.cache_clear()

    def replay(self) -> None:
        """1,000 generated rows through the stream, each acknowledged."""
        path = self._folder / "sample.csv.gz"
        end = datetime.now(UTC).date()
        self._ledger = samples.write(path, rows=ROWS, seed=7, start=end - timedelta(days=30), end=end)
        receipt = json.loads(self._run("replay", str(path), "--max", "--wait", "--json"))
        assert (receipt["accepted"], receipt["rejected"], receipt["failed"]) == (self._ledger.rows, 0, 0), receipt
        self._replay_id = receipt["replay_id"]

    def invoices(self) -> None:
        """Every row is an item of the invoices table."""
        scan = client("dynamodb").get_paginator("scan")

        def items() -> int:
            pages = scan.paginate(TableName=self.outputs.invoices_table, Select="COUNT")
            return sum(page["Count"] for page in pages)

        self._eventually(lambda: items() == self._ledger.rows, f"{self._ledger.rows} items, not {items()}")

    def warehouse(self) -> None:
        """Every row was copied and merged once, and the sums are the ledger's."""
        counts = "count(*), count(distinct event_id), sum(quantity * unit_price)"
        sql = f"select {counts} from order_lines where replay_id = %s"  # noqa: S608 - both parts are ours
        rows = self._ledger.rows

        def merged() -> list[Any]:
            with connect(self.outputs) as connection, connection.cursor() as cursor:
                cursor.execute(sql, (self._replay_id,))
                return list(cursor.fetchone())

        self._eventually(lambda: merged()[0] >= rows, f"{rows} order lines, not {merged()}")
        assert merged() == [rows, rows, self._ledger.net_sales]
        with connect(self.outputs) as connection, connection.cursor() as cursor:
            cursor.execute("select sum(net_sales), sum(lines) from sales_by_hour_country")
            assert tuple(cursor.fetchone()) == (self._ledger.net_sales, rows)

    def lake(self) -> None:
        """Every row is in the lake's Parquet; `orders_once` has each once, and the sums are the ledger's."""
        database = lake.connect(self.outputs.athena_workgroup, self.outputs.lake_database, self.settings.cloud)
        rows = self._ledger.rows

        def asked(sql: str) -> tuple[Any, ...]:
            hours = {"first": self.outputs.lake_from, "last": datetime.now(UTC).strftime(HOUR)}
            cursor = database.cursor()
            cursor.execute(f"{sql} where datehour between %(first)s and %(last)s", hours)
            return tuple(cursor.fetchone())

        arrived = "select count(distinct event_id) from orders"
        self._eventually(lambda: asked(arrived)[0] == rows, f"{rows} events, not {asked(arrived)}")
        once = asked("select count(*), sum(quantity * unit_price) from orders_once")
        assert (int(once[0]), Decimal(once[1])) == (rows, self._ledger.net_sales)

    def api(self) -> None:
        """An order line posted with the key becomes an invoice that a signed request reads; other doors are shut."""
        orders, invoice = f"{self.outputs.api_url}/orders", f"{self.outputs.api_url}/invoices/{LINE['InvoiceNo']}"
        key = {}
        if not self.settings.local:
            found = client("apigateway").get_api_key(apiKey=self.outputs.api_key_id, includeValue=True)
            key = {"x-api-key": found["value"]}
            assert requests.post(orders, json=LINE, timeout=30).status_code == requests.codes.forbidden
            assert requests.get(invoice, timeout=30).status_code == requests.codes.forbidden
        # A new key is not known everywhere at once.
        self._eventually(
            lambda: requests.post(orders, json=LINE, headers=key, timeout=30).status_code == requests.codes.ok,
            "the order line was not taken",
        )
        self._eventually(lambda: signed_get(invoice).get("total") == Decimal("5.1"), f"invoice {signed_get(invoice)}")

    def destroy(self) -> None:
        """Nothing is left, by tag and by name."""
        assert "nothing is left by its tag" in self._run("destroy", "--yes")
        left = list(of_that_name(self.name))
        assert not left, f"left: {left}"

    def _run(self, verb: str, *arguments: str) -> str:
        command = [sys.executable, "-m", "pipeline", verb, *arguments]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{verb}: {done.stdout}{done.stderr}"
        return done.stdout

    def _eventually(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_S[self.settings.cloud]
        while not condition():
            assert time.monotonic() < deadline, f"after {PATIENCE_S[self.settings.cloud]} s: {otherwise}"
            time.sleep(1)


def signed_get(url: str) -> dict[str, Any]:
    """What the API answers to a GET that carries the IAM signature of these credentials."""
    session = boto3.session.Session()
    request = AWSRequest("GET", url)
    SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
    answer = requests.get(url, headers=dict(request.headers), timeout=30)
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
    return found


def own_addresses() -> str:
    """The block that may reach the warehouse."""
    given = os.environ.get("WEIR_TEST_CIDR")
    return given or f"{requests.get('https://checkip.amazonaws.com', timeout=10).text.strip()}/32"


def of_that_name(name: str) -> Iterator[str]:
    """What carries the stack's name, asked of each service by itself."""
    if stack.status(name):
        yield f"stack {name}"
    prefix, logs = f"{name}-", f"/{name}/"
    found = {
        "bucket": [one["Name"] for one in client("s3").list_buckets()["Buckets"]],
        "stream": client("kinesis").list_streams()["StreamNames"],
        "delivery stream": client("firehose").list_delivery_streams(Limit=100)["DeliveryStreamNames"],
        "table": client("dynamodb").list_tables()["TableNames"],
        "function": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "secret": [one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
        "schedule": [one["Name"] for one in client("scheduler").list_schedules(NamePrefix=prefix)["Schedules"]],
    }
    for kind, names in found.items():
        yield from (f"{kind} {one}" for one in names if one.startswith(prefix))
    groups = client("logs").describe_log_groups(logGroupNamePrefix=logs)["logGroups"]
    yield from (f"log group {one['logGroupName']}" for one in groups)
    same = {
        "API": [one["name"] for one in client("apigateway").get_rest_apis(limit=500)["items"]],
        "workgroup of Athena": [one["Name"] for one in client("athena").list_work_groups()["WorkGroups"]],
        "database of Glue": [one["Name"].replace("_", "-") for one in client("glue").get_databases()["DatabaseList"]],
    }
    for kind, names in same.items():
        yield from (f"{kind} {one}" for one in names if one == name)


def main() -> int:
    """Walk; returns 1 when a step failed, after saying which and why."""
    with tempfile.TemporaryDirectory() as folder:
        walk = Walk(Path(folder))
        failed = False
        steps = (walk.deploy, walk.replay, walk.invoices, walk.warehouse, walk.lake, walk.api)
        for step in steps:
            failed = failed or not _taken(step)
        return int(not _taken(walk.destroy) or failed)


def _taken(step: Callable[[], None]) -> bool:
    begun = time.monotonic()
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it is, the stack must not stay
        print(f"{step.__name__} failed: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"{step.__name__ + ' ':.<20} {time.monotonic() - begun:6.1f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())

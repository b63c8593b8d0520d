"""An execution from QUEUED to its end.

Sources: Athena API reference, "QueryExecutionStatus", "AthenaError", "StopQueryExecution", "ListQueryExecutions",
"WorkGroupConfiguration"; Athena user guide, "Set data usage controls", "Override client-side settings",
"Athena error catalog".
"""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from .conftest import RESULTS, ROWS, hour

if TYPE_CHECKING:
    import pytest

    from .conftest import Lake

ENDLESS = "select count(*) from orders a, orders b, orders c, orders d, orders e, orders f, orders g where a.quantity + b.quantity + c.quantity + d.quantity + e.quantity + f.quantity + g.quantity = 1"  # noqa: E501


def _configure(**changes: Any) -> None:
    from ministack.services import athena

    athena._workgroups["weir"]["Configuration"].update(changes)


def test_the_file_is_there_before_the_state_says_so(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.local.athena import results

    states: list[str] = []
    write = results.write

    def slow_write(location: str, body: bytes, columns: Any) -> None:
        time.sleep(0.05)
        states.append(lake.execution(location.rpartition("/")[2].removesuffix(".csv"))["Status"]["State"])
        write(location, body, columns)

    monkeypatch.setattr(results, "write", slow_write)
    record = lake.run("select 1")
    assert (states, record["Status"]["State"]) == (["RUNNING"], "SUCCEEDED")
    assert lake.file(record)


def test_what_an_execution_tells(lake: Lake) -> None:
    record = lake.run(f"select event_id from orders where datehour = '{hour(0)}'")
    assert record["StatementType"] == "DML"
    assert record["SubstatementType"] == "SELECT"
    assert record["WorkGroup"] == "weir"
    assert record["QueryExecutionContext"] == {"Database": "weir", "Catalog": "awsdatacatalog"}
    status, statistics = record["Status"], record["Statistics"]
    assert status["SubmissionDateTime"] <= status["CompletionDateTime"]
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]
    assert statistics["DataScannedInBytes"] > 0
    assert "_columns" not in record


def test_a_query_that_would_read_too_much_is_cancelled(lake: Lake) -> None:
    scanned = int(lake.run("select * from orders")["Statistics"]["DataScannedInBytes"])
    _configure(BytesScannedCutoffPerQuery=scanned)
    assert lake.run("select * from orders")["Status"]["State"] == "SUCCEEDED"
    _configure(BytesScannedCutoffPerQuery=scanned - 1)
    record = lake.run("select * from orders")
    assert record["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in record["Status"]["StateChangeReason"]
    assert lake.run(f"select * from orders where datehour = '{hour(0)}'")["Status"]["State"] == "SUCCEEDED"


def test_a_running_query_can_be_stopped(lake: Lake) -> None:
    _status, answer = lake.start(ENDLESS)
    query_id = answer["QueryExecutionId"]
    while lake.execution(query_id)["Status"]["State"] != "RUNNING":
        time.sleep(0.01)
    time.sleep(0.2)
    assert lake.service.stop({"QueryExecutionId": query_id})[0] == 200
    assert lake.execution(query_id)["Status"]["State"] == "CANCELLED"
    deadline = time.monotonic() + 5
    while query_id in lake.service.runner.running:
        assert time.monotonic() < deadline, "DuckDB goes on"
        time.sleep(0.01)
    assert lake.execution(query_id)["Status"]["State"] == "CANCELLED"
    assert lake.results(lake.execution(query_id))[0] == 400
    assert lake.rows("select 1") == [["1"]]


def test_queries_wait_their_turn_and_can_be_stopped_while_they_do(lake: Lake) -> None:
    running = [lake.start(ENDLESS)[1]["QueryExecutionId"] for _ in range(4)]
    waiting = lake.start("select 1")[1]["QueryExecutionId"]
    assert lake.execution(waiting)["Status"]["State"] == "QUEUED"
    for query_id in (waiting, *running):
        lake.service.stop({"QueryExecutionId": query_id})
    assert {lake.ended(query_id)["Status"]["State"] for query_id in (waiting, *running)} == {"CANCELLED"}


def test_a_stop_of_the_cloud_leaves_no_query_behind(lake: Lake) -> None:
    started = [lake.start(ENDLESS)[1]["QueryExecutionId"] for _ in range(6)]
    lake.service.runner.close()
    assert {lake.execution(query_id)["Status"]["State"] for query_id in started} == {"CANCELLED"}


def test_an_ended_query_stays_as_it_is(lake: Lake) -> None:
    record = lake.run("select 1")
    assert lake.service.stop({"QueryExecutionId": record["QueryExecutionId"]})[0] == 200
    assert lake.execution(record["QueryExecutionId"])["Status"]["State"] == "SUCCEEDED"


def test_workgroups_that_are_missing_or_disabled_run_nothing(lake: Lake) -> None:
    from ministack.services import athena

    assert lake.start("select 1", WorkGroup="nope")[1]["message"] == "WorkGroup nope is not found."
    athena._update_workgroup({"WorkGroup": "weir", "State": "DISABLED"})
    assert lake.start("select 1")[1]["message"] == "WorkGroup weir is disabled."


def test_the_clients_place_counts_only_where_the_workgroup_does_not_enforce_its_own(lake: Lake) -> None:
    place = {"OutputLocation": "s3://weir-results/mine"}
    enforced = lake.run("select 1", ResultConfiguration=place)["ResultConfiguration"]["OutputLocation"]
    assert enforced.startswith(RESULTS)
    _configure(EnforceWorkGroupConfiguration=False)
    chosen = lake.run("select 1", ResultConfiguration=place)["ResultConfiguration"]["OutputLocation"]
    assert chosen.startswith("s3://weir-results/mine/")
    _configure(ResultConfiguration={})
    assert lake.start("select 1")[1]["message"].startswith("No output location provided.")


def test_a_workgroup_tells_also_the_settings_that_nobody_made(bare_lake: Lake) -> None:
    from ministack.services import athena

    athena._ensure_default_workgroup()

    def settings(name: str) -> Any:
        return json.loads(bare_lake.service.workgroup({"WorkGroup": name})[2])["WorkGroup"]["Configuration"]

    assert settings("primary")["EnforceWorkGroupConfiguration"] is False
    assert settings("primary")["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert settings("weir")["EnforceWorkGroupConfiguration"] is True
    assert settings("weir")["ResultConfiguration"]["OutputLocation"] == RESULTS
    assert "not found" in json.loads(bare_lake.service.workgroup({"WorkGroup": "nope"})[2])["message"]


def test_a_result_that_s3_does_not_take_fails_the_query(lake: Lake) -> None:
    _configure(ResultConfiguration={"OutputLocation": "s3://no-such-bucket/"})
    record = lake.run("select 1")
    assert record["Status"]["State"] == "FAILED"
    assert record["Status"]["AthenaError"]["ErrorType"] == 401


def test_the_same_token_is_the_same_execution(lake: Lake) -> None:
    token = {"ClientRequestToken": "a" * 32}
    first = lake.start("select 1", **token)[1]["QueryExecutionId"]
    assert lake.start("select 1", **token)[1]["QueryExecutionId"] == first
    assert lake.start("select 2", **token)[0] == 400


def test_the_latest_executions_are_listed_first_and_the_oldest_forgotten(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from pipeline.local.athena import service

    monkeypatch.setattr(service, "REMEMBERED", 20)
    ran = []
    for _ in range(25):
        ran.append(lake.run("select 1")["QueryExecutionId"])
        time.sleep(0.002)
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = json.loads(lake.service.list({"WorkGroup": "weir", "MaxResults": 7, **token})[2])
        listed.extend(answer["QueryExecutionIds"])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert listed == ran[::-1][: len(listed)]
    assert 18 <= len(listed) <= 20


def test_queries_run_side_by_side(lake: Lake) -> None:
    started = [lake.start(f"select {n}, count(*) from orders")[1]["QueryExecutionId"] for n in range(20)]
    for number, query_id in enumerate(started):
        answer = lake.results(lake.ended(query_id))[1]
        assert answer["ResultSet"]["Rows"][1]["Data"][1]["VarCharValue"] == str(3 * ROWS), number


def test_an_engine_that_broke_is_replaced(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    from pipeline.local.athena import results

    def broken(*_: Any) -> Any:
        raise duckdb.FatalException("the database has been invalidated")

    with monkeypatch.context() as patch:
        patch.setattr(results, "select", broken)
        record = lake.run("select 1")
    assert record["Status"]["AthenaError"] == {
        "ErrorCategory": 1,
        "ErrorType": 100,
        "ErrorMessage": "GENERIC_INTERNAL_ERROR: the database has been invalidated",
        "Retryable": True,
    }
    assert lake.rows("select count(*) from orders") == [[str(3 * ROWS)]]


def test_tables_are_made_and_dropped_as_before(lake: Lake) -> None:
    made = lake.run("create external table weir.more (n int) stored as parquet location 's3://weir-lake/more/'")
    assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
    assert made["StatementType"] == "DDL"
    assert lake.rows("select * from more") == []
    assert lake.run("drop table weir.more")["Status"]["State"] == "SUCCEEDED"
    assert lake.failure("drop table weir.more").startswith("FAILED: SemanticException")

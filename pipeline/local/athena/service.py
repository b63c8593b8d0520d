"""Athena's API calls that are ours: start, stop, results and list. All others are MiniStack's, and so is the store."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from pipeline.local.athena import results, statements
from pipeline.local.athena.execution import Running
from pipeline.local.athena.failures import DDL_FAILED, QueryFailure, RefusedAtStartError
from pipeline.local.athena.statements import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.local.athena.execution import Runner

# Executions that are remembered; AWS remembers them for 45 days.
REMEMBERED = 1_000
_PAGE = 1_000  # rows that a page of GetQueryResults has at most (Athena API reference)
_LIST_PAGE = 50
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_NO_LOCATION = (
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)
_ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
# What GetWorkGroup tells of settings that nobody made: awswrangler looks at the first, and AWS always gives it.
# Source: the maintainers of AWS SDK for pandas in https://github.com/aws/aws-sdk-pandas/issues/2904
_UNSET = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
}

Request = dict[str, Any]


class Service:
    """Answers the API calls; `athena` is MiniStack's module."""

    def __init__(self, athena: Any, runner: Runner) -> None:
        self.athena, self.runner = athena, runner
        self.tokens: OrderedDict[str, tuple[str, str]] = OrderedDict()

    # --- StartQueryExecution

    def start(self, data: Request) -> Any:
        """Refuse what Athena refuses; otherwise make an execution and run it."""
        token, text = data.get("ClientRequestToken"), str(data.get("QueryString") or "")
        known, asked = self.tokens.get(token or "", ("", ""))
        if known and known in self.athena._executions:
            if asked != text:
                return self._refusal("Idempotent parameters do not match")
            return self.athena.json_response({"QueryExecutionId": known})
        try:
            record, running, ddl = self._prepared(data, text)
        except RefusedAtStartError as error:
            return self._refusal(str(error), error.code)
        self._forget_the_oldest()
        query_id = record["QueryExecutionId"]
        self.athena._executions[query_id] = record
        if token:
            self.tokens[token] = (query_id, text)
            while len(self.tokens) > REMEMBERED:
                self.tokens.popitem(last=False)
        self.runner.submit(record, running, ddl)
        return self.athena.json_response({"QueryExecutionId": query_id})

    def _prepared(self, data: Request, text: str) -> tuple[Request, Running, Callable[[], None] | None]:
        name = data.get("WorkGroup") or "primary"
        settings = self._workgroup(name)
        statement = statements.read(text)
        ddl = self.athena._parse_ddl(text)
        if isinstance(ddl, self.athena._CreateTable) and not ddl.external and not ddl.iceberg:
            raise RefusedAtStartError("External keyword required for table type HIVE", "MALFORMED_QUERY")
        configuration = _result_configuration(data, settings)
        query_id = self.athena.new_uuid()
        ending = "csv" if statement.kind is Kind.QUERY else "txt"
        configuration["OutputLocation"] += f"{query_id}.{ending}"
        context = data.get("QueryExecutionContext") or {}
        parameters = tuple(data.get("ExecutionParameters") or ())
        record: Request = {
            "QueryExecutionId": query_id,
            "Query": text,
            "StatementType": statement.api_type,
            "SubstatementType": "_".join(statement.words[:1] if statement.api_type == "DML" else statement.words[:2]),
            "ResultConfiguration": configuration,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {
                # awswrangler quotes it for statements about the catalog.
                "Database": (context.get("Database") or "default").strip("`").lower(),
                "Catalog": (context.get("Catalog") or "AwsDataCatalog").lower(),
            },
            "Status": {"State": "QUEUED", "SubmissionDateTime": round(time.time(), 3)},
            "Statistics": {"DataScannedInBytes": 0},
            "WorkGroup": name,
            "EngineVersion": dict(_ENGINE),
        }
        if parameters:
            record["ExecutionParameters"] = list(parameters)
        limit = settings.get("BytesScannedCutoffPerQuery")
        running = Running(statement, parameters, int(limit) if limit else None)
        return record, running, self._ddl(ddl, record["QueryExecutionContext"]["Database"])

    def _ddl(self, ddl: Any, database: str) -> Callable[[], None] | None:
        """MiniStack's way to run its table statements."""
        if ddl is None:
            return None

        def run() -> None:
            try:
                self.athena._run_ddl(ddl, database)
            except ValueError as error:
                raise QueryFailure(f"FAILED: SemanticException {error}", DDL_FAILED) from error

        return run

    def _workgroup(self, name: str) -> dict[str, Any]:
        """The settings of a workgroup that may run queries."""
        found = self.athena._workgroups.get(name)
        if found is None:
            raise RefusedAtStartError(f"WorkGroup {name} is not found.")
        if found.get("State", "ENABLED") != "ENABLED":
            raise RefusedAtStartError(f"WorkGroup {name} is disabled.")
        settings: dict[str, Any] = found.get("Configuration") or found.get("WorkGroupConfiguration") or {}
        return settings

    def _forget_the_oldest(self) -> None:
        executions = self.athena._executions
        if len(executions) < REMEMBERED:
            return
        ended = [
            (r["Status"]["SubmissionDateTime"], q) for q, r in executions.items() if r["Status"]["State"] in _ENDED
        ]
        for _, query_id in sorted(ended)[: REMEMBERED // 10]:
            executions.pop(query_id, None)

    # --- The other calls

    def stop(self, data: Request) -> Any:
        """Answer StopQueryExecution."""
        record = self.athena._executions.get(data.get("QueryExecutionId"))
        if record is None:
            return self._refusal(f"QueryExecution {data.get('QueryExecutionId')} was not found")
        self.runner.stop(record)
        return self.athena.json_response({})

    def results(self, data: Request) -> Any:
        """Answer GetQueryResults."""
        query_id, most = data.get("QueryExecutionId"), data.get("MaxResults", _PAGE)
        record = self.athena._executions.get(query_id)
        if record is None:
            return self._refusal(f"QueryExecution {query_id} was not found")
        state = record["Status"]["State"]
        if state != "SUCCEEDED":
            ended = f"Query did not finish successfully. Final query state: {state}"
            return self._refusal(ended if state in _ENDED else f"Query has not yet finished. Current state: {state}")
        if not 1 <= most <= _PAGE:
            return self._refusal(f"MaxResults is more than maximum allowed length {_PAGE}.")
        try:
            rows, token = results.page(record["ResultConfiguration"]["OutputLocation"], data.get("NextToken"), most)
        except FileNotFoundError:
            return self._refusal(f"Could not find results of query {query_id}")
        except ValueError:
            return self._refusal("Invalid NextToken")
        answer: Request = {
            "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": record.get("_columns") or []}},
            "UpdateCount": 0,
        }
        if token is not None:
            answer["NextToken"] = token
        return self.athena.json_response(answer)

    def workgroup(self, data: Request) -> Any:
        """Answer GetWorkGroup."""
        found = self.athena._workgroups.get(data.get("WorkGroup"))
        if found is None:
            return self._refusal(f"WorkGroup {data.get('WorkGroup')} is not found.")
        settings = {**_UNSET, "EngineVersion": _ENGINE, **(found.get("Configuration") or {})}
        return self.athena.json_response({"WorkGroup": {**found, "Configuration": settings}})

    def list(self, data: Request) -> Any:
        """Answer ListQueryExecutions: the latest first, by pages."""
        name, most = data.get("WorkGroup") or "primary", int(data.get("MaxResults") or _LIST_PAGE)
        token = str(data.get("NextToken") or "0")
        if not token.isdigit():
            return self._refusal("Invalid NextToken")
        begin = int(token)
        of_group = [
            (r["Status"]["SubmissionDateTime"], q) for q, r in self.athena._executions.items() if r["WorkGroup"] == name
        ]
        latest = [query_id for _, query_id in sorted(of_group, reverse=True)]
        answer: Request = {"QueryExecutionIds": latest[begin : begin + most]}
        if begin + most < len(latest):
            answer["NextToken"] = str(begin + most)
        return self.athena.json_response(answer)

    def _refusal(self, message: str, code: str = "INVALID_INPUT") -> Any:
        return self.athena.error_response_json("InvalidRequestException", message, 400, extra={"AthenaErrorCode": code})


def _result_configuration(data: Request, settings: dict[str, Any]) -> dict[str, Any]:
    """Where a result goes: the workgroup's place when it enforces its settings, else the client's, else its.

    Source: Athena user guide, "Override client-side settings".
    """
    own, theirs = settings.get("ResultConfiguration") or {}, data.get("ResultConfiguration") or {}
    enforced = settings.get("EnforceWorkGroupConfiguration") or not theirs.get("OutputLocation")
    chosen = dict(own if enforced else theirs)
    location = chosen.get("OutputLocation")
    if not location:
        raise RefusedAtStartError(_NO_LOCATION)
    chosen["OutputLocation"] = f"{location.rstrip('/')}/"
    return chosen

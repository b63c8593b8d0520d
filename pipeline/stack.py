"""The CloudFormation stack: what its outputs are called, how it is made, changed and removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import WaiterError

from pipeline import artifacts
from pipeline.clients import aws_errors, client
from pipeline.errors import CloudError, NotDeployedError
from pipeline.packaging import template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What came of a deployment; refused is the answer of the person who was asked.
Outcome = Literal["deployed", "unchanged", "refused"]

_WAIT = {"Delay": 1, "MaxAttempts": 3600}
_FAILED_CREATION = "ROLLBACK_COMPLETE"
_REVIEW = "REVIEW_IN_PROGRESS"
_CANCELLED = "Resource creation cancelled"
# The short names of the streams, those of orders first.
STREAMS = ("orders", "clicks", "sessions", "sessions-usa", "sessions-international")
_JSONPATHS_KEY = "config/orders-jsonpaths.json"
# In the order of the warehouse delivery's DataTableColumns.
_JSONPATHS = (
    "EventID", "InvoiceNo", "LineNo", "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID", "Country", "ReplayID", "SentAt",
)  # fmt: skip


@dataclass(frozen=True)
class Outputs:
    """The names and addresses of everything that the stack made. There is no second list of them."""

    orders_stream: str
    lake_bucket: str
    lake_database: str
    lake_from: str
    lake_delivery: str
    athena_workgroup: str
    results_bucket: str
    invoices_table: str
    replays_table: str
    views_table: str
    dead_letter_bucket: str
    warehouse_host: str
    warehouse_port: str
    warehouse_database: str
    warehouse_secret: str
    warehouse_ssl: str
    warehouse_delivery: str
    merge_schedule: str
    invoice_writer: str
    clicks_stream: str
    page_views_delivery: str
    clicks_delivery: str
    wikipedia_delivery: str
    active_views_table: str
    sessions_stream: str
    sessions_usa_stream: str
    sessions_international_stream: str
    sessions_usa_delivery: str
    sessions_international_delivery: str
    api_url: str
    api_key_id: str = ""

    @classmethod
    def of(cls, found: Mapping[str, str], stack: str) -> Outputs:
        """From CloudFormation's `OutputKey` to `OutputValue`; raises NotDeployedError when one is missing."""
        values = {field.name: found.get(_pascal(field.name), "") for field in fields(cls)}
        missing = sorted(name for name, value in values.items() if not value and name != "api_key_id")
        if missing:
            message = f"Stack {stack} has no output {', '.join(missing)}: run `python -m pipeline deploy`."
            raise NotDeployedError(message)
        return cls(**values)

    @property
    def streams(self) -> Mapping[str, str]:
        """Each stream's own name by its short one."""
        return {name: getattr(self, f"{name.replace('-', '_')}_stream") for name in STREAMS}


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@cache
def outputs(stack: str) -> Outputs:
    """The outputs of `stack`; asked once a process. Raises NotDeployedError when it is not there."""
    with aws_errors(f"Stack {stack}"):
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return Outputs.of({o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}, stack)


def exists(stack: str) -> bool:
    """Whether `stack` was ever made: neither a change set under review nor a failed creation counts."""
    return status(stack) not in {"", _REVIEW, _FAILED_CREATION}


def status(stack: str) -> str:
    """CloudFormation's word for how `stack` is; empty when there is none of that name."""
    try:
        with aws_errors(f"Stack {stack}"):
            return str(client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except NotDeployedError:
        return ""


def _clear_failed_creation(stack: str) -> None:
    """A stack whose creation failed can only be deleted before it is created anew."""
    if status(stack) == _FAILED_CREATION:
        cloudformation = client("cloudformation")
        with aws_errors(f"Stack {stack}"):
            cloudformation.delete_stack(StackName=stack)
            cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=_WAIT)


def _parameters(stack: str, given: Mapping[str, str], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is given, what the stack has already, and for a new lake the hour in which it begins."""
    known: set[str] = set()
    if exists(stack):
        with aws_errors(f"Stack {stack}"):
            described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        known = {parameter["ParameterKey"] for parameter in described.get("Parameters", [])}
    values: dict[str, str] = dict(given)
    if "LakeFrom" not in known:
        values.setdefault("LakeFrom", datetime.now(UTC).strftime("%Y/%m/%d/%H"))
    kept = known & set(body["Parameters"]) - set(values)
    return [
        *({"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())),
        *({"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)),
    ]


def deploy(
    stack: str,
    parameters: Mapping[str, str],
    approve: Callable[[Sequence[Mapping[str, Any]]], bool] = lambda _changes: True,
) -> Outcome:
    """Create or update `stack` from the template.

    `approve` is shown the change set's changes and may refuse them. Raises BadInputError for a name that cannot be,
    CloudError with the reasons of the resources that failed.
    """
    artifacts.require_name(stack)
    _clear_failed_creation(stack)
    body = template()
    address = artifacts.upload(stack, body)
    cloudformation = client("cloudformation")
    with aws_errors(f"Stack {stack}"):
        kind = "UPDATE" if exists(stack) else "CREATE"
        change_set = cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=f"weir-{datetime.now(UTC):%Y%m%d%H%M%S%f}",
            ChangeSetType=kind,
            TemplateURL=address,
            Parameters=_parameters(stack, parameters, body),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": artifacts.TAG, "Value": stack}],
        )["Id"]
        try:
            changes = _changes(change_set)
        except CloudError:
            _drop(stack, change_set, kind)
            raise
        if not changes:
            _drop(stack, change_set, kind)
        elif not approve(changes):
            _drop(stack, change_set, kind)
            return "refused"
        else:
            _execute(stack, change_set, kind)
        outputs.cache_clear()
        client("s3").put_object(Bucket=outputs(stack).lake_bucket, Key=_JSONPATHS_KEY, Body=_jsonpaths())
    return "deployed" if changes else "unchanged"


def _drop(stack: str, change_set: str, kind: str) -> None:
    """Take a change set back, and the empty stack that came with it."""
    cloudformation = client("cloudformation")
    cloudformation.delete_change_set(ChangeSetName=change_set)
    if kind == "CREATE":
        cloudformation.delete_stack(StackName=stack)


def _changes(change_set: str) -> list[Mapping[str, Any]]:
    """The changes of a change set; none when CloudFormation finds nothing to change."""
    cloudformation = client("cloudformation")
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=change_set, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
        )
    except WaiterError as error:
        reason = str(error.last_response.get("StatusReason", ""))
        if "didn't contain changes" in reason or "No updates" in reason:
            return []
        message = f"The change set was refused: {reason or error}"
        raise CloudError(message) from error
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    return [change["ResourceChange"] for page in pages for change in page["Changes"]]


def _execute(stack: str, change_set: str, kind: str) -> None:
    cloudformation = client("cloudformation")
    cloudformation.execute_change_set(ChangeSetName=change_set)
    waiter = "stack_create_complete" if kind == "CREATE" else "stack_update_complete"
    try:
        cloudformation.get_waiter(waiter).wait(StackName=stack, WaiterConfig=_WAIT)
    except WaiterError as error:
        message = f"Stack {stack} could not be deployed: {failures(stack)}"
        raise CloudError(message) from error


def failures(stack: str) -> str:
    """Why resources of `stack` could not be made, changed or deleted the last time, in the order of happening."""
    reasons: list[str] = []
    with aws_errors(f"Stack {stack}"):
        for event in _last_operation(stack):
            reason = event.get("ResourceStatusReason", "?")
            # What CloudFormation broke off because something else had failed explains nothing.
            if event["ResourceStatus"].endswith("FAILED") and not reason.startswith(_CANCELLED):
                reasons.append(f"{event['LogicalResourceId']}: {reason}")
    return "; ".join(dict.fromkeys(reversed(reasons))) or "CloudFormation gave no reason."


def _last_operation(stack: str) -> Iterator[Mapping[str, Any]]:
    """The events of the last creation, update or deletion, the newest first."""
    pages = client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    for event in (event for page in pages for event in page["StackEvents"]):
        yield event
        itself = event.get("PhysicalResourceId") == event.get("StackId")
        if itself and event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}:
            return


def _jsonpaths() -> bytes:
    """The file that tells COPY which JSON name fills which column."""
    return json.dumps({"jsonpaths": [f"$['{name}']" for name in _JSONPATHS]}, indent=2).encode()

"""Which AWS calls our code makes, read from its source, and which IAM actions these need."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The services that we have clients of, and the prefix of their IAM actions.
PREFIXES = {
    "apigateway": "apigateway",
    "athena": "athena",
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "firehose": "firehose",
    "glue": "glue",
    "kinesis": "kinesis",
    "lambda": "lambda",
    "logs": "logs",
    "resourcegroupstaggingapi": "tag",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sts": "sts",
}
# Where the action is not called as the operation is. [Service authorization reference; S3 user guide, "Required
# permissions for Amazon S3 API operations"; GetCallerIdentity needs none]
_OTHERWISE = {
    "apigateway:GetApiKey": {"apigateway:GET"},
    # An action of a transaction is allowed as the operation that it is; we make updates only. [DynamoDB developer
    # guide, "Amazon DynamoDB Transactions: How it works"]
    "dynamodb:TransactWriteItems": {"dynamodb:UpdateItem"},
    "s3:DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3:HeadBucket": {"s3:ListBucket"},
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "sts:GetCallerIdentity": set(),
}
# Methods that clients of several of these services have, and which one we mean.
_MEANT = {"get_resources": "tag:GetResources"}


def calls(files: Iterable[Path]) -> set[str]:
    """The operations that the code in `files` asks for, such as `s3:ListObjectsV2`."""
    return {operation for file in files for operation in _of_module(file)}


def actions(operations: Iterable[str]) -> set[str]:
    """The IAM actions that the operations need."""
    return {action for operation in operations for action in _OTHERWISE.get(operation, {operation})}


def sources(*places: str) -> list[Path]:
    """The modules at or under each place of the repository."""
    found = [path for place in places for path in ([REPOSITORY / place], (REPOSITORY / place).rglob("*.py"))]
    return sorted({path for group in found for path in group if path.suffix == ".py"})


def _of_module(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = ast.literal_eval(node.args[0]) if node.func.attr == "get_paginator" else node.func.attr
            yield from _operations().get(method, ())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A waiter, wherever it is chosen.
            yield from _waited().get(node.value, ())


@cache
def _operations() -> dict[str, list[str]]:
    """Method of a client to the operations that it may be."""
    found: dict[str, list[str]] = {}
    for service, prefix in PREFIXES.items():
        for operation in _model(service).operation_names:
            found.setdefault(xform_name(operation), []).append(f"{prefix}:{operation}")
    return {method: [_MEANT[method]] if method in _MEANT else names for method, names in found.items()}


def ambiguous() -> set[str]:
    """Methods of which the source does not tell the service."""
    return {method for method, names in _operations().items() if len(names) > 1}


@cache
def _waited() -> dict[str, list[str]]:
    """Waiter to the operation that it asks again and again."""
    found: dict[str, list[str]] = {}
    for service, prefix in PREFIXES.items():
        try:
            model = botocore.session.get_session().get_waiter_model(service)
        except UnknownServiceError:  # also where a service has no waiters
            continue
        for name in model.waiter_names:
            found.setdefault(xform_name(name), []).append(f"{prefix}:{model.get_waiter(name).operation}")
    return found


def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)

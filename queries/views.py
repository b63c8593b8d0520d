"""Saved views: names for what a page shows, kept for everybody who uses the stack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from pipeline.clients import aws_errors
from pipeline.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NAME = 60
_LONGEST_ADDRESS = 2_000


@dataclass(frozen=True)
class View:
    """A `name`, and what stands in the address of `page` for it."""

    page: str
    name: str
    address: Mapping[str, str]


class Views:
    """The table of views: partition key `page`, sort key `name`. Raises errors of pipeline.errors."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table

    def of_page(self, page: str) -> list[View]:
        """Those of one page, by name."""
        found: list[View] = []
        with aws_errors(f"Table {self._table}"):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                # Both are words of DynamoDB's own.
                KeyConditionExpression="#page = :page",
                ExpressionAttributeNames={"#page": "page"},
                ExpressionAttributeValues={":page": {"S": page}},
            )
            for part in pages:
                found += [
                    View(page, item["name"]["S"], dict(parse_qsl(item["address"]["S"]))) for item in part["Items"]
                ]
        return found

    def save(self, page: str, name: str, address: Mapping[str, str]) -> View:
        """Keep `address` under `name`, in place of what had that name. Raises BadInputError for what cannot be one."""
        wanted = " ".join(name.split())
        if not wanted or len(wanted) > _LONGEST_NAME or not wanted.isprintable():
            raise BadInputError(f"A view needs a name of 1 to {_LONGEST_NAME} letters.")
        text = urlencode(address)
        if len(text) > _LONGEST_ADDRESS:
            raise BadInputError("This view has too long an address to be saved. Clear a filter and try again.")
        item = {
            "page": {"S": page},
            "name": {"S": wanted},
            "address": {"S": text},
            "saved_at": {"S": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"},
        }
        with aws_errors(f"Table {self._table}"):
            self._dynamodb.put_item(TableName=self._table, Item=item)
        return View(page, wanted, dict(address))

    def drop(self, view: View) -> None:
        """Forget a view; no error when somebody else did before."""
        key = {"page": {"S": view.page}, "name": {"S": view.name}}
        with aws_errors(f"Table {self._table}"):
            self._dynamodb.delete_item(TableName=self._table, Key=key)

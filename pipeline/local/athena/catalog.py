"""Tables and views as the Glue catalog describes them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.local.athena import types
from pipeline.local.athena.failures import QueryFailure

if TYPE_CHECKING:
    from sqlglot import exp

CATALOG = "awsdatacatalog"
_VIEW_TEXT = re.compile(r"/\*\s*Presto View:\s*([A-Za-z0-9+/=\s]+?)\s*\*/", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """One column; `glue_type` is Hive's word for its type."""

    name: str
    glue_type: str
    comment: str = ""

    @property
    def type(self) -> exp.DataType:
        """Its type."""
        return types.of_glue(self.glue_type)


@dataclass(frozen=True)
class LakeTable:
    """A table over objects in S3. Column names are in lower case, as Athena has them."""

    database: str
    name: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    location: str
    format: str  # parquet, json, csv, ...
    parameters: dict[str, str] = field(compare=False)
    serde: str = ""
    serde_parameters: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns and then the partition keys, as `select *` shows them."""
        return self.columns + self.partition_keys


@dataclass(frozen=True)
class View:
    """A view: its SQL, the database that its bare names mean, and its columns as (name, Trino's type)."""

    database: str
    name: str
    sql: str
    schema: str
    columns: tuple[tuple[str, str], ...]


def lookup(database: str, name: str) -> LakeTable | View | None:
    """What the catalog has under a name; None when it has nothing."""
    entry = _entry(database, name)
    if entry is None:
        return None
    return _view(database, entry) if entry.get("TableType") == "VIRTUAL_VIEW" else _table(database, entry)


def has_database(database: str) -> bool:
    """Whether there is a database of that name."""
    from ministack.services import glue

    return database in glue._databases


def databases() -> list[str]:
    """The names of all databases, sorted."""
    from ministack.services import glue

    return sorted(glue._databases.keys())


def names_in(database: str) -> list[str]:
    """The names of a database's tables and views, sorted."""
    from ministack.services import glue

    return sorted(key.split("/", 1)[1] for key in glue._tables.keys() if key.startswith(f"{database}/"))  # noqa: SIM118


def partitions(table: LakeTable) -> list[tuple[tuple[str, ...], str]]:
    """The partitions that are registered: their values and locations."""
    from ministack.services import glue

    registered = glue._partitions.get(f"{table.database}/{table.name}") or []
    entries = registered.values() if isinstance(registered, dict) else registered
    return [(tuple(entry["Values"]), entry["StorageDescriptor"]["Location"]) for entry in entries]


def save_view(view: View) -> None:
    """Make or replace a view, as Athena stores it in Glue."""
    from ministack.services import glue

    body = {
        "originalSql": view.sql,
        "catalog": CATALOG,
        "schema": view.schema,
        "columns": [{"name": name, "type": kind} for name, kind in view.columns],
    }
    encoded = base64.b64encode(json.dumps(body).encode()).decode()
    hive = [(name, types.of_trino(kind).sql("hive").lower().replace(", ", ",")) for name, kind in view.columns]
    table_input = {
        "Name": view.name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in hive],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    make = glue._create_table if _entry(view.database, view.name) is None else glue._update_table
    status, _headers, answer = make({"DatabaseName": view.database, "TableInput": table_input})
    if status != 200:  # noqa: PLR2004 - OK
        raise QueryFailure(f"GENERIC_INTERNAL_ERROR: Glue refused the view: {answer!r}")


def drop(database: str, name: str) -> None:
    """Remove a table or view from the catalog."""
    from ministack.services import glue

    glue._delete_table({"DatabaseName": database, "Name": name})


def _entry(database: str, name: str) -> dict[str, Any] | None:
    from ministack.services import glue

    found: dict[str, Any] | None = glue._tables.get(f"{database}/{name}")
    if found is None:
        # Glue folds names to lower case; a table made through another door may not have been.
        wanted = f"{database}/{name}".lower()
        found = next((table for key, table in glue._tables.items() if key.lower() == wanted), None)
    return found


def _columns(entries: list[dict[str, Any]] | None) -> tuple[Column, ...]:
    return tuple(Column(e["Name"].lower(), e.get("Type") or "string", e.get("Comment") or "") for e in entries or ())


def _table(database: str, entry: dict[str, Any]) -> LakeTable:
    from ministack.services import athena

    storage = entry.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    return LakeTable(
        database=database,
        name=entry["Name"].lower(),
        columns=_columns(storage.get("Columns")),
        partition_keys=_columns(entry.get("PartitionKeys")),
        location=storage.get("Location") or "",
        format=athena._data_format(entry),
        parameters={str(k): str(v) for k, v in (entry.get("Parameters") or {}).items()},
        serde=serde.get("SerializationLibrary") or "",
        serde_parameters=serde.get("Parameters") or {},
    )


def _view(database: str, entry: dict[str, Any]) -> View:
    name = entry["Name"].lower()
    found = _VIEW_TEXT.search(entry.get("ViewOriginalText") or "")
    if found is None:
        raise QueryFailure(
            f"INVALID_VIEW: View '{CATALOG}.{database}.{name}' is not a Presto view: it has no view text"
        )
    try:
        body = json.loads(base64.b64decode(found.group(1)))
        columns = tuple((column["name"].lower(), column["type"]) for column in body["columns"])
        return View(database, name, body["originalSql"], (body.get("schema") or database).lower(), columns)
    except (ValueError, KeyError, TypeError) as error:
        raise QueryFailure(f"INVALID_VIEW: View '{CATALOG}.{database}.{name}' cannot be read: {error}") from error

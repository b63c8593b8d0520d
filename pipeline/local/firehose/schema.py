"""The column types of a Glue table, as a tree, and what they are in Arrow."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

_SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


class UnsupportedTypeError(ValueError):
    """A column's type cannot be converted, decimals among them: the OpenX SerDe does not read those."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `name` is the Hive type."""

    name: str

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return _SCALARS[self.name]


@dataclass(frozen=True, slots=True)
class Array:
    """`array<item>`."""

    item: Type

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return pa.list_(self.item.arrow)


@dataclass(frozen=True, slots=True)
class Struct:
    """`struct<name:type,...>`."""

    fields: tuple[tuple[str, Type], ...]

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return pa.struct([pa.field(name, kind.arrow) for name, kind in self.fields])


@dataclass(frozen=True, slots=True)
class Map:
    """`map<key,value>`."""

    key: Scalar
    value: Type

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return pa.map_(self.key.arrow, self.value.arrow)


Type = Scalar | Array | Struct | Map


def parse(text: str) -> Type:
    """The type that a Glue column's type string names; raises UnsupportedTypeError."""
    name, bracket, inner = text.strip().partition("<")
    name = name.strip().lower()
    if not bracket:
        # char(n) and varchar(n) are text; their width is not enforced.
        name = "string" if name.partition("(")[0].strip() in {"char", "varchar"} else name
        if name not in _SCALARS:
            raise UnsupportedTypeError(f"Type {text.strip()} cannot be converted from JSON.")
        return Scalar(name)
    if not inner.rstrip().endswith(">"):
        raise UnsupportedTypeError(f"Type {text.strip()} is not well-formed.")
    parts = _split(inner.rstrip()[:-1])
    if name == "array" and len(parts) == 1:
        return Array(parse(parts[0]))
    if name == "map" and len(parts) == 2:  # noqa: PLR2004 - a key and a value
        key = parse(parts[0])
        if isinstance(key, Scalar):
            return Map(key, parse(parts[1]))
    if name == "struct":
        members = [part.partition(":") for part in parts]
        if all(member.strip() and colon for member, colon, _ in members):
            return Struct(tuple((member.strip().strip("`"), parse(kind)) for member, _, kind in members))
    raise UnsupportedTypeError(f"Type {text.strip()} cannot be converted from JSON.")


def _split(inner: str) -> list[str]:
    """`inner` at its top-level commas."""
    parts, depth = [""], 0
    for character in inner:
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts

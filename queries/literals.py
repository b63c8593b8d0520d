"""Athena's execution parameters are SQL literals, not values: this is the one place that writes them."""

from __future__ import annotations


def literal(value: object) -> str:
    """`value` (text or a whole number) as a Trino literal. Raises TypeError for anything else.

    Trino knows no escape in a literal but the doubled quote; a backslash is a backslash.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"No literal for {type(value).__name__}: give the lake text or whole numbers.")
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"

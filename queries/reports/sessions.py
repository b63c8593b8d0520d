"""Browse sessions as the lake holds them, each where its destination's Firehose put it, from Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import Period

DESTINATIONS = ("USA", "International")
_SQL = load("lake")


def by_country(lake: Engine, period: Period) -> Figure:
    """One row per `destination` and `country` (may be None): `sessions`, `products`, `quantity`, `in_cart`.

    Counted are sessions that arrived in the period, each once, the greatest country first.
    """
    return lake.ask(_SQL["sessions_by_country"], first=period.first_hour, last=period.last_hour)

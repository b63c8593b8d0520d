"""How the invented shop's visitors browse: where they come from, which way they take, how long they stay."""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pipeline.replay.sample_catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME, SEARCH, BASKET, CHECKOUT, COMPLETE = "/", "/search", "/basket", "/checkout", "/order-complete"
CATEGORIES = ("kitchen", "lights", "garden", "paper", "gifts", "bath", "sale")
NEWSLETTER = "newsletter"
_SOURCES = {"google": 44, "direct": 24, "instagram": 12, NEWSLETTER: 8, "pinterest": 7, "partner.example": 5}
# Whereto from a kind of page, in parts of a hundred; what is left over leaves the shop.
_WAYS: Mapping[str, Mapping[str, int]] = {
    "entry": {"home": 40, "product": 38, "category": 22},
    "home": {"category": 50, "search": 18, "product": 12},
    "category": {"product": 64, "category": 12, "home": 4},
    "search": {"product": 60, "search": 14},
    "product": {"product": 26, "category": 20, "basket": 16, "home": 5},
    "basket": {"checkout": 46, "product": 22, "home": 4},
    "checkout": {"complete": 66, "basket": 10},
    "complete": {},
}
_STAYS = {"home": 14, "category": 22, "search": 16, "product": 38, "basket": 30, "checkout": 75, "complete": 12}  # s
_LONGEST_STAY_S = 1_500.0
_MOST_STEPS = 60
# Midnight to midnight, Monday to Sunday.
_HOURS = (5, 3, 2, 1, 1, 2, 6, 14, 26, 36, 42, 46, 52, 50, 44, 42, 44, 50, 60, 74, 88, 82, 52, 20)
_WEEK = (1.0, 0.95, 0.95, 1.0, 0.9, 1.1, 1.25)
_STEP = timedelta(minutes=5)
# Now and then a newsletter goes out, or somebody with many followers links to one product.
_BURSTS_A_DAY, _BURST, _BURST_STEPS = 2, 4.0, 4


class Step(NamedTuple):
    """One view of a walk: what, where from, how it was reached, seconds until the next one (None for the last)."""

    page: str
    source: str
    kind: str
    stay: float | None


class Rhythm:
    """Spreads visits over a span: by hour and weekday, good days and bad ones, with bursts.

    Raises ValueError when the span ends before it starts.
    """

    def __init__(self, start: datetime, end: datetime, seed: int) -> None:
        if end <= start:
            raise ValueError(f"the span ends ({end}) before it starts ({start})")
        self._start, self._end = start, end
        weights, self._bursts = [], set[int]()
        day, noise, bursts = None, 1.0, set[int]()
        for number in range(-(-(end - start) // _STEP)):
            moment = start + number * _STEP
            if moment.date() != day:
                day = moment.date()
                chance = random.Random(f"rhythm {seed} {day.toordinal()}")  # noqa: S311 - chance that repeats
                noise, bursts = chance.lognormvariate(0, 0.15), set[int]()
                for _ in range(_BURSTS_A_DAY):
                    first = chance.randrange(8 * 12, 22 * 12)
                    bursts |= set(range(first, first + _BURST_STEPS))
            here = (moment.hour * 60 + moment.minute) // 5
            bursting = here in bursts
            if bursting:
                self._bursts.add(number)
            weights.append(_HOURS[moment.hour] * _WEEK[moment.weekday()] * noise * (_BURST if bursting else 1))
        self._until = list(accumulate(weights))

    def at(self, share: float) -> tuple[datetime, bool]:
        """When `share` (0 to 1) of all visits have begun, and whether that is in a burst; never earlier for more."""
        wanted = share * self._until[-1]
        number = min(bisect_right(self._until, wanted), len(self._until) - 1)
        before = self._until[number - 1] if number else 0.0
        within = (wanted - before) / (self._until[number] - before)
        return min(self._end, self._start + (number + within) * _STEP), number in self._bursts


class Shoppers:
    """The endless run of visits of one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"walks {seed}")  # noqa: S311 - chance that repeats
        products, self._demand = catalogue()
        self._pages = [f"/product/{product.code}" for product in products]
        self._talked_of = self._pages[seed % 40]

    def walk(self, *, burst: bool = False) -> list[Step]:
        """One visit from its way in to its last page."""
        chance = self._chance
        source, kind = _drawn(chance, _SOURCES), "external"
        place = _drawn(chance, _WAYS["entry"])
        page = self._page(place)
        if burst and chance.random() < 0.7:  # noqa: PLR2004 - most of a burst come for the one thing
            source, place, page = NEWSLETTER, "product", self._talked_of
        steps: list[Step] = []
        while len(steps) < _MOST_STEPS:
            following = _drawn(chance, _WAYS[place])
            if not following:
                break
            stay = round(min(_LONGEST_STAY_S, _STAYS[place] * chance.lognormvariate(0, 0.8)), 1)
            steps.append(Step(page, source, kind, stay))
            source, kind, place, page = page, "link", following, self._page(following)
        return [*steps, Step(page, source, kind, None)]

    def _page(self, place: str) -> str:
        if place == "product":
            return self._chance.choices(self._pages, cum_weights=self._demand)[0]
        if place == "category":
            return f"/category/{self._chance.choice(CATEGORIES)}"
        return {"home": HOME, "search": SEARCH, "basket": BASKET, "checkout": CHECKOUT, "complete": COMPLETE}[place]


def _drawn(chance: random.Random, parts: Mapping[str, int]) -> str:
    """One of the names by their parts of a hundred; empty for what is left over."""
    left = chance.random() * 100
    for name, part in parts.items():
        left -= part
        if left < 0:
            return name
    return ""

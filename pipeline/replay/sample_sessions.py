"""Generated browse sessions: one JSON line a session in their senders' shape, of any size; the seed alone decides.

About half of them are from the USA. Some quantities come as texts, some sessions are of nobody in particular.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.replay.sample_catalogue import catalogue
from pipeline.replay.samples import whole

if TYPE_CHECKING:
    from pathlib import Path

USA = "USA"
_CITIES = {
    USA: ("Boston", "New York", "San Francisco", "Las Vegas", "Philadelphia", "Cambridge"),
    "France": ("Nantes", "Paris", "Lyon", "Saint-Étienne"),
    "Germany": ("München", "Köln", "Berlin"),
    "Japan": ("東京", "大阪"),
    "Spain": ("Madrid", "A Coruña"),
    "Australia": ("Melbourne", "Glen Waverly"),
    "UK": ("London", "Manchester"),
}
_ABROAD = tuple(country for country in _CITIES if country != USA)
_FROM_USA, _NOBODY, _AS_TEXT, _IN_CART = 0.5, 0.15, 0.1, 0.28
_MOST_PRODUCTS = 40
_FIRST_CUSTOMER = 103


@dataclass
class Sums:
    """What a file of sessions holds: sessions by country, products viewed, pieces, and those in carts."""

    rows: int = 0
    countries: Counter[str] = field(default_factory=Counter)
    products: int = 0
    pieces: int = 0
    pieces_in_carts: int = 0


def write(path: Path, *, rows: int, seed: int) -> Sums:
    """Write exactly `rows` sessions; gzip for a name in .gz. The same arguments give the same bytes."""
    chance = random.Random(f"sessions {seed}")  # noqa: S311 - chance that repeats
    codes = [product.code for product in catalogue()[0]]
    sums = Sums()
    with whole(path) as file:
        for number in range(rows):
            country = USA if chance.random() < _FROM_USA else chance.choice(_ABROAD)
            history: list[dict[str, object]] = []
            for _ in range(min(_MOST_PRODUCTS, 1 + int(chance.expovariate(0.25)))):
                pieces, in_cart = 1 + int(chance.expovariate(0.6)), chance.random() < _IN_CART
                quantity = str(pieces) if chance.random() < _AS_TEXT else pieces
                history.append(
                    {"product_code": chance.choice(codes), "quantity": quantity, "in_shopping_cart": in_cart}
                )
                sums.products += 1
                sums.pieces += pieces
                sums.pieces_in_carts += pieces if in_cart else 0
            session = {
                "session_id": f"b{seed}-{number}",
                "customer_number": None if chance.random() < _NOBODY else _FIRST_CUSTOMER + chance.randrange(400),
                "city": chance.choice(_CITIES[country]),
                "country": country,
                "credit_limit": chance.randrange(0, 120_000, 100),
                "browse_history": history,
            }
            file.write(json.dumps(session, ensure_ascii=False).encode() + b"\n")
            sums.rows += 1
            sums.countries[country] += 1
    return sums

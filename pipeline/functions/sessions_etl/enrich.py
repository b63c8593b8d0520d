"""A browse session as it goes on: with what its products add up to, and the way that it takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.contracts import event, session, values

if TYPE_CHECKING:
    from collections.abc import Mapping

USA = "USA"
ADDED = (
    "processing_timestamp",
    "overall_product_quantity",
    "overall_in_shopping_cart",
    "total_different_products",
)


def read(data: bytes, *, arrived: str) -> dict[str, object]:
    """A record of the stream as a stamped session; its session_id stays its EventID.

    Our own senders stamp what they send. Others put what they have: their session was sent when it `arrived`
    (a timestamp of the contract). Raises InvalidSessionError.
    """
    try:
        raw = event.parsed(data)
    except ValueError as error:
        raise session.InvalidSessionError([event.Problem("", str(error))]) from error
    found = session.normalise(raw)
    stamped = isinstance(raw, dict) and not values.is_missing(raw.get("SentAt"))
    return session.from_wire(data) if stamped else session.stamp(found, sent_at=event.micros(arrived))


def enriched(found: Mapping[str, object], *, processed: str) -> dict[str, object]:
    """The session with ADDED; `processed` is a timestamp of the contract.

    The quantities are sums over its history, `overall_in_shopping_cart` over what is in the cart;
    `total_different_products` counts different product codes.
    """
    history = found["browse_history"]
    assert isinstance(history, list)  # noqa: S101 - the contract says so
    added = (
        processed,
        sum(product["quantity"] for product in history),
        sum(product["quantity"] for product in history if product["in_shopping_cart"]),
        len({product["product_code"] for product in history}),
    )
    return {**found, **dict(zip(ADDED, added, strict=True))}


def goes_to_usa(found: Mapping[str, object]) -> bool:
    """Whether it takes the way to the USA stream; all others are international, also those of no country."""
    return found["country"] == USA


def to_wire(found: Mapping[str, object]) -> bytes:
    """One line of JSON: what was added stands before the stamps, SentAt last."""
    names = (*session.FIELDS[:-2], *ADDED, *session.FIELDS[-2:])
    pairs = (f"{json.dumps(name)}:{event.fragment(found[name])}" for name in names)
    return ("{" + ",".join(pairs) + "}\n").encode()

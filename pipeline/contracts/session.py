"""The browse session: what one customer looked at in the shop, one event a session.

The names are its senders' own. `normalise` takes a session as people post it and gives the contract's values;
`to_wire` gives the bytes that travel. Unknown names are passed over. Packaged with the functions: nothing but
the standard library.

    EventID          text: the session_id
    session_id       text
    customer_number  int from 1 to 2**63 - 1, or None
    city             text or None
    country          text or None: "USA" goes one way, all else the other
    credit_limit     Decimal, 0 or more, up to 4 decimals; or None
    browse_history   list of up to 400 {"product_code": text, "quantity": int from 0 to 1,000,000,
                     "in_shopping_cart": bool}
    ReplayID         text or None; set by our own code
    SentAt           text, UTC `YYYY-MM-DD HH:MM:SS.ffffff`; likewise

Texts hold at most 1,000 bytes of UTF-8. Numbers are taken as texts, too; `in_shopping_cart` also as 0, 1,
"true" or "false".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipeline.contracts import event, values
from pipeline.contracts.event import MISSING, InvalidEventError, Problem, stamp

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "FIELDS", "HISTORY_FIELDS", "MAX_PRODUCTS", "InvalidSessionError", "Problem", "from_wire", "normalise",
    "partition_key", "stamp", "to_wire",
]  # fmt: skip

FIELDS = (
    "EventID", "session_id", "customer_number", "city", "country", "credit_limit", "browse_history", "ReplayID",
    "SentAt",
)  # fmt: skip
HISTORY_FIELDS = ("product_code", "quantity", "in_shopping_cart")
# With the longest codes, each byte of them escaped, a record stays below Firehose's 1,000 KiB; and the
# greatest sum of quantities is an int.
MAX_PRODUCTS = 400
MAX_QUANTITY = 1_000_000

_TRUTHS: Mapping[object, bool] = {"true": True, "false": False, "1": True, "0": False}
_WIRE = "{" + ",".join(f'"{name}":%s' for name in FIELDS) + "}\n"


class InvalidSessionError(InvalidEventError):
    """A session that the contract refuses; a problem in its history is at `browse_history[2].quantity`."""


def normalise(raw: object) -> dict[str, object]:
    """The contract's values of a posted session: every name of FIELDS but ReplayID and SentAt.

    What normalise gives, it takes and gives again unchanged. Raises InvalidSessionError with every problem.
    """
    if not isinstance(raw, Mapping):
        raise InvalidSessionError([Problem("", f"{values.shown(raw)} is not a JSON object")])
    problems: list[Problem] = []
    session: dict[str, object] = dict.fromkeys(FIELDS[:-2])
    for name, (rule, optional) in _RULES.items():
        session[name] = _taken(raw, name, rule, problems, optional=optional)
    session["EventID"] = session["session_id"]
    session["browse_history"] = _history(raw.get("browse_history"), problems)
    if problems:
        raise InvalidSessionError(problems)
    return session


def to_wire(session: Mapping[str, object]) -> bytes:
    """A stamped session as one line of JSON in UTF-8, newline at its end."""
    if session["EventID"] is None or session["SentAt"] is None:
        message = "an event needs an EventID and a SentAt before it is sent"
        raise ValueError(message)
    return (_WIRE % tuple(event.fragment(session[name]) for name in FIELDS)).encode()


def from_wire(data: bytes | str) -> dict[str, object]:
    """A record of the stream as a stamped session.

    Raises InvalidSessionError for anything that `to_wire` does not write.
    """
    try:
        raw = event.parsed(data)
    except ValueError as error:
        raise InvalidSessionError([Problem("", str(error))]) from error
    session = normalise(raw)
    assert isinstance(raw, Mapping)  # noqa: S101 - normalise takes nothing else
    replay_id, sent_at, problems = event.stamps(raw)
    if problems:
        raise InvalidSessionError(problems)
    return stamp(session, sent_at=sent_at, replay_id=replay_id)


def partition_key(session: Mapping[str, object]) -> str:
    """The session_id, cut to Kinesis's limit."""
    return str(session["session_id"])[: event.MAX_PARTITION_KEY]


def _taken(
    raw: Mapping[str, object],
    name: str,
    rule: Callable[[object], object],
    problems: list[Problem],
    *,
    optional: bool = False,
    at: str = "",
) -> object:
    """The rule's value of a name; None, and a problem at `at` and the name, where there is none."""
    given = raw.get(name)
    if values.is_missing(given):
        if not optional:
            problems.append(Problem(at + name, MISSING))
        return None
    try:
        return rule(given)
    except ValueError as error:
        problems.append(Problem(at + name, str(error)))
        return None


def _history(raw: object, problems: list[Problem]) -> list[dict[str, object]]:
    if raw is None:
        problems.append(Problem("browse_history", MISSING))
        return []
    if not isinstance(raw, list):
        problems.append(Problem("browse_history", f"{values.shown(raw)} is not a list"))
        return []
    if len(raw) > MAX_PRODUCTS:
        problems.append(Problem("browse_history", f"has {len(raw)} products, more than {MAX_PRODUCTS}"))
        return []
    products: list[dict[str, object]] = []
    for index, product in enumerate(raw):
        at = f"browse_history[{index}]"
        if not isinstance(product, Mapping):
            problems.append(Problem(at, f"{values.shown(product)} is not a JSON object"))
            continue
        rules = _HISTORY_RULES.items()
        products.append({name: _taken(product, name, rule, problems, at=f"{at}.") for name, rule in rules})
    return products


def _limit(raw: object) -> Decimal:
    limit = values.price(raw)
    if limit < 0:
        raise values.refused(raw, "is negative")
    return limit


def _truth(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else str(raw) if isinstance(raw, int) and 0 <= raw <= 1 else None
    if word not in _TRUTHS:
        raise values.refused(raw, "is neither true nor false")
    return _TRUTHS[word]


_RULES: Mapping[str, tuple[Callable[[object], object], bool]] = {
    "session_id": (values.key_text, False),
    "customer_number": (lambda raw: values.whole_number(raw, 1, values.INT64_MAX), True),
    "city": (values.key_text, True),
    "country": (values.key_text, True),
    "credit_limit": (_limit, True),
}
_HISTORY_RULES: Mapping[str, Callable[[object], object]] = {
    "product_code": values.key_text,
    "quantity": lambda raw: values.whole_number(raw, 0, MAX_QUANTITY),
    "in_shopping_cart": _truth,
}

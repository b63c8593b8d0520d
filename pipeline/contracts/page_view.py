"""The page view (click): one page that somebody looked at, or Wikipedia's count of readers from one page to another.

`normalise` takes a view as senders write it and gives the contract's values; `to_wire` gives the bytes that
travel. Unknown names are passed over. Packaged with the functions: nothing but the standard library.

    EventID     text; the sender's, or made by the receiver from its request
    OccurredAt  text, UTC `YYYY-MM-DD HH:MM:SS`, fractions allowed; not before 1970, not more than a day ahead
    SessionID   text or None
    Page        text: what was viewed
    Source      text or None: where from
    Kind        link, external, other or menu
    Count       int from 1 to 2**31 - 1: views that this event stands for
    TimeSpent   Decimal seconds, 0 or more, up to 6 decimals; or None
    ReplayID    text or None; set by our own code
    SentAt      text, UTC `YYYY-MM-DD HH:MM:SS.ffffff`; likewise

Three shapes are taken: these names; menu clicks (`element_clicked`, `time_spent`, `source_menu`, `created_at` or
`createdAt`, Kind menu); Wikipedia's clickstream (`prev`, `curr`, `type`, `n`), which knows no time: it is
the time of arrival. Dates come with hyphens or dashes, numbers also as texts. Texts hold at most 1,000
bytes of UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pipeline.contracts import event, values
from pipeline.contracts.event import MISSING, InvalidEventError, Problem, stamp

__all__ = [
    "FIELDS", "KINDS", "TSV_FIELDS", "InvalidPageViewError", "Problem", "cells", "from_tsv", "from_wire", "named",
    "normalise",
    "partition_key", "stamp", "to_wire",
]  # fmt: skip

FIELDS = (
    "EventID", "OccurredAt", "SessionID", "Page", "Source", "Kind", "Count", "TimeSpent", "ReplayID", "SentAt",
)  # fmt: skip
KINDS = ("link", "external", "other", "menu")
# Wikipedia's columns, then those that our own replays append: a resend is the same event then.
TSV_FIELDS = ("prev", "curr", "type", "n", "EventID", "ReplayID", "SentAt")
_WIKIPEDIA = 4

# The first name that holds something counts.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "OccurredAt": ("OccurredAt", "created_at", "createdAt"),
    "SessionID": ("SessionID",),
    "Page": ("Page", "element_clicked", "curr"),
    "Source": ("Source", "source_menu", "prev"),
    "Kind": ("Kind", "type"),
    "Count": ("Count", "n"),
    "TimeSpent": ("TimeSpent", "time_spent"),
}
# Hyphen, non-breaking hyphen, figure, en and em dash, minus: what word processors make of a date's hyphens.
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_AHEAD = timedelta(days=1)  # a sender's clock may be wrong, or tell its own zone's time
_LONGEST_TIME = Decimal(values.INT32_MAX)  # seconds
_MICRO = Decimal("0.000001")
_ROUNDED = Context(prec=40, rounding=ROUND_HALF_EVEN)
_WIRE = "{" + ",".join(f'"{name}":%s' for name in FIELDS) + "}\n"


class InvalidPageViewError(InvalidEventError):
    """A view that the contract refuses."""


def normalise(
    raw: object, *, new_id: str | None = None, arrived: str | None = None, now: datetime | None = None
) -> dict[str, object]:
    """The contract's values of a view: every name of FIELDS but ReplayID and SentAt.

    EventID is the given one, or `new_id`. `arrived` (a timestamp of the contract) is the time of a view in
    Wikipedia's shape; any other must tell its own. `now` (aware; the clock's) bounds what lies ahead. What
    normalise gives, it takes and gives again unchanged.

    Raises InvalidPageViewError with every problem.
    """
    if not isinstance(raw, Mapping):
        raise InvalidPageViewError([Problem("", f"{values.shown(raw)} is not a JSON object")])
    problems: list[Problem] = []
    view: dict[str, object] = dict.fromkeys(FIELDS[:-2])
    try:
        view["EventID"] = new_id if values.is_missing(raw.get("EventID")) else event.given_id(raw["EventID"])
    except ValueError as error:
        problems.append(Problem("EventID", str(error)))
    for name, names in _NAMES.items():
        given = next((other for other in names if not values.is_missing(raw.get(other))), None)
        try:
            if given is not None:
                view[name] = _value(name, raw[given], now)
            else:
                view[name] = _default(name, raw, arrived)
        except ValueError as error:
            problems.append(Problem(given or name, str(error)))
    if problems:
        raise InvalidPageViewError(problems)
    return view


def named(raw: Mapping[str, object]) -> dict[str, object]:
    """A view's values as they were given, by the contract's names; without those that hold nothing."""
    found = {name: next((raw[one] for one in names if not values.is_missing(raw.get(one))), None)
             for name, names in _NAMES.items()}  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def from_tsv(line: str) -> dict[str, object]:
    """A line of Wikipedia's clickstream as `normalise` takes it, with ReplayID and SentAt where it has them.

    Raises InvalidPageViewError when the number of columns is wrong, or one of Wikipedia's is empty: it has a word for
    everything, also for a reader from nowhere (`other-empty`).
    """
    found = cells(line)
    problems = [Problem(name, MISSING) for name in TSV_FIELDS[:_WIKIPEDIA] if values.is_missing(found[name])]
    if problems:
        raise InvalidPageViewError(problems)
    return found


def cells(line: str) -> dict[str, object]:
    """The columns of such a line, filled or not.

    Raises InvalidPageViewError when their number is wrong.
    """
    held = line.rstrip("\r\n").split("\t")
    if len(held) not in (_WIKIPEDIA, len(TSV_FIELDS)):
        reason = f"{values.shown(line)} has {len(held)} columns, and not prev, curr, type and n between tabs"
        raise InvalidPageViewError([Problem("", reason)])
    return dict(zip(TSV_FIELDS, held, strict=False))


def to_wire(view: Mapping[str, object]) -> bytes:
    """A stamped view as one line of JSON in UTF-8, newline at its end."""
    if view["EventID"] is None or view["SentAt"] is None:
        message = "an event needs an EventID and a SentAt before it is sent"
        raise ValueError(message)
    return (_WIRE % tuple(event.fragment(view[name]) for name in FIELDS)).encode()


def from_wire(data: bytes | str) -> dict[str, object]:
    """A record of the stream as a stamped view.

    Raises InvalidPageViewError for anything that `to_wire` does not write.
    """
    try:
        raw = event.parsed(data)
    except ValueError as error:
        raise InvalidPageViewError([Problem("", str(error))]) from error
    view = normalise(raw)
    assert isinstance(raw, Mapping)  # noqa: S101 - normalise takes nothing else
    problems = [] if view["EventID"] is not None else [Problem("EventID", MISSING)]
    replay_id, sent_at, bad_stamps = event.stamps(raw)
    if problems or bad_stamps:
        raise InvalidPageViewError(problems + bad_stamps)
    return stamp(view, sent_at=sent_at, replay_id=replay_id)


def partition_key(view: Mapping[str, object]) -> str:
    """SessionID: a session's views stay in their order; EventID for a view without one; cut to Kinesis's limit."""
    return str(view["SessionID"] or view["EventID"])[: event.MAX_PARTITION_KEY]


def _value(name: str, raw: object, now: datetime | None) -> object:
    if name == "OccurredAt":
        return _moment(raw, now)
    if name == "Kind":
        return _kind(raw)
    if name == "Count":
        return values.whole_number(raw, 1, values.INT32_MAX)
    if name == "TimeSpent":
        return _seconds(raw)
    return values.key_text(raw)


def _default(name: str, raw: Mapping[str, object], arrived: str | None) -> object:
    if name == "Count":
        return 1
    if name == "Kind":
        return "menu" if "element_clicked" in raw else "other"
    if name in {"SessionID", "Source", "TimeSpent"}:
        return None
    if name == "OccurredAt" and "curr" in raw and arrived is not None:
        return arrived
    raise ValueError(MISSING)


def _moment(raw: object, now: datetime | None) -> str:
    text = values.timestamp(raw.translate(_DASHES) if isinstance(raw, str) else raw)
    latest = (now or datetime.now(UTC)).astimezone(UTC) + _AHEAD
    if datetime.fromisoformat(text).replace(tzinfo=UTC) > latest:
        raise values.refused(raw, "lies in the future")
    return text


def _kind(raw: object) -> str:
    kind = raw.strip().lower() if isinstance(raw, str) else raw
    if kind not in KINDS or not isinstance(kind, str):
        raise values.refused(raw, f"is not one of {', '.join(KINDS)}")
    return kind


def _seconds(raw: object) -> Decimal:
    number = values.decimal(raw)
    if number < 0:
        raise values.refused(raw, "is negative")
    if number > _LONGEST_TIME:
        raise values.refused(raw, f"is more than {values.INT32_MAX} seconds")
    kept = format(number.quantize(_MICRO, context=_ROUNDED), "f")
    return Decimal(kept.rstrip("0").rstrip("."))

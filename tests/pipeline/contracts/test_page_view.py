"""The page view: the shapes that senders write, what is refused and why, and the bytes that travel."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.page_view import (
    FIELDS,
    KINDS,
    InvalidPageViewError,
    from_tsv,
    from_wire,
    normalise,
    partition_key,
    stamp,
    to_wire,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SENT_AT = "2026-01-02 03:04:05.000678"
ARRIVED = "2026-01-02 03:04:05"
MENU_CLICK = {
    "element_clicked": "entree_1",
    "time_spent": 67,
    "source_menu": "restaurant_name",
    "created_at": "2022-09-11 23:00:00",
}
VIEW = {
    "EventID": "req-0",
    "OccurredAt": "2022-09-11 23:00:00",
    "SessionID": None,
    "Page": "entree_1",
    "Source": "restaurant_name",
    "Kind": "menu",
    "Count": 1,
    "TimeSpent": Decimal(67),
}


def click(**changes: object) -> dict[str, object]:
    return {**MENU_CLICK, **changes}


def reason(field: str, value: object) -> str:
    with pytest.raises(InvalidPageViewError) as caught:
        normalise(click(**{field: value}), new_id="req-0", now=NOW)
    assert [problem.field for problem in caught.value.problems] == [field]
    return caught.value.problems[0].reason


@pytest.mark.parametrize("dash", "-\u2010\u2011\u2012\u2013\u2014\u2212")
@pytest.mark.parametrize("name", ["created_at", "createdAt"])
def test_a_menu_click_in_every_wild_form(name: str, dash: str) -> None:
    sent = {key: value for key, value in MENU_CLICK.items() if key != "created_at"}
    sent |= {name: f"2022{dash}09{dash}11 23:00:00", "time_spent": "67"}
    assert normalise(sent, new_id="req-0") == VIEW


def test_the_contracts_own_names() -> None:
    sent = {
        "EventID": "v-1",
        "OccurredAt": "2026-01-02T03:04:05.25Z",
        "SessionID": "s-1",
        "Page": "/cart",
        "Source": "/home",
        "Kind": "link",
        "Count": "3",
        "TimeSpent": "1.5",
    }
    assert normalise(sent, now=NOW) == {
        **sent,
        "OccurredAt": "2026-01-02 03:04:05.250000",
        "Count": 3,
        "TimeSpent": Decimal("1.5"),
    }


def test_what_a_view_may_leave_out() -> None:
    view = normalise({"OccurredAt": ARRIVED, "Page": "/"}, now=NOW)
    assert view == {**dict.fromkeys(FIELDS[:-2]), "OccurredAt": ARRIVED, "Page": "/", "Kind": "other", "Count": 1}


def test_wikipedias_clickstream() -> None:
    view = normalise(from_tsv("other-search\tAda_Lovelace\texternal\t4711\n"), new_id="rec-0", arrived=ARRIVED)
    assert view == {
        "EventID": "rec-0",
        "OccurredAt": ARRIVED,
        "SessionID": None,
        "Page": "Ada_Lovelace",
        "Source": "other-search",
        "Kind": "external",
        "Count": 4711,
        "TimeSpent": None,
    }


def test_a_replayed_line_brings_its_id_and_stamps() -> None:
    sent = from_tsv(f"A\tB\tlink\t12\tw-1-7\tr-1\t{SENT_AT}\r\n")
    assert (sent["ReplayID"], sent["SentAt"]) == ("r-1", SENT_AT)
    assert normalise(sent, new_id="rec-0", arrived=ARRIVED)["EventID"] == "w-1-7"


@pytest.mark.parametrize("line", ["", "A\tB\tlink", "A\tB\tlink\t1\textra", "A B link 1", "\t" * 7])
def test_lines_with_other_columns_are_refused(line: str) -> None:
    with pytest.raises(InvalidPageViewError, match="columns"):
        from_tsv(line)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("A\tB\tlink\t", ["n"]),
        ("A\tB\t\t5", ["type"]),
        ("A\t \tlink\t5", ["curr"]),
        ("\tB\t\t", ["prev", "type", "n"]),
        (f"A\tB\tlink\t\tw-1-7\tr-1\t{SENT_AT}", ["n"]),
    ],
)
def test_every_column_of_wikipedias_holds_something(line: str, fields: list[str]) -> None:
    with pytest.raises(InvalidPageViewError) as error:
        from_tsv(line)
    assert error.value.problems == [(field, "is missing") for field in fields]


def test_only_wikipedias_shape_takes_the_time_of_arrival() -> None:
    with pytest.raises(InvalidPageViewError, match="OccurredAt: is missing"):
        normalise({"element_clicked": "entree_1"}, new_id="x", arrived=ARRIVED)
    with pytest.raises(InvalidPageViewError, match="OccurredAt: is missing"):
        normalise({"prev": "A", "curr": "B", "type": "link", "n": 1}, new_id="x")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("created_at", "1890-09-11 23:00:00", "is not in the years 1970 to 2099"),
        ("created_at", "2090\u201309\u201311 23:00:00", "lies in the future"),
        ("created_at", "2026-01-03 03:04:06", "lies in the future"),
        ("created_at", "2022-02-30 23:00:00", "does not exist"),
        ("created_at", 1662937200, "is not a date"),
        ("time_spent", -1, "is negative"),
        ("time_spent", "-0.5", "is negative"),
        ("time_spent", 2**31, "is more than"),
        ("time_spent", float("nan"), "is not a number"),
        ("time_spent", "a while", "is not a decimal number"),
        ("time_spent", True, "is not a number"),
        ("Count", 0, "is not between"),
        ("n", "1.5", "is not a whole number"),
        ("type", "redirect", "is not one of link, external, other, menu"),
        ("Kind", ["link"], "is not one of"),
        ("element_clicked", "x" * 1001, "is longer than 1000 bytes"),
        ("element_clicked", "£" * 501, "is longer than 1000 bytes"),
        ("element_clicked", "x" * 300_000, "is longer than 1000 bytes"),
        ("element_clicked", "a\0b", "U+0000"),
        ("element_clicked", {"a": 1}, "is not a text"),
        ("source_menu", "a\nb", "U+000A"),
        ("SessionID", "\ud800", "U+D800"),
        ("EventID", 7, "is not a text"),
        ("EventID", " 7", "has outer spaces"),
        ("EventID", "x" * 1001, "is longer than 1000 bytes"),
    ],
)
def test_refusals_say_why(field: str, value: object, why: str) -> None:
    assert why in reason(field, value)


def test_a_click_without_a_page() -> None:
    with pytest.raises(InvalidPageViewError, match="Page: is missing"):
        normalise(click(element_clicked=None), new_id="req-0")


def test_every_problem_is_named() -> None:
    with pytest.raises(InvalidPageViewError) as caught:
        normalise({"time_spent": -1, "created_at": "never", "n": "many"})
    assert [problem.field for problem in caught.value.problems] == ["created_at", "Page", "n", "time_spent"]


@pytest.mark.parametrize(
    "text",
    ["🍕🍝", "قائمة الطعام", "<script>alert(1)</script>", "'; DROP TABLE page_views; --", 'say "hi" \\ {}', "日本語"],
)
def test_any_text_is_kept_as_text(text: str) -> None:
    sent = click(element_clicked=text, source_menu=text, SessionID=text, EventID=text)
    view = from_wire(to_wire(stamp(normalise(sent), sent_at=SENT_AT)))
    assert [view[name] for name in ("Page", "Source", "SessionID", "EventID")] == [text] * 4


@pytest.mark.parametrize("raw", [None, 5, "text", [], [MENU_CLICK]])
def test_anything_but_an_object_is_refused(raw: object) -> None:
    with pytest.raises(InvalidPageViewError, match="is not a JSON object"):
        normalise(raw)


def test_the_wire_line_byte_for_byte() -> None:
    event = stamp(normalise(click(element_clicked='A "£"'), new_id="req-0"), sent_at=SENT_AT, replay_id="r-1")
    assert to_wire(event).decode() == (
        '{"EventID":"req-0","OccurredAt":"2022-09-11 23:00:00","SessionID":null,"Page":"A \\"£\\"",'
        '"Source":"restaurant_name","Kind":"menu","Count":1,"TimeSpent":67,"ReplayID":"r-1",'
        f'"SentAt":"{SENT_AT}"}}\n'
    )


def test_a_session_keeps_to_one_shard_and_views_without_one_spread() -> None:
    assert partition_key({"SessionID": "s-1", "EventID": "v-1"}) == "s-1"
    assert partition_key({"SessionID": None, "EventID": "v-1"}) == "v-1"
    assert partition_key({"SessionID": "x" * 1000, "EventID": "v-1"}) == "x" * 256


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not json", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'{"OccurredAt":"2022-09-11 23:00:00","Page":"/"}', "EventID: is missing; SentAt: "),
    ],
)
def test_records_that_are_no_view(data: bytes, why: str) -> None:
    with pytest.raises(InvalidPageViewError, match=why):
        from_wire(data)


def test_a_view_needs_an_id_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="needs an EventID"):
        to_wire(stamp(normalise(MENU_CLICK), sent_at=SENT_AT))


_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)
_VIEWS = st.fixed_dictionaries(
    {"OccurredAt": st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 2)).map(str), "Page": _TEXT},  # noqa: DTZ001
    optional={
        "SessionID": _TEXT,
        "Source": st.none() | _TEXT,
        "Kind": st.sampled_from(KINDS),
        "Count": st.integers(1, 2**31 - 1),
        "TimeSpent": st.none() | st.floats(0, 2**31 - 1) | st.decimals(0, 10**6, places=3),
    },
)


@_PATIENT
@given(_VIEWS)
def test_what_goes_out_comes_back(raw: dict[str, object]) -> None:
    event = stamp(normalise(raw, new_id="v-1"), sent_at=SENT_AT, replay_id="r-1")
    wire = to_wire(event)
    assert wire.count(b"\n") == 1
    assert from_wire(wire) == event
    assert to_wire(from_wire(wire)) == wire
    assert json.loads(wire, parse_float=Decimal) == event


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.decimals()
    | st.sampled_from(["2022\u201309\u201311 23:00:00", "2010-12-01 08:26:00", "6", "2.55", "link", "entree_1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_NAMES = [*FIELDS, *MENU_CLICK, "createdAt", "prev", "curr", "type", "n", "other"]


@_PATIENT
@given(st.dictionaries(st.sampled_from(_NAMES), _ANYTHING), st.sampled_from([{}, MENU_CLICK]))
def test_whatever_is_posted_is_held_or_refused(posted: dict[str, Any], rest: dict[str, Any]) -> None:
    try:
        view = normalise({**rest, **posted}, new_id="req-0", arrived=ARRIVED)
    except InvalidPageViewError as error:
        problems = error.problems
    else:
        every_sink_holds(view)
        return
    assert problems


def every_sink_holds(view: dict[str, Any]) -> None:
    assert normalise(view) == view
    assert all(view[name] is not None for name in ("EventID", "OccurredAt", "Page", "Kind", "Count"))
    for name in ("EventID", "SessionID", "Page", "Source"):
        text = view[name]
        assert text is None or (isinstance(text, str) and text and "\0" not in text and len(text.encode()) <= 1000)
    assert view["Kind"] in KINDS
    assert isinstance(view["Count"], int)
    assert 1 <= view["Count"] < 2**31
    spent = view["TimeSpent"]
    assert spent is None or (isinstance(spent, Decimal) and 0 <= spent < 2**31)
    assert to_wire(stamp(view, sent_at=SENT_AT)).count(b"\n") == 1

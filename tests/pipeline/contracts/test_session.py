"""The browse session: what is taken, what is refused and why, and the bytes that travel."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.session import (
    FIELDS,
    MAX_PRODUCTS,
    InvalidSessionError,
    from_wire,
    normalise,
    partition_key,
    stamp,
    to_wire,
)

SENT_AT = "2026-01-02 03:04:05.000678"
PRODUCT = {"product_code": "S10_1678", "quantity": 2, "in_shopping_cart": True}
SESSION = {
    "session_id": "a1",
    "customer_number": 103,
    "city": "Nantes",
    "country": "France",
    "credit_limit": 21000.0,
    "browse_history": [PRODUCT, {"product_code": "S18_1749", "quantity": "3", "in_shopping_cart": False}],
}


def session(**changes: object) -> dict[str, object]:
    return {**SESSION, **changes}


def problems(raw: object) -> list[str]:
    with pytest.raises(InvalidSessionError) as caught:
        normalise(raw)
    return list(map(str, caught.value.problems))


def test_a_session_as_it_is_posted() -> None:
    assert normalise(SESSION) == {
        "EventID": "a1",
        **SESSION,
        "credit_limit": Decimal(21000),
        "browse_history": [PRODUCT, {"product_code": "S18_1749", "quantity": 3, "in_shopping_cart": False}],
    }


def test_its_id_is_the_session_id_whatever_a_sender_says() -> None:
    assert normalise(session(EventID="forged"))["EventID"] == "a1"
    assert partition_key(normalise(SESSION)) == "a1"


def test_numbers_and_truths_as_texts() -> None:
    sent = session(
        customer_number="103.0",
        credit_limit="21000",
        browse_history=[{"product_code": 10, "quantity": 2.0, "in_shopping_cart": " True "}],
    )
    held = normalise(sent)
    assert (held["customer_number"], held["credit_limit"]) == (103, Decimal(21000))
    assert held["browse_history"] == [{"product_code": "10", "quantity": 2, "in_shopping_cart": True}]


def test_what_a_session_may_leave_out() -> None:
    assert normalise({"session_id": "a1", "browse_history": []}) == {
        **dict.fromkeys(FIELDS[:-2]),
        "EventID": "a1",
        "session_id": "a1",
        "browse_history": [],
    }


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (session(session_id=None), ["session_id: is missing"]),
        (session(session_id="x" * 1001), ["session_id: ", "is longer than 1000 bytes"]),
        (session(customer_number=0), ["customer_number: 0 is not between 1 and"]),
        (session(credit_limit=-1), ["credit_limit: -1 is negative"]),
        (session(city=["Nantes"]), ["city: ['Nantes'] is not a text"]),
        (session(browse_history=None), ["browse_history: is missing"]),
        (session(browse_history="[]"), ["browse_history: '[]' is not a list"]),
        (session(browse_history=[PRODUCT] * 401), ["browse_history: has 401 products, more than 400"]),
        (session(browse_history=[PRODUCT, 5]), ["browse_history[1]: 5 is not a JSON object"]),
        (session(browse_history=[{**PRODUCT, "quantity": "-1"}]), ["browse_history[0].quantity: '-1' is not between"]),
        (session(browse_history=[{**PRODUCT, "in_shopping_cart": 2}]), ["browse_history[0].in_shopping_cart: 2 is"]),
        (session(browse_history=[{"quantity": 1, "in_shopping_cart": 1}]), ["browse_history[0].product_code: is miss"]),
        ([SESSION], ["is not a JSON object"]),
    ],
)
def test_refusals_say_where_and_why(raw: object, why: list[str]) -> None:
    (told,) = problems(raw)
    assert all(part in told for part in why)


def test_every_problem_is_named() -> None:
    assert len(problems({"credit_limit": "much", "browse_history": [{}, PRODUCT]})) == 5


def test_the_largest_session_fits_firehose() -> None:
    product = {"product_code": '"' * 1000, "quantity": 1_000_000, "in_shopping_cart": False}
    wire = to_wire(stamp(normalise(session(browse_history=[product] * MAX_PRODUCTS)), sent_at=SENT_AT))
    assert 800_000 < len(wire) < 1000 * 1024


def test_the_wire_line_byte_for_byte() -> None:
    event = stamp(normalise(session(city='"Nantes" é')), sent_at=SENT_AT, replay_id="r-1")
    assert to_wire(event).decode() == (
        '{"EventID":"a1","session_id":"a1","customer_number":103,"city":"\\"Nantes\\" é","country":"France",'
        '"credit_limit":21000,"browse_history":[{"product_code":"S10_1678","quantity":2,"in_shopping_cart":true},'
        '{"product_code":"S18_1749","quantity":3,"in_shopping_cart":false}],"ReplayID":"r-1",'
        f'"SentAt":"{SENT_AT}"}}\n'
    )


def test_a_record_needs_its_stamps() -> None:
    with pytest.raises(InvalidSessionError, match="SentAt: "):
        from_wire(json.dumps(SESSION))
    with pytest.raises(InvalidSessionError, match="is not JSON"):
        from_wire(b"{")
    with pytest.raises(ValueError, match="needs an EventID"):
        to_wire({**stamp(normalise(SESSION), sent_at=SENT_AT), "SentAt": None})


_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
_SESSIONS = st.fixed_dictionaries(
    {
        "session_id": _TEXT,
        "browse_history": st.lists(
            st.fixed_dictionaries(
                {
                    "product_code": _TEXT,
                    "quantity": st.integers(0, 1_000_000) | st.integers(0, 1_000_000).map(str),
                    "in_shopping_cart": st.booleans(),
                }
            ),
            max_size=5,
        ),
    },
    optional={
        "customer_number": st.none() | st.integers(1, 2**63 - 1),
        "city": st.none() | _TEXT,
        "country": st.none() | _TEXT,
        "credit_limit": st.none() | st.decimals(0, 10**8 - 1, places=2),
    },
)


@_PATIENT
@given(_SESSIONS)
def test_what_goes_out_comes_back(raw: dict[str, object]) -> None:
    event = stamp(normalise(raw), sent_at=SENT_AT, replay_id="r-1")
    wire = to_wire(event)
    assert wire.count(b"\n") == 1
    assert from_wire(wire) == event
    assert json.loads(wire, parse_float=Decimal) == event


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(PRODUCT),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PRODUCT, "other"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@_PATIENT
@given(st.dictionaries(st.sampled_from(FIELDS), _ANYTHING), st.sampled_from([{}, SESSION]))
def test_whatever_is_posted_is_held_or_refused(posted: dict[str, Any], rest: dict[str, Any]) -> None:
    try:
        held = normalise({**rest, **posted})
    except InvalidSessionError as error:
        problems = error.problems
    else:
        assert normalise(held) == held
        assert from_wire(to_wire(stamp(held, sent_at=SENT_AT))) == stamp(held, sent_at=SENT_AT)
        return
    assert problems

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import BadInputError
from queries.loader import Query, load
from queries.period import Period
from queries.scope import Scope, parse_hour, parse_name, parse_step, parse_weekday
from queries.selection import Selection, end_of, parse_compare, start_of, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from queries.period import By
    from queries.selection import Compare

moment = datetime.fromisoformat
YEAR = Period(date(2011, 1, 1), date(2011, 12, 31))


def test_a_scope_binds_what_a_query_takes_and_sunday_is_zero() -> None:
    scope = replace(Scope.of(YEAR), country="France", weekday=7, hour=12)
    found = scope.bound(load("warehouse")["sales_by_period"], by="month")
    assert found == {
        "since": moment("2011-01-01"),
        "until": moment("2012-01-01"),
        "country": "France",
        "dow": 0,
        "hour_of_day": 12,
        "by": "month",
    }


def test_a_filter_is_never_ignored() -> None:
    query = Query("q", "warehouse", "One row.", "select :since, :until", ("since", "until"))
    assert Scope.of(YEAR).bound(query)
    for narrowed in ({"country": "France"}, {"weekday": 1}, {"hour": 0}, {"product": "DOT"}, {"customer": "1"}):
        with pytest.raises(TypeError, match="cannot be narrowed by"):
            replace(Scope.of(YEAR), **narrowed).bound(query)
        assert replace(Scope.of(YEAR), **narrowed).without(*narrowed) == Scope.of(YEAR)


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (parse_weekday, {"1": 1, "7": 7}, ["0", "8", "Monday", "", "1; drop table x", "٣"]),
        (parse_hour, {"0": 0, "23": 23}, ["-1", "24", "noon", "' or 1=1"]),
        (parse_name, {" France ": "France", "x' or '1'='1": "x' or '1'='1"}, ["", " ", "x" * 101, "a\nb", "a\0b"]),
        (
            parse_step,
            {"2011-11-01": moment("2011-11-01"), "2011-11-01T13": moment("2011-11-01T13")},
            ["2011-13-01", "November", "2011-11-01T25", "2011-11-01'; --", "9999-12-31", "9999-12-31T23", "0001-01-01"],
        ),
        (parse_compare, {"year": "year", "none": "none"}, ["decade", "", "previous'"]),
    ],
)
def test_what_an_address_may_say(parse: Callable[[str], object], good: dict[str, object], bad: list[str]) -> None:
    for text, value in good.items():
        assert parse(text) == value
    for text in bad:
        with pytest.raises(BadInputError):
            parse(text)


def test_what_is_written_is_read_again() -> None:
    for name, value in {"country": "France", "weekday": 4, "hour": 0, "step": moment("2011-11-01T13")}.items():
        assert written(name, value)
    assert written("step", moment("2011-11-01")) == "2011-11-01"
    for name, value in {"country": "", "weekday": 0, "hour": -1, "step": None, "compare": "none"}.items():
        assert written(name, value) == ""


@pytest.mark.parametrize(
    ("by", "step", "end"),
    [
        ("hour", "2011-12-31T23", "2012-01-01"),
        ("day", "2012-02-28", "2012-02-29"),
        ("month", "2011-12-01", "2012-01-01"),
        ("year", "2011-01-01", "2012-01-01"),
    ],
)
def test_steps_end_where_the_next_one_begins(by: By, step: str, end: str) -> None:
    assert end_of(moment(step), by) == moment(end)
    assert start_of(moment(step), by) == moment(step)


def test_a_step_narrows_what_is_within_the_period() -> None:
    chosen = Selection(Period(date(2010, 12, 15), date(2011, 1, 9)), "month", step=moment("2010-12-01"), country="EIRE")
    assert chosen.scope == replace(Scope(moment("2010-12-15"), moment("2011-01-01")), country="EIRE")
    assert chosen.whole == replace(Scope(moment("2010-12-15"), moment("2011-01-10")), country="EIRE")


@pytest.mark.parametrize(
    ("start", "end", "compare", "since", "until"),
    [
        (date(2011, 3, 1), date(2011, 3, 31), "previous", "2011-02-01", "2011-03-01"),  # a month, so the month before
        (date(2011, 1, 1), date(2011, 6, 30), "previous", "2010-07-01", "2011-01-01"),
        (date(2011, 3, 1), date(2011, 3, 7), "previous", "2011-02-22", "2011-03-01"),
        (date(2011, 3, 1), date(2011, 3, 7), "year", "2010-03-01", "2010-03-08"),
        (date(2012, 2, 29), date(2012, 2, 29), "year", "2011-02-28", "2011-03-01"),
    ],
)
def test_what_a_period_is_compared_with(start: date, end: date, compare: Compare, since: str, until: str) -> None:
    chosen = Selection(Period(start, end), "day", compare)
    assert chosen.earlier(chosen.scope) == Scope(moment(since), moment(until))
    assert replace(chosen, compare="none").earlier(chosen.scope) is None

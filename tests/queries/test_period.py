from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pipeline.errors import BadInputError
from queries.period import Period, natural_by, parse_by, parse_day


def test_both_days_are_included() -> None:
    period = Period(date(2010, 12, 1), date(2011, 12, 9))
    assert period.days == 374
    assert period.since == datetime.fromisoformat("2010-12-01")
    assert period.until == datetime.fromisoformat("2011-12-10")
    assert (period.first_hour, period.last_hour) == ("2010/12/01/00", "2011/12/09/23")


def test_a_period_may_begin_and_end_at_an_hour() -> None:
    period = Period(date(2011, 12, 8), date(2011, 12, 9), 22, 3)
    assert (period.since, period.until) == tuple(map(datetime.fromisoformat, ("2011-12-08 22:00", "2011-12-09 04:00")))
    assert (period.first_hour, period.last_hour) == ("2011/12/08/22", "2011/12/09/03")
    one = Period(date(2011, 12, 9), date(2011, 12, 9), 5, 5)
    assert one.until - one.since == timedelta(hours=1)
    with pytest.raises(BadInputError, match=r"ends \(2011-12-09 04:59\) before it starts \(2011-12-09 05:00\)"):
        Period(date(2011, 12, 9), date(2011, 12, 9), 5, 4)


def test_one_day_is_a_period() -> None:
    assert Period(date(2011, 1, 1), date(2011, 1, 1)).days == 1
    assert Period.last_days(7, date(2011, 1, 7)) == Period(date(2011, 1, 1), date(2011, 1, 7))


def test_a_reversed_period_is_refused_in_words() -> None:
    with pytest.raises(BadInputError, match=r"ends \(2011-01-01\) before it starts \(2011-01-02\)"):
        Period(date(2011, 1, 2), date(2011, 1, 1))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2011-13-01", "2011/01/01", "'; drop table x --", "0001-01-01", "9999-12-31"]
)
def test_nonsense_days_are_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_day(text)


def test_days_and_divisions_of_an_address() -> None:
    assert parse_day("2011-12-09") == date(2011, 12, 9)
    assert parse_by("month") == "month"
    with pytest.raises(BadInputError, match="hour, day, month, year"):
        parse_by("week")


@pytest.mark.parametrize(("days", "by"), [(1, "hour"), (2, "hour"), (3, "day"), (90, "day"), (365, "month")])
def test_the_natural_division(days: int, by: str) -> None:
    assert natural_by(Period.last_days(days, date(2011, 12, 9))) == by

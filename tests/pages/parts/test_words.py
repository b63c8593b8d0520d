from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import words
from queries.period import Period

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pounds", "exact", "short"),
    [
        (Decimal("9747747.934"), "£9,747,747.93", "£9.75M"),
        (Decimal("-896812.49"), "-£896,812.49", "-£897k"),
        (Decimal("0.5549"), "£0.55", "£0.555"),
        (Decimal("-2.5"), "-£2.50", "-£2.5"),
        (Decimal(86), "£86.00", "£86"),
        (Decimal("999999.99"), "£999,999.99", "£1M"),
        (Decimal(0), "£0.00", "£0"),
    ],
)
def test_money(pounds: Decimal, exact: str, short: str) -> None:
    assert words.money(pounds) == exact
    assert words.short_money(pounds) == short


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_money_in_a_table_reads_as_in_a_tile(ten_thousandths: int) -> None:
    exact = Decimal(ten_thousandths).scaleb(-4)
    assert words.money(float(exact)) == words.money(exact)


def test_no_money_is_a_dash() -> None:
    assert words.money(None) == "—"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_exact_money_reads_back(pounds: Decimal) -> None:
    read = Decimal(words.money(pounds).replace("£", "").replace(",", ""))
    assert abs(read - pounds) <= Decimal("0.005")


@given(st.integers(min_value=1, max_value=10**13))
def test_short_money_keeps_three_figures(pounds: int) -> None:
    text = words.short_money(pounds).removeprefix("£")
    scale = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1], 1)
    assert "e" not in text
    assert abs(float(text.rstrip("kMG").replace(",", "")) * scale - pounds) <= pounds * 0.005


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (104.1, 100, "+4.1%"),
        (50, 100, "-50.0%"),
        (5, 0, None),
        (-168789, -1000, None),
        (-50, -100, "+50.0%"),
        (7, 7, "+0.0%"),
    ],
)
def test_change(now: float, before: float, told: str | None) -> None:
    assert words.change(now, before) == told


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(days=400), "1 year ago"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(hours=-1), "in 1 hour"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_age(ago: timedelta, told: str) -> None:
    assert words.age(NOW - ago, NOW) == told


def test_short_ages() -> None:
    assert words.short_age(NOW - timedelta(minutes=2), NOW) == "2 min ago"
    assert words.short_age(NOW - timedelta(hours=1), NOW) == "1 h ago"
    assert words.short_age(NOW - timedelta(days=40), NOW) == "1 month ago"


def test_an_age_without_zone_is_utc() -> None:
    assert words.age(NOW.replace(tzinfo=None) - timedelta(hours=2), NOW) == "2 hours ago"


def test_days_and_periods() -> None:
    assert words.day(date(2011, 12, 9)) == "9 Dec 2011"
    assert words.period(Period(date(2010, 12, 1), date(2011, 12, 9))) == "1 Dec 2010 to 9 Dec 2011"
    assert words.period(Period(date(2011, 12, 9), date(2011, 12, 9))) == "9 Dec 2011"
    hours = Period(date(2011, 12, 8), date(2011, 12, 9), 22, 3)
    assert words.period(hours) == "8 Dec 2011, 22:00 to 9 Dec 2011, 03:59"


def test_sizes() -> None:
    assert words.size(999) == "999 B"
    assert words.size(1_240_000) == "1.24 MB"


def test_foreign_text_stays_text() -> None:
    assert words.plain("a*b_c [x](y) $1 :material/x: <b> | `c`") == (
        r"a\*b\_c \[x\](y) \$1 \:material\/x: \<b\> \| \`c\`"
    )
    assert words.plain("it happened: at 12:50") == "it happened: at 12:50"
    # Streamlit makes an emoji of an escaped colon, too.
    assert words.plain("a :smile: of :+1:") == "a :\u2060smile: of :\u2060+1:"


def test_names_from_anywhere_are_no_links_and_keep_their_direction() -> None:
    shown = words.foreign("http://x.example www.x.example a@x.example &lt;", 60)
    assert shown[0] + shown[-1] == "\u2068\u2069"
    for link in ("http://", "www.x", "a@x"):
        assert link not in shown
    assert shown[1:-1].replace("\u2060", "") == words.plain("http://x.example www.x.example a@x.example &lt;")
    assert r"\&lt;" in shown
    assert words.foreign("a -- b -> c", 60)[1:-1] == "a -\u2060- b -\u2060\\> c"
    assert words.foreign("x" * 70, 60).endswith("x…\u2069")


@pytest.mark.parametrize(("shown", "number", "told"), [(8, 37, "The first 8 of 37 countries."), (8, 8, ""), (3, 2, "")])
def test_first_of(shown: int, number: int, told: str) -> None:
    assert words.first_of(shown, number, "countries") == told

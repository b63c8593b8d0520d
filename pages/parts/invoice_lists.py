"""Many invoices: the first ones, how they are spread, and those that fit what is sought."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import charts, evidence, layouts, narrowing, options, tables, theme, tiles, words
from pipeline.errors import BadInputError
from queries import definitions as d
from queries.reports import invoices
from queries.reports.invoices import ANY_AMOUNT, BANDS, Sought

if TYPE_CHECKING:
    from pages.parts.asked import Answering
    from pages.parts.periods import Span
    from queries.selection import Selection

PAGE = 20
_HUNDREDTHS_OF_PENCE = Decimal("0.0001")
FIELDS = {"number", "customer", "kind", "least", "below", "sign"}
_CRUMB = 40  # letters
_SIGNS = {"": "As it is", "aside": "Either sign"}
KINDS = {"": "All", "order": "Orders", "return": "Returns", "adjustment": "Adjustments"}
_COLOURS = {"order": theme.ORDERS, "return": theme.RETURNS, "adjustment": theme.GREY}
_TITLES = {
    "highest": "{number} is the highest invoice: {value}",
    "lowest": "{number} is the lowest invoice: {value}",
    "longest": "{number} is the longest invoice: {lines} lines",
}


def spread(state: Selection, answering: Answering, what: Sought | None) -> None:
    """Tiles, and columns by band of value; a click looks for the invoices of a part of a column.

    That part stands out while they are what is looked for.
    """
    found = answering.figure()
    sums = invoices.totals(found.frame)
    tiles.headline((d.ORDERS, d.AVERAGE_ORDER, d.RETURN_INVOICES, d.ADJUSTMENT_INVOICES), sums)
    band = sums["middle_band"]
    title = "Returns and adjustments alone" if band is None else f"The order in the middle is worth {_band(int(band))}"
    st.subheader(title, help=d.SPREAD)
    bars: list[go.Bar] = []
    names = [_band(each) for each in BANDS]
    columns: list[str] = []
    parts = [invoices.of_column(kind, each) for kind in invoices.KINDS for each in BANDS]
    chosen = parts.index(what) if what in parts else None
    for kind, label in list(KINDS.items())[1:]:
        rows = found.frame[found.frame["kind"] == kind].set_index("band")
        counts = [int(rows["invoices"].get(each, 0)) for each in BANDS]
        columns += [f"{label} of {name}: {words.count(number)}" for name, number in zip(names, counts, strict=True)]
        before = len(bars) * len(BANDS)
        bars.append(
            go.Bar(
                x=names,
                y=counts,
                name=label,
                marker={
                    "color": _COLOURS[kind],
                    "opacity": charts.standing_out(None if chosen is None else {chosen - before}, len(BANDS)),
                },
                hovertemplate=f"%{{x}}: %{{y:,}} {label.lower()}<extra></extra>",
            )
        )
    figure = layouts.figure(
        *bars,
        hovermode="closest",
        barmode="stack",
        showlegend=True,
        legend=layouts.NAMES_ABOVE,
        xaxis={"type": "category"},
        yaxis=layouts.value_axis(d.INVOICES, found.frame.groupby("band")["invoices"].sum().max()),
        margin={"l": layouts.LEFT_OF_VALUES, "r": 8, "t": 34, "b": layouts.BELOW_A_LINE},
    )
    charts.show(
        figure,
        key=f"invoices spread {chosen} {' '.join(st.query_params.get(name, '-') for name in sorted(FIELDS))}",
        alt=f"How many invoices there are by value, {words.about(state)}.",
        pick=lambda place: _pick(parts[place], again=place == chosen),
        names=columns,
        what="a column",
        each_trace=len(BANDS),
    )
    st.caption("Click a part of a column for its invoices.")
    evidence.show("Invoices by value", answering, chart=figure)


def first(answering: Answering, end: str) -> None:
    """The first ones as text, each to be opened."""
    found = answering.figure()
    if found.empty:
        return
    top = found.row if len(found.frame) == 1 else found.frame.iloc[0]
    st.subheader(
        _TITLES[end].format(
            number=words.plain(str(top["invoice_no"])),
            value=words.money(top["net_sales"]),
            lines=words.count(top["lines"]),
        ),
        help=d.INVOICE_TOTAL,
    )
    table(found.frame, "first")
    evidence.show("The first invoices", answering)


def table(frame: pd.DataFrame, where: str, page: str = "") -> None:
    """Invoices as text, and a button for each; `where` tells lists of one page apart.

    They open on `page` when one is given: another page lists those of one customer alone, whom it names above.
    """
    shown = pd.DataFrame(
        {
            "Invoice": frame["invoice_no"],
            "Value": frame["net_sales"].astype(float),
            "Date (UTC)": [words.moment(at) for at in frame["first_at"]],
            "Customer": [str(who) for who in frame["customer"]],
            "Country": frame["country"],
            "Lines": frame["lines"].astype(int),
        }
    )
    formats = {"Lines": words.count, "Value": words.money}
    tables.show(shown.drop(columns="Customer") if page else shown, formats)
    numbers = {str(number): str(number) for number in frame["invoice_no"]}
    options.opener("Open one", numbers, "invoice", where, page)


def crumbs(_: Span) -> dict[str, str]:
    """What the address looks for in words, by the names in it."""
    given = {name: words.shortened(text, _CRUMB) for name, text in st.query_params.to_dict().items() if text}
    found = {
        "number": "number begins with {}",
        "customer": "customer {}",
        "kind": "{}",
        "least": "at least £{}",
        "below": "less than £{}",
        "sign": "either sign",
    }
    kind = KINDS.get(given.get("kind", ""), "")
    return {
        name: told.format(kind.lower() if name == "kind" else given[name])
        for name, told in found.items()
        if name in given and (name != "kind" or kind)
    }


def asked_for() -> Sought | None:
    """What the search fields say; None when they say nothing. Nonsense is told of."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        prefix = options.typed("number", "Number begins with", "5813", width=170, drops=options.PAGED)
        who = options.typed("customer", "Customer", "17850, or no customer id", width=220, drops=options.PAGED)
        kind = options.one_of("kind", "Kind", KINDS, drops=options.PAGED)
        least = options.typed("least", "At least, £", "-100", width=120, parse=str, drops=options.PAGED)
        below = options.typed("below", "Less than, £", "1000", width=120, parse=str, drops=options.PAGED)
        sign = options.one_of("sign", "Value", _SIGNS, drops=options.PAGED)
    if not any((prefix, who, kind, least, below)):
        return None
    try:
        return Sought(
            prefix,
            who,
            cast("Any", kind),
            _amount(least, -ANY_AMOUNT),
            _amount(below, ANY_AMOUNT),
            aside=sign == "aside",
        )
    except BadInputError as error:
        st.warning(words.plain(str(error)), icon=":material/search_off:")
        return None


def page_number() -> int:
    """The page of results that the address asks for."""
    return options.page_number("results", 1)


def results(answering: Answering, number: int, page: str = "") -> None:
    """The invoices that fit, page by page; they open on `page`, or on this one."""
    found = answering.figure()
    if found.empty:
        if number == 1:
            st.info(
                "No invoice of the period fits. Look in a longer period, or for less.", icon=":material/search_off:"
            )
        else:
            st.info(f"There is no page {number} of results.", icon=":material/search_off:")
            st.button("First page", on_click=options.put, args=("results", ""), icon=":material/first_page:")
        evidence.show("Invoices found", answering)
        return
    total, worth = int(found.frame["found"].iloc[0]), found.frame["found_net_sales"].iloc[0]
    st.subheader(
        f"{words.count(total)} invoice{'' if total == 1 else 's'}, together {words.money(worth)}", help=d.INVOICE_TOTAL
    )
    table(found.frame, "found", page)
    pages = -(-total // PAGE)
    options.turner("results", min(number, pages), pages)
    evidence.show("Invoices found", answering)


def _pick(column: Sought, *, again: bool) -> None:
    """Look for the invoices of a part of a column: these alone, whatever was before; `again` for all."""
    wanted = dict.fromkeys(FIELDS, "")
    if not again:
        below = "" if column.below == ANY_AMOUNT else str(column.below)
        wanted |= {"kind": column.kind, "least": str(column.least), "below": below, "sign": "aside"}
    narrowing.put(wanted)


def _band(least: int) -> str:
    """A band by its bounds: £100 to £250."""
    if least == 0:
        return "£0"
    place = BANDS.index(least)
    if place + 1 == len(BANDS):
        return f"£{words.short_money(least).removeprefix('£')} and more"
    following = words.short_money(BANDS[place + 1])
    return f"under {following}" if least == 1 else f"{words.short_money(least)} to {following}"


def _amount(text: str, otherwise: Decimal) -> Decimal:
    if not text:
        return otherwise
    try:
        amount = Decimal(text.replace(",", "").removeprefix("£"))
    except InvalidOperation:
        amount = Decimal("NaN")
    # copy_abs, since abs would round, which a number of a billion digits does not survive.
    if not amount.is_finite() or amount.copy_abs() > ANY_AMOUNT:
        raise BadInputError(f"{text[:40]!r} is no amount; write it as 1234.50.")
    # No invoice's value is finer than that: rounded up, what is at least or less than it stays the same.
    told = amount.quantize(_HUNDREDTHS_OF_PENCE, ROUND_CEILING)
    return amount if amount == told else told

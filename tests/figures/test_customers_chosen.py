"""The Customers page's figures of a segment, of a cell of the cohorts and of both, against the file recomputed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from queries import segments
from queries.reports import customers, newest
from queries.reports import lines as order_lines
from queries.reports.lines import Which
from queries.scope import Scope
from queries.who import Cell, Who
from tests.figures.recomputed import Lines, pounds

if TYPE_CHECKING:
    from queries.figure import Figure
    from queries.period import By
    from queries.warehouse import Warehouse

Held = tuple["Warehouse", Lines]
NARROWED = ("segment", "cell", "both", "returned")


def in_segments(scored: Any) -> Any:
    """The key of each customer's segment."""
    return scored[["recency", "frequency", "monetary"]].apply(lambda row: segments.of(*row).key, axis=1)


def chosen(lines: Lines, narrowed: str) -> tuple[Who, Any]:
    """Whom to ask about, and the customers that these are by the file."""
    known = lines.customers()
    if narrowed == "returned":
        return Who(segments.SEGMENTS[-1]), known[known["orders"] == 0]
    first = known["first"].min().to_period("M")
    cell = Cell(first.to_timestamp().date(), 2)
    orders = lines.invoices[lines.invoices["kind"] == "order"]
    came = orders[orders["at"].dt.to_period("M") == first + 2]["customer"]
    in_cell = known[(known["first"].dt.to_period("M") == first) & known.index.isin(came)]
    keys = in_segments(lines.scores())
    # One that shares customers with the cell.
    segment = segments.parse(keys[in_cell.index].value_counts().index[0])
    in_segment = known[known.index.isin(keys.index[keys == segment.key])]
    if narrowed == "segment":
        return Who(segment), in_segment
    if narrowed == "cell":
        return Who(cell=cell), in_cell
    return Who(segment, cell), in_cell[in_cell.index.isin(in_segment.index)]


@pytest.fixture(scope="module", params=NARROWED)
def narrowed(held: Held, request: pytest.FixtureRequest) -> tuple[Warehouse, Lines, Who, Any]:
    engine, lines = held
    who, theirs = chosen(lines, request.param)
    # Else nothing is shown to be right.
    assert 0 < len(theirs) < len(lines.customers()) or request.param == "returned"
    return engine, lines, who, theirs


Narrowed = tuple["Warehouse", Lines, Who, Any]


@pytest.mark.parametrize("by", ["day", "month"])
def test_new_and_returning_among_them(narrowed: Narrowed, by: By) -> None:
    engine, lines, who, theirs = narrowed
    since, until = lines.middle
    frame = customers.new_and_returning(engine, Scope(since, until), by, who).frame
    inside = lines.invoices_between(since, until)
    inside = inside[inside["customer"].isin(theirs.index)]
    is_new = inside.index.isin(theirs["first_order"].dropna())
    for name, part in (("new", inside[is_new]), ("returning", inside[~is_new]), ("nobody", inside.head(0))):
        orders = part[part["kind"] == "order"]
        assert sum(frame[f"{name}_orders"]) == len(orders), name
        assert sum(frame[f"{name}_net_sales"]) == pounds(part["amount"].sum()), name
        if by == "month":
            months = zip(frame["period"], frame[f"{name}_orders"], strict=True)
            expected = orders.groupby(orders["at"].dt.strftime("%Y-%m")).size().to_dict()
            assert {f"{month:%Y-%m}": count for month, count in months if count} == expected


def test_their_segments(narrowed: Narrowed) -> None:
    engine, lines, who, theirs = narrowed
    frame = customers.in_segments(engine, "", who).frame.set_index("key")
    scored = lines.scores()
    scored = scored[scored.index.isin(theirs.index)]
    keys = in_segments(scored) if len(scored) else scored.index
    for segment in segments.SEGMENTS[:-1]:
        expected = scored[keys == segment.key]
        row = frame.loc[segment.key]
        assert (row["customers"], row["net_sales"]) == (len(expected), pounds(expected["amount"].sum())), segment.key
    assert frame.loc["returned", "customers"] == (theirs["orders"] == 0).sum()
    assert (frame.loc["", "orders"], frame.loc["", "net_sales"]) == (0, 0)  # nobody in particular is none of them


def test_their_cohorts(narrowed: Narrowed) -> None:
    engine, lines, who, theirs = narrowed
    orders = lines.invoices[(lines.invoices["kind"] == "order") & lines.invoices["customer"].isin(theirs.index)]
    if orders.empty:
        assert customers.cohorts(engine, "", who).empty
        return
    cohort = orders["customer"].map(theirs["first"]).dt.to_period("M")
    expected = orders.groupby([cohort.rename("cohort"), orders["at"].dt.to_period("M").rename("month")])["customer"]
    frame = customers.cohorts(engine, "", who).frame
    found = {(f"{row.cohort:%Y-%m}", f"{row.month:%Y-%m}"): row.customers for row in frame.itertuples()}
    assert found == {(str(start), str(month)): count for (start, month), count in expected.nunique().items()}
    assert set(frame[frame["since"] == 0]["share"]) <= {1.0}


def test_the_best_of_them_of_all_time_and_of_a_period(narrowed: Narrowed) -> None:
    engine, lines, who, theirs = narrowed
    sums = lines.rows[lines.rows["customer"].isin(theirs.index)].groupby("customer")["amount"].sum()
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:10]
    frame = customers.top(engine, "", 10, who).frame
    assert list(frame["place"]) == list(range(1, len(order) + 1))
    assert list(zip(frame["customer"], frame["net_sales"], strict=True)) == [(one, pounds(net)) for one, net in order]
    since, until = lines.middle
    inside = lines.invoices_between(since, until)
    sums = inside[inside["customer"].isin(theirs.index)].groupby("customer")["amount"].sum()
    order = sorted(sums.items(), key=lambda item: (-item[1], int(item[0])))[:10]
    frame = customers.top_of_period(engine, Scope(since, until), 10, who).frame
    assert list(zip(frame["customer"], frame["net_sales"], strict=True)) == [(one, pounds(net)) for one, net in order]


def test_the_newest_event_behind_what_is_told_of_them(narrowed: Narrowed) -> None:
    engine, lines, who, theirs = narrowed

    def told(figure: Figure) -> Any:
        return newest.event(engine, newest.about(figure.evidence.parameters)).row["newest"]

    if theirs.empty:
        assert told(customers.in_segments(engine, "", who)) is None
        return
    at = lines.invoices[["customer"]].assign(last=lines.rows.groupby("InvoiceNo")["at"].max())
    assert told(customers.in_segments(engine, "", who)) == at[at["customer"].isin(theirs.index)]["last"].max()
    country = theirs["country"].value_counts().index[-1]
    there = theirs.index[theirs["country"] == country]
    assert told(customers.in_segments(engine, country, who)) == at[at["customer"].isin(there)]["last"].max()
    since, until = lines.middle
    inside = lines.invoices_between(since, until)
    inside = inside[inside["customer"].isin(theirs.index)]
    of_period = told(customers.new_and_returning(engine, Scope(since, until), "day", who))
    assert of_period == at["last"][inside.index].max()
    abroad = inside["Country"].value_counts().index[-1]
    scope = Scope(since, until, abroad)
    of_country = inside.index[inside["Country"] == abroad]
    assert told(customers.top_of_period(engine, scope, 3, who)) == at["last"][of_country].max()


def test_where_they_live(narrowed: Narrowed) -> None:
    engine, _, who, theirs = narrowed
    frame = customers.by_country(engine, who).frame.set_index("country")
    assert frame["customers"].to_dict() == theirs["country"].value_counts().to_dict()
    assert sum(frame["net_sales"]) == pounds(theirs["amount"].sum())
    assert sum(frame["nobody_net_sales"]) == 0


def test_their_names(narrowed: Narrowed) -> None:
    engine, _, who, theirs = narrowed
    listed = customers.of_segment(engine, who, "", 100_000).frame
    assert set(listed["customer_id"].astype(str)) == set(theirs.index)
    assert set(listed["found"]) <= {len(theirs)}
    if who.cell:
        assert set(customers.of_cohort(engine, who, "", 100_000).frame["customer_id"].astype(str)) == set(theirs.index)


def test_their_names_page_by_page(narrowed: Narrowed) -> None:
    engine, _, who, _ = narrowed
    for report in (customers.of_segment, *([customers.of_cohort] if who.cell else [])):
        whole = list(report(engine, who, "", 100_000).frame["customer_id"])
        assert [*report(engine, who, "", 3, 1).frame["customer_id"]] == whole[:3]
        assert [*report(engine, who, "", 3, 2).frame["customer_id"]] == whole[3:6]


def test_their_order_lines(narrowed: Narrowed) -> None:
    engine, lines, who, theirs = narrowed
    since, until = lines.middle
    inside = lines.rows[(lines.rows["at"] >= since) & (lines.rows["at"] < until)]
    inside = inside[inside["customer"].isin(theirs.index)]
    theirs_alone = Which(Scope(since, until), who)
    frame = order_lines.page(engine, theirs_alone, 1, 1_000_000).frame
    assert len(frame) == len(inside) == order_lines.count(engine, theirs_alone).row["lines"]
    assert sum(frame["amount"]) == pounds(inside["amount"].sum())
    returns = order_lines.page(engine, replace(theirs_alone, kind="return"), 1, 1_000_000).frame
    assert len(returns) == inside["InvoiceNo"].str.startswith("C").sum()
    figure = customers.new_and_returning(engine, theirs_alone.scope, "month", who).frame
    for standing in ("new", "returning"):
        of_it = replace(theirs_alone, standing=standing)
        behind = order_lines.page(engine, of_it, 1, 1_000_000).frame
        assert sum(behind["amount"]) == (sum(figure[f"{standing}_net_sales"]) if len(figure) else 0)
    page = order_lines.page(engine, theirs_alone, 2, 10).frame
    assert list(page["event_id"]) == list(frame["event_id"][10:20])
    in_file = [
        event
        for part in order_lines.parts(engine, theirs_alone, 10**6, len(frame) // 3 + 1)
        for event in part["event_id"]
    ]
    assert in_file == list(frame["event_id"])
    for country, there in inside.groupby("Country"):
        of_country = Which(Scope(since, until, str(country)), who)
        assert order_lines.count(engine, of_country).row["lines"] == len(there)


@pytest.mark.parametrize("name", NARROWED)
def test_a_country_narrows_them_further(held: Held, name: str) -> None:
    engine, lines = held
    who, theirs = chosen(lines, name)
    country = lines.customers()["country"].value_counts().index[1]
    there = theirs[theirs["country"] == country]
    assert customers.in_segments(engine, country, who).frame["customers"].dropna().sum() == len(there)
    assert set(customers.top(engine, country, 10**6, who).frame["customer"]) == set(there.index)
    starts = customers.cohorts(engine, country, who).frame
    assert sum(starts[starts["since"] == 0]["customers"]) == (there["orders"] > 0).sum()

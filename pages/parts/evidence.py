"""What is behind a figure, one click away: how it was asked, how old it is, and the same to take away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, states, taking, words
from queries.answers import FRESH_FOR_S
from queries.twins import differences, has_twin, of_lake

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from pages.parts.asked import Answering, Question
    from queries.figure import Evidence
    from queries.twins import Difference

# Athena: 5 USD a TB read, at least 10 MB a query.
_USD_PER_BYTE = 5 / 10**12
_LEAST_BYTES = 10 * 10**6
_MOST_DIFFERENCES = 5
_DIFFER = (
    "**The engines differ.** An event reaches the lake and the warehouse within about a minute of each other: "
    "ask both again, and see the Audit page when they still differ."
)
_ENGINES = {"Redshift": "the warehouse (Redshift)", "Athena": "the lake (Athena)"}


@st.fragment
def show(what: str, answering: Answering, *, shown: pd.DataFrame | None = None, chart: go.Figure | None = None) -> None:
    """A quiet line under a figure, and the button that opens its evidence.

    `shown` is what the page makes of the figure's rows where that is something else; `chart` may be taken away too.
    Nothing in the panel is made before it is opened, and opening it runs nothing else of the page.
    """
    figure = answering.figure()
    behind = figure.evidence
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        panel = st.popover(
            "Evidence", icon=":material/fact_check:", type="tertiary", key=f"evidence {what}", on_change="rerun"
        )
        read = f", {words.size(behind.scanned_bytes)} read" if behind.scanned_bytes is not None else ""
        st.caption(f"{behind.engine} in {words.duration(behind.seconds)}{read}, asked at {words.here(behind.asked_at)}")
    if panel.open:
        with panel:
            st.markdown(f"**Behind: {what}**")
            of_warehouse = answering.question.engine == "warehouse"
            st.markdown(_facts(behind, st.session_state.get("newest event") if of_warehouse else None))
            if st.button(
                "Ask again now",
                key=f"refresh {what}",
                icon=":material/refresh:",
                help="Also for everybody else who looks at the same figure",
            ):
                asked.forget(answering.question, _twin(answering))
                st.rerun()  # the page, which asked
            taking.files(what, figure, shown, chart)
            if of_warehouse and has_twin(behind):
                _other_engine(what, answering)
            st.code(_as_run(behind), language="sql", wrap_lines=True)


def _other_engine(what: str, answering: Answering) -> None:
    """The same figure asked of the lake when somebody wants it, and whether the two agree."""
    wanted = f"lake {what}"
    if st.session_state.get(wanted) != answering.question.arguments:

        def want() -> None:
            st.session_state[wanted] = answering.question.arguments

        st.button("Ask the lake for the same", key=f"twin {what}", icon=":material/compare_arrows:", on_click=want)
        return
    with states.panel(f"{what}, of the lake"):
        (twin,) = asked.together(_twin(answering))
        other = twin.figure()
        found = differences(answering.figure().frame, other.frame)
        if not found:
            st.success("**The engines agree**, to the last digit.", icon=":material/check_circle:")
        else:
            st.warning(_differ(found), icon=":material/warning:")
        st.markdown(_facts(other.evidence))


def _twin(answering: Answering) -> Question:
    first, last = asked.sources().outputs.lake_from, f"{datetime.now(UTC):%Y/%m/%d/%H}"
    return asked.lake(of_lake, answering.question.report, first, last, *answering.question.arguments)


def _differ(found: list[Difference]) -> str:
    """The first differences in words; what is on its way explains them while a replay runs."""
    told = [
        f"- {words.plain(' '.join(str(key) for key in each.row) or 'all')}, {each.column}: "
        f"{_value(each.ours)} in the warehouse, {_value(each.theirs)} in the lake"
        for each in found[:_MOST_DIFFERENCES]
    ]
    if len(found) > len(told):
        told.append(f"- and {words.count(len(found) - len(told))} more")
    return "\n".join([_DIFFER, "", *told])


def _value(value: object) -> str:
    return "nothing" if value is None else words.plain(str(value))


def _facts(behind: Evidence, newest: datetime | None = None) -> str:
    """When, where, how long, how much; and how old what it is made of, where that is known."""
    age = (datetime.now(UTC) - behind.asked_at).total_seconds()
    engine = _ENGINES.get(behind.engine, behind.engine)
    facts = [
        f"Asked of {engine} at {words.here(behind.asked_at)} ({words.utc(behind.asked_at)}), {age:.0f} s ago",
        f"Kept for {FRESH_FOR_S:.0f} s, for everybody who looks at the same figure",
        f"Took {words.duration(behind.seconds)}; {cost(behind)}",
    ]
    if newest is not None:
        facts.append(f"Newest event behind it: invoiced {words.moment(newest)} UTC, {words.age(newest)}")
    return "\n".join(f"- {fact}" for fact in facts)


def cost(behind: Evidence) -> str:
    """What the engine read, and about what that costs on AWS."""
    if behind.scanned_bytes is None:
        return "Redshift does not tell what one query reads, and bills its running time, not queries"
    dollars = max(behind.scanned_bytes, _LEAST_BYTES) * _USD_PER_BYTE
    return f"{words.size(behind.scanned_bytes)} read, about {dollars:.6f} USD on AWS (5 USD a TB, at least 10 MB)"


def _as_run(behind: Evidence) -> str:
    bound = [
        f"-- :{name} = {value!r}" if isinstance(value, str) else f"-- :{name} = {value}"
        for name, value in behind.parameters.items()
    ]
    return "\n".join([f"-- {behind.name}", *bound, behind.sql])

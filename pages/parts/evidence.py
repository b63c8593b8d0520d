"""What is behind a figure, one click away: how it was asked, how old it is, and the same to take away."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, newest_event, scanned, states, taking, words
from pipeline.errors import WeirError
from queries.answers import FRESH_FOR_S
from queries.twins import differences, has_twin, of_lake

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    import plotly.graph_objects as go
    from streamlit.elements.lib.mutable_popover_container import PopoverContainer

    from pages.parts.asked import Answering, Question
    from queries.figure import Evidence, Figure
    from queries.twins import Difference

# Athena: 5 USD a TB read, at least 10 MB a query.
_USD_PER_BYTE = 5 / 10**12
_LEAST_BYTES = 10 * 10**6
# DynamoDB on demand, in us-east-1; docs/aws.md has the source.
_USD_PER_READ_UNIT = 0.125 / 10**6
# Redshift Serverless at the template's base capacity; docs/aws.md has the source.
_RPU = 8
_USD_PER_RPU_HOUR = 0.375
_LEAST_TOLD = 0.000001
_KEPT = f"Kept for {FRESH_FOR_S:.0f} s, for everybody who looks at the same figure"
_MOST_DIFFERENCES = 5
_DIFFER = (
    "**The engines differ.** An event reaches {} and {} within about a minute of each other: "
    "ask both again, and see the Audit page when they still differ."
)
_ENGINES = {
    "Redshift": "the warehouse (Redshift)",
    "Athena": "the lake (Athena)",
    "DynamoDB": "the invoices (DynamoDB)",
}


@st.fragment
def show(
    what: str,
    answering: Answering,
    *,
    more: Mapping[str, Answering] | None = None,
    shown: pd.DataFrame | None = None,
    chart: go.Figure | None = None,
    label: str = "",
) -> None:
    """A quiet line under a figure, and the button that opens its evidence.

    `shown` is what the page makes of the figure's rows where that is something else; `chart` may be taken away too.
    `more` are other answers that the same panel shows, by their names: each has its evidence behind a tab. With a
    `label` the figure is no more than these words, which then are the button, without a line.

    Nothing in the panel is made before it is opened, and opening it runs nothing else of the page.
    """
    figure = answering.figure()
    panel = _opener(what, figure.evidence, label)
    answers = {what: answering, **(more or {})}
    if not panel.open:
        for name, each in answers.items():
            _forget_other_engine(what if each is answering else f"{what}, {name}")
        return
    with panel:
        _again(what, *answers.values())
        if len(answers) == 1:
            _answer(what, answering, shown, chart)
            return
        for tab, (name, each) in zip(st.tabs([words.plain(name) for name in answers]), answers.items(), strict=True):
            of_page = each is answering
            # Other panels have a period before, too.
            of = what if of_page else f"{what}, {name}"
            with tab, states.panel(of, of_page=True):
                _answer(of, each, shown if of_page else None, chart if of_page else None)


@st.fragment
def looked_up(what: str, figure: Figure, twin: tuple[pd.DataFrame, Question]) -> None:
    """The same for what was read for this page alone, and is kept for nobody: an invoice is its customer's.

    `twin` is the same as the warehouse would tell it, and the question for it. What the warehouse answers when somebody
    wants it is kept for a while as every figure is.
    """
    panel = _opener(what, figure.evidence, "")
    if panel.open:
        shown, question = twin
        with panel:
            _again(what, twin=question)
            kept = "Read anew whenever the page is asked for, and kept for nobody"
            _told(what, figure.evidence, kept, of_warehouse=False)
            taking.files(what, figure, None, None)
            _other_engine(what, shown, question, question.arguments, ("the invoices", "the warehouse"), figure.evidence)
            _code(figure.evidence.sql)
    else:
        _forget_other_engine(what)


def _opener(what: str, behind: Evidence, label: str) -> PopoverContainer:
    """The button that opens the panel, and the line beside it."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content" if label else "stretch"
    ):
        panel = st.popover(
            label or "Evidence",
            icon=":material/fact_check:",
            type="tertiary",
            wrap=bool(label),
            key=f"evidence {what}",
            on_change="rerun",
        )
        if not label:
            read = f", {words.size(behind.scanned_bytes)} read" if behind.scanned_bytes is not None else ""
            took, when = words.duration(behind.seconds), words.here(behind.asked_at)
            st.caption(f"{behind.engine} in {took}{read}, asked at {when}")
    return panel


def _again(what: str, *answers: Answering, twin: Question | None = None) -> None:
    """What the panel is about, and the button that asks for it anew; a `twin` that is no figure of the page's, too."""
    st.markdown(f"**Behind: {words.plain(what)}**")
    if st.button(
        "Ask again now",
        key=f"refresh {what}",
        icon=":material/refresh:",
        help="Also for everybody else who looks at the same figure" if answers else None,
    ):
        if twin:
            asked.forget(twin)
        for answering in answers:
            asked.forget(answering.question, _twin(answering))
            with suppress(WeirError):
                asked.forget(newest_event.question(answering.figure().evidence))
        st.rerun()  # the page, which asked


def _answer(what: str, answering: Answering, shown: pd.DataFrame | None, chart: go.Figure | None) -> None:
    """One answer's evidence; `what` is no other's."""
    figure = answering.figure()
    behind = figure.evidence
    of_warehouse = answering.question.engine == "warehouse"
    _told(what, behind, _KEPT, of_warehouse=of_warehouse)
    taking.files(what, figure, shown, chart)
    if of_warehouse and has_twin(behind):
        told = ("the warehouse", "the lake")
        about = answering.question.arguments
        _other_engine(what, figure.frame, _twin(answering), about, told, behind, answering.question)
    _code(_as_run(behind))


def _told(what: str, behind: Evidence, kept: str, *, of_warehouse: bool) -> None:
    """The facts; the newest event, and how much the warehouse read, as two more of them, asked side by side."""
    with st.container(gap=None):
        st.markdown(_facts(behind, kept))
        account = scanned.ask(behind) if of_warehouse else None
        newest_event.show(what, behind, of_warehouse=of_warehouse)
        if of_warehouse:
            scanned.show(what, account)


def _other_engine(
    what: str,
    shown: pd.DataFrame,
    twin: Question,
    about: tuple[Hashable, ...],
    engines: tuple[str, str],
    behind: Evidence,
    *own: Question,
) -> None:
    """What is `shown`, asked of the second of the two `engines` when somebody wants it, and whether the two agree.

    `about` tells what it is about: of something else it has to be wanted anew. What is shown is asked anew before, with
    its `own` question, where that was so long ago that events since then would make the two differ.
    """
    wanted, clicked = f"twin of {what}", f"twin of {what} clicked"
    if st.session_state.get(wanted) != about:

        def want() -> None:
            st.session_state[wanted] = about
            st.session_state[clicked] = True

        label = f"Ask {engines[1]} for the same"
        st.button(label, key=f"twin {what}", icon=":material/compare_arrows:", on_click=want)
        return
    if st.session_state.pop(clicked, False) and _age_s(behind) > FRESH_FOR_S:
        asked.forget(*own)
        st.rerun()  # the page, which asked
    with states.panel(f"{what}, of {engines[1]}"):
        (answering,) = asked.together(twin)
        other = answering.figure()
        found = differences(shown, other.frame)
        if not found:
            st.success("**The engines agree**, to the last digit.", icon=":material/check_circle:")
        else:
            st.warning(_differ(found, engines), icon=":material/warning:")
        with st.container(gap=None):
            st.markdown(_facts(other.evidence))
            if twin.engine == "warehouse":
                scanned.show(what, scanned.ask(other.evidence))
        _code(_as_run(other.evidence))


def _forget_other_engine(what: str) -> None:
    """Of a panel that was closed: what it showed is older by then, and has to be wanted anew."""
    st.session_state.pop(f"twin of {what}", None)


def _twin(answering: Answering) -> Question:
    first, last = asked.sources().outputs.lake_from, f"{datetime.now(UTC):%Y/%m/%d/%H}"
    return asked.lake(of_lake, answering.question.report, first, last, *answering.question.arguments)


def _differ(found: list[Difference], engines: tuple[str, str]) -> str:
    """The first differences in words; what is on its way explains them while a replay runs."""
    told = [
        f"- {words.plain(' '.join(str(key) for key in each.row) or 'all')}, {each.column}: "
        f"{_value(each.ours)} in {engines[0]}, {_value(each.theirs)} in {engines[1]}"
        for each in found[:_MOST_DIFFERENCES]
    ]
    if len(found) > len(told):
        told.append(f"- and {words.count(len(found) - len(told))} more")
    return "\n".join([_DIFFER.format(*engines), "", *told])


def _value(value: object) -> str:
    return "nothing" if value is None else words.plain(str(value))


def _facts(behind: Evidence, kept: str = _KEPT) -> str:
    """When, where, how long, how much; and for how long and for whom it is `kept`."""
    engine, age = _ENGINES.get(behind.engine, behind.engine), _age_s(behind)
    facts = [
        f"Asked of {engine} at {words.here(behind.asked_at)} ({words.utc(behind.asked_at)}), {age:.0f} s ago",
        kept,
        f"Took {words.duration(behind.seconds)}; {cost(behind)}",
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def _age_s(behind: Evidence) -> float:
    return (datetime.now(UTC) - behind.asked_at).total_seconds()


def cost(behind: Evidence) -> str:
    """What the engine read, where it tells, and about what the query costs on AWS."""
    if behind.read_units is not None:
        told = _dollars(behind.read_units * _USD_PER_READ_UNIT)
        return f"{behind.read_units:,.1f} read units, {told} on AWS (0.125 USD a million)"
    if behind.engine == "DynamoDB":
        return "DynamoDB did not tell how many read units it took"
    if behind.scanned_bytes is None:
        a_second = _RPU * _USD_PER_RPU_HOUR / 3600
        return (
            f"{_dollars(behind.seconds * a_second)} on AWS while Redshift is awake, {60 * a_second:.2f} USD if this "
            f"woke it ({_RPU} RPU, {_USD_PER_RPU_HOUR} USD an hour each)"
        )
    told = _dollars(max(behind.scanned_bytes, _LEAST_BYTES) * _USD_PER_BYTE)
    return f"{words.size(behind.scanned_bytes)} read, {told} on AWS (5 USD a TB, at least 10 MB)"


def _dollars(number: float) -> str:
    return "less than 0.000001 USD" if number < _LEAST_TOLD else f"about {number:.6f} USD"


def _code(text: str) -> None:
    """In one colour: those that Streamlit gives to code have half of the contrast that reading wants."""
    st.code(text, language=None, wrap_lines=True)


def _as_run(behind: Evidence) -> str:
    bound = [
        f"-- :{name} = {value!r}" if isinstance(value, str) else f"-- :{name} = {value}"
        for name, value in behind.parameters.items()
    ]
    return "\n".join([f"-- {behind.name}", *bound, behind.sql])

"""One kept row: its raw text, its values to edit, and the buttons that send it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, states, words
from pipeline.quarantine import cells, mend
from pipeline.redrive import again
from pipeline.replay.families import OF_NAME

if TYPE_CHECKING:
    from pipeline.quarantine.listing import Kept
    from pipeline.quarantine.rows import Row
    from pipeline.replay.progress import Receipt

SENT = "rows sent from quarantine"
_SAID = "what was sent from quarantine"
_MOST_SHOWN = 20_000
_HINTS = {
    "InvoiceDate": "2010-12-01 08:26:00",
    "OccurredAt": "2022-09-11 23:00:00",
    "Kind": "link, external, other or menu",
    "CustomerID": "empty: nobody in particular",
    "Description": "may be empty",
}


def show(kept: Kept, row: Row) -> None:
    """The row as it was kept, and what can be done about it."""
    st.markdown("\n".join(f"- {words.plain(reason)}" for reason in row.reasons))
    st.code(row.raw[:_MOST_SHOWN], language=None, wrap_lines=True)
    st.caption(f"Kept in `s3://{row.bucket}/{row.key}`, row {row.number + 1}. It stays there, whatever is sent.")
    if row.shape == "record":
        _as_it_was(kept, row)
    _edit(row)


def said() -> None:
    """What the last sending came to."""
    if text := st.session_state.pop(_SAID, None):
        st.success(text, icon=":material/send:")


def _as_it_was(kept: Kept, row: Row) -> None:
    with st.container(horizontal=True):
        one = st.button("Send it again as it was", icon=":material/send:")
        whole = st.button("Send this whole dead letter again", icon=":material/forward:")
    if one or whole:
        with states.panel("Sending it again"), st.spinner("Sending ..."):
            rows = kept.of_object(row.place, row.key) if whole else [row]
            sent = mend.send_as_they_were(rows, _way(row))
            left = f" {words.count(len(sent.refused))} break the contract: edit them." if sent.refused else ""
            _done(sent.receipt, left)


def _edit(row: Row) -> None:
    texts, contract = cells.texts(row), cells.of(row)
    with st.form(f"edit {row.key} {row.number}"):
        what = f"as event {words.plain(row.event_id)}, a new version of it" if row.event_id else "as a new event"
        st.markdown(f"**Edit and send** {what}")
        values = dict(texts)
        with st.grid(4, min_column_width=200):
            for name in contract.fields:
                # A row that is an event already stays with its invoice, or the session that it is.
                if not (row.event_id and name == contract.kept) and name != cells.HISTORY:
                    values[name] = st.text_input(name, texts[name], placeholder=_HINTS.get(name))
        if cells.HISTORY in contract.fields:
            values[cells.HISTORY] = st.text_area(cells.HISTORY, texts[cells.HISTORY], placeholder="a list, as JSON")
        send = st.form_submit_button("Check and send", type="primary", icon=":material/check:")
    if send:
        with states.panel("The edited row"), st.spinner("Sending ..."):
            _done(mend.send_edited(row, values, _way(row)))


def _way(row: Row) -> again.Way:
    return again.way_to(asked.sources().outputs, OF_NAME[row.family])


def _done(receipt: Receipt, more: str = "") -> None:
    """Remember what came of it for the next run, which no longer lists the row."""
    if receipt.accepted:
        events = f"{words.count(receipt.accepted)} {'event was' if receipt.accepted == 1 else 'events were'} sent"
        st.session_state[_SAID] = (
            f"{events} by {receipt.replay_id}.{more} [Audit it](/audit?replay={receipt.replay_id})"
        )
    st.session_state[SENT] = st.session_state.get(SENT, 0) + 1
    if receipt.failed or receipt.unknown:
        count, why = words.count(receipt.failed + receipt.unknown), words.plain(receipt.error or "")
        st.error(f"The stream did not take {count}: {why} Try again.", icon=":material/error:")
        return
    st.rerun()

"""What did not get through: why, and how it gets on its way again."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, head, kept_rows, mending, states, words
from pipeline.quarantine.listing import PAGE, Filter, Kept, Look

head.show("Quarantine", "What did not get through, why, and how does it get on its way again?")


def look(kept: Kept, wanted: Filter, start: int) -> Look:
    """What is kept, looked at every 20 s, and anew once a row was sent from here."""
    key = (wanted, start, st.session_state.get(mending.SENT, 0))
    return asked.kept("quarantine", lambda: kept.look(wanted, start=start), *key)


def turned(by: int) -> None:
    """Goes on to another page of rows, in the address."""
    st.query_params["from"] = str(max(0, kept_rows.start() + by))


with states.panel("The quarantine"):
    sources = asked.sources()
    kept = Kept(sources.client("s3"), sources.outputs)
    wanted = kept_rows.wanted()
    found = look(kept, wanted, kept_rows.start())
    kept_rows.choose(wanted, found)
    if not found.reasons:
        mending.said()
        if not found.whole:
            st.info(f"No such row is open in the {words.count(found.objects)} objects that were looked into, the "
                    "newest ones. There is more: choose how it is kept above to look further.",
                    icon=":material/info:")  # fmt: skip
        elif wanted != Filter():
            st.info("Nothing that is kept back is like that. Choose **all** above to see everything.",
                    icon=":material/info:")  # fmt: skip
        else:
            st.success("**Nothing is kept back.** Rows that break the contract, and batches that were given up, are "
                       "listed here with the reason.", icon=":material/check_circle:")  # fmt: skip
        st.stop()
    kept_rows.reasons(found)
    if not found.whole:
        st.caption(f"Counts are of the newest rows, in {words.count(found.objects)} objects; there is more.")
    mending.said()
    st.subheader(f"{words.count(found.total)} open {'row' if found.total == 1 else 'rows'}")
    if found.rows:
        kept_rows.table(found)
        with st.container(horizontal=True):
            if found.start:
                st.button("Newer", on_click=turned, args=(-PAGE,), icon=":material/arrow_back:")
            if found.start + len(found.rows) < found.total:
                st.button("Older", on_click=turned, args=(PAGE,), icon=":material/arrow_forward:")
            kept_rows.downloads(kept, wanted)
        row = kept_rows.chosen(found)
        if row:
            mending.show(kept, row)

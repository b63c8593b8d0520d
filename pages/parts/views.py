"""The menu of saved views: a page's whole state is its address, so a view is an address with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, faults, states, words
from pipeline.errors import WeirError
from queries.views import View, Views

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

_NAME, _SAID, _FAILED, _LEAVING = "view name", "view said", "view failed", "view leaving"


def menu(page: str) -> None:
    """A button that opens the views of `page`; nothing is read before."""
    panel = st.popover("Views", icon=":material/bookmarks:", key="views", on_change="rerun", help="Saved views")
    if panel.open:
        with panel, states.panel("Saved views"):
            _opened(page)


def _opened(page: str) -> None:
    sources = asked.sources()
    table = Views(sources.client("dynamodb"), sources.outputs.views_table)
    st.markdown("**Saved views**")
    st.caption("Shared by everyone who can open this dashboard. The page's address is a link to what is shown, too.")
    saved = table.of_page(page)
    if not saved:
        st.markdown("None of this page yet: narrow it to what you look at often, and give that a name.")
    for view in saved:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(words.plain(view.name), key=f"view {view.name}", type="tertiary", on_click=_show, args=(view,))
            if st.session_state.get(_LEAVING) == view.name:
                st.button(
                    "Forget for everyone",
                    key=f"drop {view.name}",
                    type="tertiary",
                    on_click=_forget,
                    args=(table, view),
                )
                st.button("Keep", key=f"keep {view.name}", type="tertiary", on_click=_leave, args=("",))
            else:
                st.button(
                    "Forget",
                    key=f"leave {view.name}",
                    icon=":material/delete:",
                    type="tertiary",
                    help=f"Forget {words.plain(view.name)}",
                    on_click=_leave,
                    args=(view.name,),
                )
    st.text_input("Name for what is shown now", key=_NAME, max_chars=60, placeholder="France on Fridays")
    names = {view.name for view in saved}
    st.button("Save", key="view save", icon=":material/bookmark_add:", on_click=_save, args=(table, page, names))
    if said := st.session_state.pop(_SAID, None):
        st.caption(said)
    if failed := st.session_state.pop(_FAILED, None):
        st.error(failed, icon=":material/error:")


def _show(view: View) -> None:
    st.query_params.from_dict(dict(view.address))


def _save(table: Views, page: str, names: AbstractSet[str]) -> None:
    """Save what is shown; a finger that leaves the field for the button brings the name along with the tap."""
    view = _tried(table.save, page, st.session_state[_NAME], st.query_params.to_dict())
    if isinstance(view, View):
        done = "Replaced" if view.name in names else "Saved"
        st.session_state[_SAID] = f"{done}: {words.plain(view.name)}"
        st.session_state[_NAME] = ""


def _leave(name: str) -> None:
    """Ask whether the view of this name is to be forgotten: it is everyone's."""
    st.session_state[_LEAVING] = name


def _forget(table: Views, view: View) -> None:
    _leave("")
    _tried(table.drop, view)


def _tried(act: Callable[..., object], *arguments: object) -> object:
    """A button's work and its outcome; what went wrong is told when the menu comes again, and None."""
    try:
        return act(*arguments)
    except WeirError as error:
        faults.log("Saved views", error)
        st.session_state[_FAILED] = words.plain(str(error))
        return None

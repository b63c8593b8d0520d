"""How what a page's script makes is sent to the browser: in one piece, and nothing of a part is taken back.

Streamlit 1.67 sends every 5 ms what has come together, and the browser makes as much of the page anew each time: five
times for a choice on the Customers page, whose script takes 0.15 s. In one piece it is there 0.04 s sooner.

And when a part of a page comes again, by itself or for a click while the page was made, Streamlit takes back what is
not sent yet of that part. The browser then has a page with a gap, closes it, and breaks over the part that belongs
there ("'setIn' cannot be called on an ElementNode"): nothing is left to be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from streamlit.runtime.app_session import AppSession

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

AT_MOST_S = 0.3  # a page that takes longer shows what it has by then
# Who has a page already. The first is sent as it comes: the browser has to fetch what draws it.
_opened: WeakSet[AppSession] = WeakSet()
# Whose messages wait, and what ends that; None when it has.
_held: WeakKeyDictionary[AppSession, TimerHandle | None] = WeakKeyDictionary()


def in_one_piece() -> None:
    """From now on, for every session of this process. Once is enough, more does no harm."""
    AppSession.flush_browser_queue = _flushed  # type: ignore[assignment,method-assign]
    AppSession._clear_queue = _begun  # type: ignore[assignment,method-assign]  # noqa: SLF001 - Streamlit has no way in


def _flushed(session: AppSession) -> list[ForwardMsg]:
    """What is to be sent: nothing of a run that has only begun."""
    queue = session._browser_queue  # noqa: SLF001
    kinds = (message.WhichOneof("type") for message in queue._queue)  # noqa: SLF001
    steps = [kind for kind in kinds if kind in {"new_session", "script_finished"}]
    is_first = session not in _opened
    if "script_finished" in steps:
        _opened.add(session)
    if steps and steps[-1] == "new_session" and not is_first:
        if session not in _held:
            _held[session] = session._event_loop.call_later(AT_MOST_S, _time_is_up, session)  # noqa: SLF001
        if _held[session] is not None:
            return []
    waiting = _held.pop(session, None)
    if waiting is not None:
        waiting.cancel()
    return queue.flush()


def _time_is_up(session: AppSession) -> None:
    _held[session] = None
    if session._message_enqueued_callback is not None:  # noqa: SLF001
        session._message_enqueued_callback()  # noqa: SLF001


def _begun(session: AppSession, fragment_ids_this_run: list[str] | None = None) -> None:
    """A run begins: one of the whole page replaces what is not sent yet, one of a part comes after it."""
    queue = session._browser_queue  # noqa: SLF001
    if fragment_ids_this_run is None:
        queue.clear(retain_lifecycle_msgs=True)
    else:
        queue._delta_index_map = {}  # noqa: SLF001 - or what comes would be put in place of what waits

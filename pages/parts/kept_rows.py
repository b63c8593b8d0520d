"""The lists of the Quarantine page: by reason, and row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import operators, words
from pipeline.quarantine.listing import Filter
from pipeline.quarantine.rows import PLACES
from queries import export

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.quarantine.listing import Kept, Look
    from pipeline.quarantine.rows import Row

NAMES = {
    "quarantine": "Quarantine",
    "replay": "Dead letters of replays",
    "function": "Dead letters of functions",
    "delivery": "Errors of delivery streams",
}
EVENTS = {"orders": "Order lines", "page_views": "Page views", "sessions": "Browse sessions"}
_SHOWN_RAW, _SHOWN_WHY = 80, 120  # letters
_ALL = "all"


def wanted() -> Filter:
    """What the address asks for."""
    asked = st.query_params
    return Filter(
        (asked["place"],) if asked.get("place") in PLACES else (),
        asked.get("replay") or None,
        asked.get("reason") or None,
        asked["events"] if asked.get("events") in EVENTS else None,
    )


def start() -> int:
    """The number of the page's first row, from 0."""
    text = st.query_params.get("from", "")
    return int(text) if text.isdecimal() and len(text) <= len("100000") else 0


def choose(now: Filter, found: Look) -> None:
    """Events, place, replay and reason; what is chosen goes into the address."""

    def change(name: str, key: str) -> None:
        value = st.session_state[key]
        st.query_params.pop("from", None)
        if value in (None, _ALL):
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value

    kinds = sorted({kind for *_, kind in found.reasons} | ({now.kind} if now.kind else set()))
    replays = sorted(set(found.replays) | ({now.replay_id} if now.replay_id else set()), reverse=True)
    with st.container(horizontal=True):
        for label, name, options, held, width in (
            ("Events", "events", list(EVENTS), now.events, 150),
            ("Kept as", "place", list(PLACES), now.places[0] if now.places else None, 230),
            ("Replay", "replay", replays, now.replay_id, 220),
            ("Reason", "reason", kinds, now.kind, 320),
        ):
            key = f"kept {name}"
            # The address decides, also when it was typed.
            st.session_state[key] = held or _ALL
            st.selectbox(
                label, [_ALL, *options], key=key, on_change=change, args=(name, key), width=width,
                format_func=lambda value: (NAMES | EVENTS).get(value, value),
            )  # fmt: skip


def reasons(found: Look) -> None:
    """How many open rows there are of each reason, the most frequent first."""
    operators.table(
        {
            "Open rows": list(found.reasons.values()),
            "Reason": [words.plain(kind) for *_, kind in found.reasons],
            "Events": [EVENTS[events] for events, *_ in found.reasons],
            "Kept as": [NAMES[place] for _, place, _ in found.reasons],
        }
    )


def table(found: Look) -> None:
    """One page of rows; raw text is text."""
    operators.table(
        {
            "Line": [row.line for row in found.rows],
            "EventID": [words.plain(row.event_id or "") for row in found.rows],
            "Why": [words.plain(words.shortened("; ".join(row.reasons), _SHOWN_WHY)) for row in found.rows],
            "Raw text": [words.plain(words.shortened(row.raw, _SHOWN_RAW)) for row in found.rows],
            "Events": [EVENTS[row.events] for row in found.rows],
            "Replay": [words.plain(row.replay_id or "") for row in found.rows],
            "Kept": [words.short_age(words.instant(row.kept_at)) if row.kept_at else None for row in found.rows],
        }
    )


def chosen(found: Look) -> Row | None:
    """The row to look at: none until one is chosen."""
    rows = {f"{row.key}#{row.number}": row for row in found.rows}

    def name(key: str) -> str:
        row = rows[key]
        place = f"line {row.line}" if row.line else f"record {row.number + 1}"
        return f"{place}: {row.event_id or words.shortened(row.raw, 30)}, {row.reasons[0]}"

    picked = st.selectbox(
        "Mend or send again", list(rows), index=None, format_func=name, placeholder="Choose a row", key="kept row"
    )
    return rows.get(picked or "")


def downloads(kept: Kept, what: Filter) -> None:
    """All rows of the filter as files."""
    st.download_button(
        "CSV", lambda: export.csv([pd.DataFrame(list(_plain(kept, what)))]), "quarantine.csv", export.CSV,
        icon=":material/download:", help="For spreadsheets: text that would be a formula begins with an apostrophe.",
    )  # fmt: skip
    st.download_button(
        "JSON lines", lambda: _lines(kept, what), "quarantine.jsonl", "application/x-ndjson",
        icon=":material/download:", help="Raw, as it is kept.",
    )  # fmt: skip


def _plain(kept: Kept, what: Filter) -> Iterator[dict[str, object]]:
    for row in kept.rows(what):
        yield {
            "events": row.events,
            "kept_as": row.place,
            "kept_at": row.kept_at,
            "replay_id": row.replay_id,
            "line": row.line,
            "event_id": row.event_id,
            "reasons": "; ".join(row.reasons),
            "raw": row.raw,
            "object": f"s3://{row.bucket}/{row.key}",
            "number": row.number,
        }


def _lines(kept: Kept, what: Filter) -> bytes:
    return b"".join(
        json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for row in _plain(kept, what)
    )

"""A record of a delivery stream as page views, line by line; what cannot be read comes back with its reason.

A line is one of
    {"Click":{...},"RequestId":"..."}      what POST /clicks puts; Click may be a list of them
    {...}                                  a click in any shape of the contract, put directly or by a replay
    prev <tab> curr <tab> type <tab> n     Wikipedia's clickstream, with our replays' further columns
A record that is one JSON document over several lines is read as that document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.contracts import event, page_view, posted
from pipeline.contracts.page_view import InvalidPageViewError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPLACED = "\N{REPLACEMENT CHARACTER}".encode()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no page view: as it came, and what is wrong with it."""

    text: bytes
    problems: list[Problem]


@dataclass(slots=True)
class Views:
    """What a record holds: wire lines, and what was refused."""

    good: list[bytes] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def read(record_id: str, arrived_ms: int, data: bytes) -> Views:
    """The page views of a record that reached the delivery stream at `arrived_ms` (milliseconds since 1970).

    A view without an id is named by the request that brought it, else by the record and its place in it. The same
    record gives the same views again.
    """
    views = Views()
    arrived = datetime.fromtimestamp(arrived_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    for number, line in _lines(data):
        try:
            found = [_to_wire(raw, new_id, arrived) for raw, new_id in _clicks(line, f"{record_id}-{number}")]
        except InvalidPageViewError as error:
            views.bad.append(BadLine(line, error.problems))
        else:
            views.good += found
    return views


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, counting from 0; a document over several lines is one."""
    lines = data.splitlines()
    if len(lines) > 1 and data.lstrip().startswith((b"{", b"[")) and _is_one_document(data):
        yield 0, data.strip()
        return
    for number, line in enumerate(lines):
        if line.strip():
            yield number, line


def _is_one_document(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _clicks(line: bytes, line_id: str) -> Iterator[tuple[Mapping[str, object], str]]:
    """What a line holds, each with the id that it gets when it brings none."""
    if not line.lstrip().startswith((b"{", b"[")):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise InvalidPageViewError([Problem("", f"is not UTF-8: byte {error.start}")]) from error
        yield page_view.from_tsv(text), line_id
        return
    found = posted.opened(line)
    foreign = found is not None
    body, new_id = found or (line, line_id)
    # API Gateway's base64Decode puts U+FFFD in the place of bytes that it cannot read.
    if foreign and _REPLACED in body:
        reason = "is not UTF-8, or holds U+FFFD, the sign for a character already lost"
        raise InvalidPageViewError([Problem("", reason)])
    try:
        clicks = event.parsed(body)
    except ValueError as error:
        raise InvalidPageViewError([Problem("", str(error))]) from error
    several = isinstance(clicks, list)
    if several and not clicks:
        raise InvalidPageViewError([Problem("", "is an empty list")])
    for index, click in enumerate(clicks if isinstance(clicks, list) else [clicks]):
        if not isinstance(click, Mapping):
            raise InvalidPageViewError([Problem("", "holds something else than clicks")])
        # Who posts sets neither ReplayID nor SentAt; who may put to the delivery stream is one of us.
        ours = {name: value for name, value in click.items() if name not in event.STAMPS} if foreign else click
        yield ours, f"{new_id}-{index}" if several else new_id


def _to_wire(raw: Mapping[str, object], new_id: str, arrived: str) -> bytes:
    view = page_view.normalise(raw, new_id=new_id, arrived=arrived)
    replay_id, sent_at, problems = event.stamps({"SentAt": arrived, **{k: v for k, v in raw.items() if v}})
    if problems:
        raise InvalidPageViewError(problems)
    return page_view.to_wire(event.stamp(view, sent_at=sent_at, replay_id=replay_id))

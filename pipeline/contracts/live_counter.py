"""How the live counters of page views are kept in their DynamoDB table: the names that writer and readers share.

    slot                      counter          attributes
    page 2026-11-22 14:37     shard#page       views, last_seq
    source 2026-11-22 14:37   shard#source     views, last_seq
    minute 2026-11-22 14      14:37#shard      views, last_seq: all views of a minute, 60 of them in one slot
    session 2026-11-22 14:37  shard#bucket     sessions, a set of digests

`slot` is the partition key and `counter` the sort key, so that what a page asks is a few queries and never a scan.
Minutes are UTC, by OccurredAt. `views` is the sum of Count over the records up to `last_seq`, and `expires_at` the
second after which DynamoDB may delete the item. Packaged with the functions: nothing but the standard library.
"""

from __future__ import annotations

import hashlib

SLOT, COUNTER = "slot", "counter"
VIEWS, LAST_SEQ, EXPIRES_AT, SESSIONS = "views", "last_seq", "expires_at", "sessions"
PAGE, SOURCE, MINUTE, SESSION = "page", "source", "minute", "session"

# Longer than the stream keeps its records (24 hours): a batch that comes again never misses the items that it knew.
KEPT_S = 48 * 3600
# A digest of 96 bits stands for a session: a set of them stays small whatever a session is called, and two of a
# million sessions are the same one time in 10^17.
_DIGEST_BYTES = 12
# What a shard takes in a minute is 60,000 views; as many sessions are 45 KB in each bucket, and an item ends at 400.
BUCKETS = 16
_DAY, _HOUR, _MINUTE = len("2026-11-22 "), len("2026-11-22 14"), len("2026-11-22 14:37")


def slot(kind: str, occurred_at: str) -> str:
    """The partition key of the counters of one kind; `occurred_at` is a timestamp of the contract, or its minute."""
    return f"{kind} {occurred_at[: _HOUR if kind == MINUTE else _MINUTE]}"


def counter(shard: str, name: str) -> str:
    """The sort key of a page's, a source's or a bucket's counter."""
    return f"{shard}#{name}"


def minute_counter(shard: str, occurred_at: str) -> str:
    """The sort key of the counter of all views of a minute."""
    return f"{occurred_at[_DAY:_MINUTE]}#{shard}"


def name_of(counter_key: str) -> str:
    """The page or source of such a sort key; a shard's name holds no #."""
    return counter_key.partition("#")[2]


def minute_of(slot_key: str, counter_key: str) -> str:
    """The minute, as `YYYY-MM-DD HH:MM`, of a counter of all views."""
    return slot_key.partition(" ")[2][:_DAY] + counter_key.partition("#")[0]


def session_digest(session_id: str) -> bytes:
    """What stands for a session in a set."""
    return hashlib.sha256(session_id.encode()).digest()[:_DIGEST_BYTES]


def bucket(digest: bytes) -> str:
    """Which of a minute's sets holds a session."""
    return f"{digest[0] % BUCKETS:02d}"


def sequence(number: str) -> str:
    """A sequence number as a text that sorts as the number does: its length first, no leading zeros."""
    digits = number.lstrip("0") or "0"
    return f"{len(digits):03d}{digits}"

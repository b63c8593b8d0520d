"""Keys onto shards: every key has exactly one open shard, however the stream was split and merged."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import CloudError
from pipeline.replay.shards import Range, Shards, hash_key, of_listed

ALL = 2**128
cuts = st.sets(st.integers(1, ALL - 1), max_size=12).map(sorted)


def listed(firsts: list[int], *, closed: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    bounds = [*firsts, ALL]
    return [
        {
            "ShardId": f"shardId-{at:012d}",
            "HashKeyRange": {"StartingHashKey": str(first), "EndingHashKey": str(last - 1)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1"}
            | ({"EndingSequenceNumber": "9"} if at in closed else {}),
        }
        for at, (first, last) in enumerate(pairwise(bounds))
    ]


def test_the_hash_is_md5_read_as_a_number() -> None:
    assert hash_key("") == 0xD41D8CD98F00B204E9800998ECF8427E
    assert hash_key("a") == 0x0CC175B9C0F1B6A831C399E269772661


@given(st.text(min_size=1, max_size=40), cuts)
def test_the_shard_is_the_one_whose_range_holds_the_hash(key: str, middle: list[int]) -> None:
    shards = of_listed(listed([0, *middle]))
    (owner,) = [one for one in shards.ranges if one.first <= hash_key(key) <= one.last]
    assert shards.of(key) == owner.shard == shards.of(key)


@given(st.text(min_size=1, max_size=40), cuts, st.data())
def test_closed_shards_are_passed_over(key: str, middle: list[int], data: st.DataObject) -> None:
    """A split leaves its parent listed, closed, over the same keys as its children; so does a merge."""
    children = listed([0, *middle])
    parents = listed(sorted(data.draw(st.sets(st.sampled_from([0, *middle]))) | {0}), closed=tuple(range(20)))
    for parent in parents:
        parent["ShardId"] += "-closed"
    both = of_listed(data.draw(st.permutations([*parents, *children])))
    assert both.of(key) == of_listed(children).of(key)


@given(st.integers(1, ALL - 1))
def test_both_ends_of_a_range_are_its_own(cut: int) -> None:
    shards = of_listed(listed([0, cut]))
    assert [shards._at(place) for place in (0, cut - 1, cut, ALL - 1)] == [
        "shardId-000000000000", "shardId-000000000000", "shardId-000000000001", "shardId-000000000001",
    ]  # fmt: skip


@pytest.mark.parametrize("ranges", [[], [Range("a", 0, 5)], [Range("b", ALL - 5, ALL - 1)]])
def test_a_key_that_no_open_shard_takes_is_told(ranges: list[Range]) -> None:
    with pytest.raises(CloudError, match="resharded"):
        Shards(ranges).of("536365")


def test_more_keys_than_are_remembered() -> None:
    shards = of_listed(listed([0, ALL // 2]))
    first = [shards.of(str(number)) for number in range(40_000)]
    assert [shards.of(str(number)) for number in range(40_000)] == first
    assert len(shards._known) <= 1 << 14

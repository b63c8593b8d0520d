"""The words of `replay`: its arguments, its progress line, its receipt."""

from __future__ import annotations

import argparse
from dataclasses import replace

import pytest

from pipeline.cli import replay
from pipeline.cli import replay_words as words
from pipeline.replay.progress import Counted, Progress, Receipt, Rejection

RECEIPT = Receipt(
    replay_id="r-20260102-030405-abcd",
    status="done",
    file="/data/orders.csv",
    bytes=45_047_734,
    sha256="ab" * 32,
    encoding="ISO-8859-1",
    target="kinesis",
    rows=541_909,
    accepted=541_900,
    rejected=2,
    failed=7,
    retried=1_500,
    seconds=25.43,
    rows_per_s=21_310.4,
    started_at="2026-01-02 03:04:05.678",
    ended_at="2026-01-02 03:04:31.108",
    reasons=[Counted("Quantity: is not a whole number", 2)],
    rejections=[Rejection(3, "536365-2", ["Quantity: 'six' is not a whole number"])],
    failures=[Counted("InternalFailure", 7)],
    quarantine=["quarantine/orders/r-20260102-030405-abcd-0001.jsonl.gz"],
    dead_letters=["dead-letter/replay/r-20260102-030405-abcd-0001.jsonl.gz"],
)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    replay.add_arguments(parser)
    return parser.parse_args(["orders.csv", *arguments])


def test_arguments() -> None:
    args = parsed("--target", "api", "--rate", "12.5", "--limit", "10", "--wait", "--json")
    assert (args.target, args.rate, args.limit, args.wait, args.json) == ("api", 12.5, 10, True, True)
    args = parsed()
    assert (args.target, args.rate, args.limit, args.wait, args.json) == (None, None, None, False, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--rate", "0"],
        ["--rate", "-1"],
        ["--rate", "inf"],
        ["--rate", "nan"],
        ["--rate", "fast"],
        ["--rate", "5", "--max"],
        ["--speed", "0"],
        ["--speed", "5", "--rate", "5"],
        ["--max-gap", "-1"],
        ["--pause", "r-1", "--stop", "r-1"],
        ["--limit", "0"],
        ["--limit", "1.5"],
        ["--target", "redshift"],
    ],
)
def test_arguments_that_make_no_sense(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(*wrong)
    assert caught.value.code == 2


def test_the_receipt_accounts_for_every_row() -> None:
    assert words.written(RECEIPT).splitlines() == [
        "Replay r-20260102-030405-abcd: done",
        "  file      /data/orders.csv (45,047,734 bytes, ISO-8859-1)",
        f"  sha256    {'ab' * 32}",
        "  target    kinesis, as fast as it goes",
        "  rows      541,909 in 25.4 s (21,310 rows/s)",
        "  accepted  541,900 (1,500 sent again)",
        "  rejected  2",
        "            2  Quantity: is not a whole number",
        "    line 3: Quantity: 'six' is not a whole number",
        "    kept in quarantine/orders/r-20260102-030405-abcd-0001.jsonl.gz",
        "  failed    7",
        "            7  InternalFailure",
        "    kept in dead-letter/replay/r-20260102-030405-abcd-0001.jsonl.gz",
        "  page      /receipt?replay=r-20260102-030405-abcd",
    ]
    broken = replace(RECEIPT, status="failed", error="the stream is gone")
    assert "failed (the stream is gone)" in words.written(broken)


def test_the_progress_line_names_losses_only_where_there_are_some() -> None:
    state = Progress(
        replay_id="r-1",
        file="orders.csv",
        target="kinesis",
        started_at="2026-01-02 03:04:05.678",
        rows_read=12_345,
        bytes_read=25,
        bytes_total=100,
        rows_per_s=6_789.4,
    )
    assert words.line(state) == " 25% · 12,345 rows · 6,789 rows/s"
    assert words.line(replace(state, rejected=3, retried=1_000)).endswith(" · 3 rejected · 1,000 sent again")


def test_the_list_tells_who_what_and_how_far() -> None:
    running = Progress(
        replay_id="r-2", file="/data/orders.csv", target="kinesis", started_at="2026-01-02 03:04:05.678",
        rows_read=12_345, bytes_read=25, bytes_total=100, rows_per_s=6_789.4, lag_s=3.2, left_s=61.0, who="ann@shop",
    )  # fmt: skip
    ended = replace(running, replay_id="r-1", status="done", accepted=10_000, rejected=2)
    assert words.listed([running, ended]).splitlines() == [
        "r-2  running  25% · 12,345 rows · 6,789 rows/s · 3 s behind · 61 s left  orders.csv to kinesis, by ann@shop",
        "r-1  done    10,000 accepted · 2 rejected  orders.csv to kinesis, by ann@shop",
    ]
    assert words.line(replace(running, status="paused")).endswith("paused")
    assert "No replays yet" in words.listed([])

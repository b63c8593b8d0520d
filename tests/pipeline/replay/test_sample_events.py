"""Generated clicks, Wikipedia lines and sessions: deterministic, and within the contract."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli import main
from pipeline.contracts import page_view, session
from pipeline.replay import sample_clicks, sample_sessions, sample_wikipedia

if TYPE_CHECKING:
    from pathlib import Path

START, END = datetime(2025, 3, 3), datetime(2025, 3, 10)  # noqa: DTZ001 - a week, Monday to Monday


def clicks(path: Path, rows: int = 20_000, seed: int = 1, end: datetime = END) -> list[dict[str, Any]]:
    sums = sample_clicks.write(path, rows=rows, seed=seed, start=START, end=end)
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(found) == sums.rows == rows
    assert sums.sessions == len({click["SessionID"] for click in found})
    assert sums.pages == Counter(click["Page"] for click in found)
    return found


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return clicks(tmp_path_factory.mktemp("clicks") / "c.jsonl")


def test_the_same_arguments_are_the_same_bytes_and_others_are_not(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        clicks(path, 2_000, seed)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()


def test_ids_depend_on_the_seed_alone(tmp_path: Path) -> None:
    early = clicks(tmp_path / "a.jsonl", 500)
    late = clicks(tmp_path / "b.jsonl", 500, end=END + timedelta(days=30))
    assert early[0]["EventID"] == late[0]["EventID"] == "v1-0-0"


def test_clicks_keep_to_the_contract(week: list[dict[str, Any]]) -> None:
    views = [page_view.normalise(click) for click in week]
    assert len({view["EventID"] for view in views}) == len(views)
    times = [click["OccurredAt"] for click in week]
    assert times == sorted(times)
    assert str(START) <= times[0]
    assert times[-1] <= str(END) + ".000"
    assert times[-1] > str(END - timedelta(hours=6))


def test_a_session_is_one_walk(week: list[dict[str, Any]]) -> None:
    walks = defaultdict(list)
    for click in week:
        walks[click["SessionID"]].append(click)
    lengths = Counter(map(len, walks.values()))
    assert lengths[1] > 100
    assert max(lengths) > 10
    for walk in walks.values():
        assert [click["Kind"] for click in walk] == ["external"] + ["link"] * (len(walk) - 1)
        assert [click["Source"] for click in walk[1:]] == [click["Page"] for click in walk[:-1]]
        assert [int(click["EventID"].rpartition("-")[2]) for click in walk] == list(range(len(walk)))


def test_days_have_a_rhythm_and_bursts(week: list[dict[str, Any]]) -> None:
    hours = Counter(click["OccurredAt"][11:13] for click in week)
    assert hours["20"] > 10 * hours["03"]
    of_newsletter = Counter(click["OccurredAt"][:15] for click in week if click["Source"] == "newsletter")
    quiet = sum(of_newsletter.values()) / (7 * 24 * 6)
    assert max(of_newsletter.values()) > 10 * quiet


def test_wikipedias_lines(tmp_path: Path) -> None:
    path, again = tmp_path / "a.tsv", tmp_path / "b.tsv"
    sums = sample_wikipedia.write(path, rows=3_000, seed=1)
    sample_wikipedia.write(again, rows=3_000, seed=1)
    assert path.read_bytes() == again.read_bytes()
    lines = path.read_text().splitlines()
    views = [page_view.normalise(page_view.from_tsv(line), new_id="x", arrived="2025-01-01 00:00:00") for line in lines]
    assert len(views) == sums.rows == 3_000
    assert sum(int(str(view["Count"])) for view in views) == sums.readers
    assert {view["Kind"] for view in views} == {"link", "external", "other"}
    assert len({(view["Source"], view["Page"]) for view in views}) == 3_000


def test_sessions(tmp_path: Path) -> None:
    path, again = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    sums = sample_sessions.write(path, rows=1_000, seed=1)
    sample_sessions.write(again, rows=1_000, seed=1)
    assert path.read_bytes() == again.read_bytes()
    plain = tmp_path / "c.jsonl"
    sample_sessions.write(plain, rows=1_000, seed=1)
    found = [session.normalise(json.loads(line)) for line in plain.read_bytes().splitlines()]
    assert len({one["EventID"] for one in found}) == sums.rows == 1_000
    histories: list[Any] = [one["browse_history"] for one in found]
    assert sum(product["quantity"] for history in histories for product in history) == sums.pieces
    assert 400 < sums.countries["USA"] < 600
    assert b'"quantity": "' in plain.read_bytes()


@pytest.mark.parametrize(
    ("kind", "said"),
    [("clicks", {"rows", "sessions", "pages", "first_at", "last_at"}), ("wikipedia", {"rows", "readers"}),
     ("sessions", {"rows", "from_usa", "products", "pieces", "pieces_in_carts"})],
)  # fmt: skip
def test_the_sample_verb_has_kinds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, said: set[str]
) -> None:
    path = tmp_path / "x"
    assert main(["sample", str(path), "--kind", kind, "--rows", "50", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"file", *said}
    assert path.read_bytes().count(b"\n") == 50


def test_no_click_lies_ahead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["sample", str(tmp_path / "x"), "--kind", "clicks", "--start", "2099-01-01", "--end", "2099-01-02"]) == 1
    )
    assert "lies ahead" in capsys.readouterr().err

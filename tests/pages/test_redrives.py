"""The Redrive button: nothing is sent before the dry run was seen and confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import CloudDownError
from pipeline.redrive import launch
from pipeline.redrive.search import Wanted
from pipeline.replay.progress import Progress
from queries import redrive
from tests.pages.test_pages import text

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World

REPLAY = Progress("r-1", "/data/sample.csv.gz", "kinesis", "2026-01-01 00:00:00.000", status="done")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The replays whose redrive was started."""
    found: list[str] = []

    def dry_run(_sinks: object, replay_id: str) -> redrive.DryRun:
        missing = redrive.Missing(
            REPLAY,
            {"lake": [], "invoices": ["536365-1"], "warehouse": ["<b>-2"]},
            4,
            {"536365-1": Wanted(2, "x"), "<b>-2": Wanted(3, "x")},
        )
        return redrive.DryRun(missing, {"raw/orders/": 1}, ("<b>-2",))

    def start(replay: Progress, _settings: object) -> str:
        found.append(replay.replay_id)
        return "r-9"

    monkeypatch.setattr(redrive, "dry_run", dry_run)
    monkeypatch.setattr(launch, "start", start)
    return found


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_redrive_is_told_before_it_is_sent(world: World, started: list[str]) -> None:
    app = press(world.open("audit", replay="r-1"), "Redrive: dry run first")
    said = text(app)
    assert "1 of 2 missing events would be sent again" in said
    assert "4 late events may still come" in said
    assert "1 are kept nowhere any more" in said
    assert "536365-1" in said
    assert started == []
    app = press(app, "Send 1 event again")
    assert started == ["r-1"]
    assert "Redrive r-9 has started" in app.success[0].value
    assert not app.exception


def test_a_dry_run_can_be_left(world: World, started: list[str]) -> None:
    app = press(press(world.open("audit", replay="r-1"), "Redrive: dry run first"), "Leave it")
    assert "Dry run" not in text(app)
    assert started == []


def test_a_dry_run_that_fails_is_told_in_words(
    world: World, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_sinks: object, _replay_id: str) -> redrive.DryRun:
        raise CloudDownError("The lake is down.")

    monkeypatch.setattr(redrive, "dry_run", down)
    app = press(world.open("audit", replay="r-1"), "Redrive: dry run first")
    assert "The lake is down." in app.error[0].value
    assert not app.exception

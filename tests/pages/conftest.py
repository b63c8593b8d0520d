from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pipeline.settings import REPOSITORY
from pipeline.stack import Outputs
from queries import sources
from queries.active import ActiveViews
from queries.audit import run
from queries.invoices import Invoices
from queries.sources import Sources
from tests.pages.audits import audit
from tests.pages.fakes import NOTHING, FakeEngine
from tests.pages.services import services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.settings import Settings
    from tests.pages.fakes import FakeService

_LIMIT_S = 20


@dataclass
class World:
    """What the pages meet: engines and services, all in memory."""

    warehouse: FakeEngine
    lake: FakeEngine
    services: dict[str, FakeService]

    def open(self, page: str, **query: str) -> AppTest:
        """A session that came to `page` by its address."""
        app = AppTest.from_file(str(REPOSITORY / "dashboard.py"), default_timeout=_LIMIT_S)
        app.run()  # AppTest knows the addresses once the entry has run
        if page == "overview":
            return app
        app.switch_page(f"pages/{page}.py")
        app.query_params.update(query)
        return app.run()

    def sources(self, settings: Settings) -> Sources:
        names = {field.name: f"weir-{field.name.replace('_', '-')}" for field in fields(Outputs)}
        return Sources(
            settings,
            Outputs(**names),
            self.warehouse,
            self.lake,
            Invoices(self.services["dynamodb"], "weir-invoices"),
            self.services.__getitem__,
            ActiveViews(self.services["dynamodb"], "weir-active-views"),
        )


@pytest.fixture(autouse=True)
def _same_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest puts the page in the place of `__main__`; a process that a later test spawns would run it again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def local_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The record of a local cloud that runs nowhere; the environment is put back afterwards."""
    before = dict(os.environ)
    monkeypatch.setenv("WEIR_STATE", str(tmp_path))
    monkeypatch.delenv("WEIR_CLOUD", raising=False)
    (tmp_path / "cloud.json").write_text(json.dumps({"endpoint": "http://127.0.0.1:9"}))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def world(local_cloud: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack through which a sample went."""
    found = World(FakeEngine(), FakeEngine(), services(busy=True))
    monkeypatch.setattr(sources, "of", found.sources)
    monkeypatch.setattr(run, "audit", audit)
    return found


@pytest.fixture
def empty_world(world: World) -> World:
    """A stack in which nothing has happened yet."""
    world.warehouse.answers = world.lake.answers = NOTHING
    world.services.update(services(busy=False))
    return world

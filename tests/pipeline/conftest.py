from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import clients, stack
from tests.pipeline.fake_cloud import FakeAws

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """An AWS account in memory, with nothing in it."""
    fake = FakeAws()
    monkeypatch.setattr("boto3.session.Session", lambda: fake)
    clients.client.cache_clear()
    stack.outputs.cache_clear()
    yield fake
    clients.client.cache_clear()
    stack.outputs.cache_clear()

"""What the modules of the local cloud share: its state folder, its warehouse, and when to start and stop.

A module that supplies a service has `install(host)`. MiniStack reads its settings from the environment when it
is imported, so nothing of it is imported before `install` runs.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.settings import LOCAL_REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.local.warehouse import Warehouse

ACCOUNT = "000000000000"


@dataclass
class Host:
    """One local cloud in one process.

    `state` is its folder, `endpoint` the URL that AWS clients use, `warehouse` the PostgreSQL behind Redshift.
    """

    state: Path
    endpoint: str
    warehouse: Warehouse
    _starts: list[Callable[[], None]] = field(default_factory=list)
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def on_start(self, action: Callable[[], None]) -> None:
        """Run `action` once the services answer, in the order of registration."""
        self._starts.append(action)

    def on_stop(self, action: Callable[[], None]) -> None:
        """Run `action` at a clean stop before state is saved, in the reverse order of registration."""
        self._stops.append(action)

    def start(self) -> None:
        """Run what was registered for the start."""
        for action in self._starts:
            action()

    def stop(self) -> None:
        """Run what was registered for the stop."""
        for action in reversed(self._stops):
            action()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """The account and region that MiniStack's stores are keyed by, for threads that serve no request."""
        from ministack.core import responses

        account = responses._request_account_id.set(ACCOUNT)
        region = responses._request_region.set(LOCAL_REGION)
        try:
            yield
        finally:
            responses._request_region.reset(region)
            responses._request_account_id.reset(account)

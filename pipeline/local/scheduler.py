"""EventBridge Scheduler's target for the Redshift Data API, which MiniStack lacks: it runs on the local warehouse.

From the EventBridge Scheduler user guide, "Using universal targets": the target's Input is the request of
`redshift-data:ExecuteStatement`. A schedule's rate is shortened, so that nobody waits a minute on a laptop.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.local.host import Host
    from pipeline.local.warehouse import Warehouse

TARGET = ":aws-sdk:redshiftdata:executeStatement"
_EVERY_S = 2.0

logger = logging.getLogger("weir.scheduler")


def install(host: Host) -> None:
    """Run such schedules in a thread of ours; every other target stays MiniStack's."""
    from ministack.services import eventbridge, scheduler

    invoke = eventbridge._invoke_target

    def invoke_others(target: Mapping[str, Any], *arguments: Any) -> Any:
        return None if _is_ours(target) else invoke(target, *arguments)

    eventbridge._invoke_target = invoke_others

    def due() -> list[Mapping[str, Any]]:
        with host.scope():
            schedules = tuple(scheduler._schedules.values())
        return [schedule["Target"] for schedule in schedules if schedule.get("State") == "ENABLED"]

    statements = Statements(host.warehouse, due)
    host.on_start(statements.start)
    host.on_stop(statements.stop)


def _is_ours(target: Mapping[str, Any]) -> bool:
    return str(target.get("Arn", "")).endswith(TARGET)


class Statements:
    """Runs the SQL of the targets that `due` names, one after the other, every few seconds."""

    def __init__(self, warehouse: Warehouse, due: Any) -> None:
        self._warehouse = warehouse
        self._due = due
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)
        self._failing: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Run what is due once more, so that a clean stop leaves nothing unmerged, and end."""
        self._over.set()
        self._thread.join()
        self.run_due()

    def run_due(self) -> None:
        """Run each statement; one that fails is logged when it begins to fail, and tried again next time."""
        for target in self._due():
            if not _is_ours(target):
                continue
            text = ""
            try:
                text = str(json.loads(target["Input"])["Sql"])
                with self._warehouse.connect(autocommit=True) as connection:
                    connection.execute(text.encode())
            except (psycopg.Error, ValueError, KeyError, TypeError) as error:
                if text not in self._failing:
                    logger.warning("%s failed: %s", text or "A schedule without Sql", str(error).strip())
                self._failing.add(text)
            else:
                self._failing.discard(text)

    def _loop(self) -> None:
        while not self._over.wait(_EVERY_S):
            self.run_due()

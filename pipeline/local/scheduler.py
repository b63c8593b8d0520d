"""EventBridge Scheduler's target for the Redshift Data API, which MiniStack lacks: it runs on the local warehouse.

From the EventBridge Scheduler user guide, "Using universal targets": the target's Input is the request of
`redshift-data:ExecuteStatement`. Where AWS runs `rate(1 minute)` each minute, a laptop runs it every few seconds.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

from pipeline.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.local.host import Host
    from pipeline.local.warehouse import Warehouse

TARGET = ":scheduler:::aws-sdk:redshiftdata:executeStatement"
_EVERY_S = 2.0
# A statement that takes long rests longer: the other processes need the machine, too. It comes once a minute all the
# same, as the template's schedule says.
_REST = 2.0
_LONGEST_REST_S = 60.0

logger = logging.getLogger("weir.local.scheduler")


def install(host: Host) -> None:
    """Run such schedules in a thread of ours; every other target stays MiniStack's."""
    from ministack.services import eventbridge, scheduler

    invoke = eventbridge._invoke_target

    def invoke_others(target: Mapping[str, Any], *arguments: Any) -> Any:
        return None if is_ours(target) else invoke(target, *arguments)

    eventbridge._invoke_target = invoke_others

    def due() -> list[Mapping[str, Any]]:
        with host.scope():
            schedules = tuple(scheduler._schedules.values())
        return [each["Target"] for each in schedules if each.get("State") == "ENABLED" and is_ours(each["Target"])]

    statements = Statements(host.warehouse, due)
    host.on_start(statements.start)
    host.on_stop(statements.stop)


def is_ours(target: Mapping[str, Any]) -> bool:
    """Whether the target is the Data API's ExecuteStatement, in whatever partition."""
    return str(target.get("Arn", "")).endswith(TARGET)


class Statements:
    """Runs the SQL of the targets that `due` names, one after the other, every few seconds."""

    def __init__(self, warehouse: Warehouse, due: Callable[[], list[Mapping[str, Any]]]) -> None:
        self._warehouse = warehouse
        self._due = due
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)
        self._failing: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Run what is due once more, so that a clean stop leaves nothing that has landed unmerged, and end."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()
            self.run_due()

    def run_due(self) -> None:
        """Run each statement; one that fails is logged when it begins to fail, and tried again next time."""
        for target in self._due():
            given = str(target.get("Input", ""))
            try:
                statement = _statement(given, self._warehouse.database)
                with self._warehouse.connect(autocommit=True) as connection:
                    connection.execute(statement.encode())
            except (psycopg.Error, LocalCloudError, ValueError) as error:
                if given not in self._failing:
                    logger.warning("A scheduled statement failed and will be tried again: %s: %s", given, error)
                self._failing.add(given)
            else:
                self._failing.discard(given)

    def _loop(self) -> None:
        rest = _EVERY_S
        while not self._over.wait(rest):
            started = time.monotonic()
            self.run_due()
            rest = min(_LONGEST_REST_S, max(_EVERY_S, _REST * (time.monotonic() - started)))


def _statement(given: str, database: str) -> str:
    """The SQL of an ExecuteStatement request; raises ValueError for what the Data API would refuse."""
    request = json.loads(given)
    if not isinstance(request, dict):
        raise ValueError("its Input is no JSON object")  # noqa: TRY004 - what is wrong is the text
    for name in ("Database", "Sql"):
        if not isinstance(request.get(name), str) or not request[name]:
            raise ValueError(f"its Input lacks {name}")
    if request["Database"] != database:
        raise ValueError(f'database "{request["Database"]}" does not exist')
    return str(request["Sql"])

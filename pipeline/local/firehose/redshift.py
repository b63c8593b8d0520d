"""From staged objects into the warehouse: COPY after COPY, each with a manifest, as fast as they finish.

From the developer guide, "Understand data delivery" and "Handle data delivery failures": a COPY that fails is tried
again until the retry duration is over; then its objects are skipped and named in a manifest under
`errors/manifests/`, for a backfill by hand. The objects themselves stay.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.local.firehose.prefixes import success_prefix, suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.local.firehose.counters import Counters
    from pipeline.local.firehose.destination import Destination, LogStream, Redshift
    from pipeline.local.firehose.services import Services

logger = logging.getLogger("weir.firehose")
# AWS tries again every five minutes; a local warehouse is back sooner.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_OBJECTS_A_COPY = 500


class CopyError(Exception):
    """A COPY failed; `code` and the message are those of Firehose's error log."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Copy(Protocol):
    """Loads staged objects and returns how many rows were loaded; raises CopyError, and has loaded nothing then."""

    def __call__(self, redshift: Redshift, user: str, password: str, objects: Sequence[tuple[str, str]]) -> int:
        """COPY `objects` (bucket and key) as `user`."""


@dataclass(frozen=True, slots=True)
class Staged:
    """An object that waits for its COPY, its records, and their bytes before compression."""

    bucket: str
    key: str
    records: int
    size: int


class Loader:
    """The COPYs of one delivery stream, one after the other; `current` tells its configuration."""

    def __init__(
        self,
        current: Callable[[], Destination],
        services: Services,
        copy: Copy,
        counters: Counters,
        report: Callable[[Destination, LogStream | None, str, str], None],
    ) -> None:
        self._current = current
        self._services = services
        self._copy = copy
        self._counters = counters
        self._report = report
        self._changed = threading.Condition()
        self._waiting: list[Staged] = []
        self._closing = threading.Event()

    def add(self, staged: Iterable[Staged]) -> None:
        """Queue objects."""
        with self._changed:
            self._waiting += staged
            self._changed.notify_all()

    def close(self) -> None:
        """Try what waits once more, then end."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()

    def drain(self) -> tuple[Staged, ...]:
        """Take what waits."""
        with self._changed:
            waiting, self._waiting = tuple(self._waiting), []
            return waiting

    def run(self) -> None:
        """COPY until closed."""
        while batch := self._next():
            if self._load(batch):
                with self._changed:
                    del self._waiting[: len(batch)]
            elif self._closing.is_set():
                return

    def _next(self) -> list[Staged]:
        """The objects of the next COPY, which stay in the queue until it is over; none once closed."""
        with self._changed:
            while not self._waiting:
                if self._closing.is_set():
                    return []
                self._changed.wait()
            return self._waiting[:_OBJECTS_A_COPY]

    def _load(self, batch: list[Staged]) -> bool:
        """COPY a batch or give it up; False when neither could be done."""
        objects = [(staged.bucket, staged.key) for staged in batch]
        began = time.monotonic()
        name = ""
        attempt = 0
        while True:
            attempt += 1
            destination = self._current()
            name = name or suffix(destination.stream, destination.version, time.time())
            try:
                self._put_manifest("manifests/", name, destination, objects)
                rows = self._copy_as_configured(destination.redshift, objects)
            except Exception as error:  # noqa: BLE001 - staged objects are loaded, or named in a manifest
                self._counters.add(DeliveryToRedshift__Success=0)
                if attempt == 1:
                    self._failed(destination, error)
                if self._closing.is_set():
                    return False
                pause = min(_FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE_S)
                retry_s = destination.redshift.retry_s if destination.redshift else 0
                if time.monotonic() + pause - began > retry_s:
                    return self._skip(name, destination, objects)
                self._closing.wait(pause)
                continue
            self._counters.add(
                DeliveryToRedshift__Success=1,
                DeliveryToRedshift__Records=rows,
                DeliveryToRedshift__Bytes=sum(staged.size for staged in batch),
            )
            return True

    def _failed(self, destination: Destination, error: Exception) -> None:
        """Say once per batch why it is not loaded yet."""
        foreseen = isinstance(error, CopyError)
        code = error.code if isinstance(error, CopyError) else "InternalError"
        logger.warning("%s: COPY failed (%s): %s", destination.stream, code, error, exc_info=not foreseen)
        self._report(destination, destination.logs, code, str(error))

    def _copy_as_configured(self, redshift: Redshift | None, objects: Sequence[tuple[str, str]]) -> int:
        if redshift is None:
            raise CopyError("InternalError", "The delivery stream has no Redshift destination any more.")
        user, password = redshift.user, redshift.password
        if redshift.secret:
            try:
                secret = self._services.secret(redshift.secret)
                user, password = str(secret["username"]), str(secret["password"])
            except (LookupError, ValueError) as error:
                raise CopyError("Redshift.AuthenticationFailed", f"The secret cannot be used: {error}") from error
        return self._copy(redshift, user, password, objects)

    def _skip(self, name: str, destination: Destination, objects: Sequence[tuple[str, str]]) -> bool:
        try:
            self._put_manifest("errors/manifests/", name, destination, objects)
        except Exception:  # nobody would know of these objects without it: keep them, and try everything again
            logger.exception("%s: the manifest of skipped objects cannot be written", destination.stream)
            self._closing.wait(_LONGEST_PAUSE_S)
            return False
        logger.warning("%s: %d objects were skipped, see %s", destination.stream, len(objects), name)
        return True

    def _put_manifest(
        self, folder: str, name: str, destination: Destination, objects: Sequence[tuple[str, str]]
    ) -> None:
        entries = [{"url": f"s3://{bucket}/{key}", "mandatory": True} for bucket, key in objects]
        prefix = success_prefix(destination.s3.prefix + folder, time.time())
        self._services.put(destination.s3.bucket, prefix + name, json.dumps({"entries": entries}).encode())

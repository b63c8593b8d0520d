"""The tree of errors that Weir raises on purpose.

Every message says what happened, where (file, line, field, resource) and what to do about it. Pages and the
CLI catch `WeirError` and show its text; anything else is a bug and shows as one.
"""

from __future__ import annotations

from datetime import UTC, datetime


class WeirError(Exception):
    """The root of all errors of ours; its text is written for the person who reads it. `at` is when it came up."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.at = datetime.now(UTC)


class BadInputError(WeirError):
    """Something given to us cannot be used."""


class FileRefusedError(BadInputError):
    """A whole file cannot be replayed; raised before anything of it is sent."""


class RowRejectedError(BadInputError):
    """One row breaks the contract."""


class BusyError(BadInputError):
    """Somebody else is at it: what was asked for is not possible now."""


class DiskError(WeirError):
    """This machine's disk did not take what it was given."""


class CloudError(WeirError):
    """A service of the cloud, local or AWS, did not do what was asked."""


class CloudDownError(CloudError):
    """A service cannot be reached, or answers that it cannot serve."""


class NotDeployedError(CloudError):
    """The stack, or one of its resources, is not there yet."""


class NotFoundError(CloudError):
    """The thing asked for does not exist."""


class AccessRefusedError(CloudError):
    """The credentials at hand may not do this."""


class ThrottledError(CloudError):
    """A limit was hit, and waiting as long as we may did not help."""


class QueryError(WeirError):
    """An engine did not answer a query."""


class QueryFailedError(QueryError):
    """The engine refused or broke off the query."""


class QueryTimeoutError(QueryError):
    """The engine took longer than the query's limit; the query was cancelled."""


class QueryCancelledError(QueryError):
    """Its reader called the query off while it ran; the engine was told."""


class QueryRefusedError(QueryError):
    """The query was refused before it started."""


class LocalCloudError(WeirError):
    """The local cloud could not start, or is not running."""

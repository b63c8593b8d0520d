"""A Redshift destination's COPY, on the local warehouse.

A cluster's address is one of Redshift's own, as Firehose demands; every one of them leads to the local warehouse. Codes
and words of errors are those of the developer guide, "Monitor Amazon Data Firehose with CloudWatch Logs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import errors

from pipeline.errors import CloudDownError, NotFoundError
from pipeline.local.copy import CopyCommand, CopyFailedError, copy
from pipeline.local.firehose.redshift import CopyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.local.firehose.destination import Redshift
    from pipeline.local.warehouse import Warehouse

_MESSAGES = {
    "AuthenticationFailed": "The provided user name and password failed authentication.",
    "ColumnNotFound": "A column in the COPY command does not exist in the table.",
    "ConnectionFailed": "The connection to the specified Amazon Redshift cluster failed.",
    "DatabaseNotFound": "The database specified in the JDBC URL was not found.",
    "DataLoadFailed": "Loading data into the table failed.",
    "DiskFull": "Data could not be loaded because the disk is full.",
    "InsufficientPrivilege": "The user does not have permissions to load data into the table.",
    "MissingS3File": "One or more S3 files required by Amazon Redshift have been removed from the S3 bucket.",
    "TableNotFound": "The table to which to load data was not found.",
}
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (errors.UndefinedTable, "TableNotFound"),
    (errors.UndefinedColumn, "ColumnNotFound"),
    (errors.InsufficientPrivilege, "InsufficientPrivilege"),
    (errors.DiskFull, "DiskFull"),
    (NotFoundError, "MissingS3File"),
    # The server went away in the middle.
    (errors.OperationalError, "ConnectionFailed"),
)


class WarehouseCopy:
    """`Copy` on the warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, redshift: Redshift, user: str, password: str, objects: Sequence[tuple[str, str]]) -> int:
        """COPY `objects` as `user`; returns the rows loaded, raises CopyError."""
        if (user, password) != (self._warehouse.username, self._warehouse.password):
            raise _error("AuthenticationFailed", f"User {user}.")
        database = redshift.url.rpartition("/")[2]
        if database != self._warehouse.database:
            raise _error("DatabaseNotFound", f"Database {database}.")
        columns = tuple(name.strip() for name in redshift.columns.split(",") if name.strip())
        try:
            return copy(self._warehouse, CopyCommand(redshift.table, columns, redshift.options), objects).loaded
        except CloudDownError as error:
            raise _error("ConnectionFailed", str(error)) from error
        except CopyFailedError as error:
            cause = error.__cause__
            code = next((code for kind, code in _CAUSES if isinstance(cause, kind)), "DataLoadFailed")
            raise _error(code, str(error)) from error


def _error(code: str, detail: str) -> CopyError:
    return CopyError(f"Redshift.{code}", f"{_MESSAGES[code]} {detail}")

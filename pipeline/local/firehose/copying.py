"""A Redshift destination's COPY, on the local warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.local.copy import CopyCommand, CopyFailedError, copy
from pipeline.local.firehose.redshift import CopyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.local.firehose.destination import Redshift
    from pipeline.local.warehouse import Warehouse


class WarehouseCopy:
    """`Copy` on the warehouse, to which every cluster's address leads."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, redshift: Redshift, user: str, password: str, objects: Sequence[tuple[str, str]]) -> int:
        """COPY `objects` as `user`; returns the rows loaded, raises CopyError."""
        if (user, password) != (self._warehouse.username, self._warehouse.password):
            raise CopyError("Redshift.AuthenticationFailed", f'password authentication failed for user "{user}"')
        columns = tuple(name.strip() for name in redshift.columns.split(",") if name.strip())
        try:
            return copy(self._warehouse, CopyCommand(redshift.table, columns, redshift.options), objects).loaded
        except CopyFailedError as error:
            raise CopyError("Redshift.CopyFailed", str(error)) from error

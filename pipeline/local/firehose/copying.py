"""A Redshift destination's COPY, on the local warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        raise CopyError("InternalError", f"not yet {self._warehouse} {redshift} {user} {password} {objects}")

"""What a worker writes of its replay into the replays table, and what it hears there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import BusyError
from pipeline.replay.progress import DONE

if TYPE_CHECKING:
    from pipeline.replay.progress import Progress, Receipt
    from pipeline.replay.store import Store
    from pipeline.replay.wishes import Control


class Account:
    """One worker's: `tell` as often as there is something to tell, `end` once, with the receipt.

    That a replay is done is written together with its receipt: a worker killed just before leaves a replay that can be
    resumed, never one that is done and has none.
    """

    def __init__(self, table: Store, control: Control) -> None:
        self._table = table
        self._control = control
        self._latest: Progress | None = None
        self._taken: BusyError | None = None

    def tell(self, state: Progress) -> None:
        """How it stands; what people wish goes to the control, and so does that another worker has taken over.

        Raises CloudError.
        """
        self._latest = state
        if state.status == DONE:
            return
        try:
            self._control.wish(self._table.save(state))
        except BusyError as error:
            self._taken = error
            self._control.stop()

    def end(self, receipt: Receipt) -> None:
        """The last word. Raises BusyError when another worker has taken over, CloudError when it cannot be kept."""
        if self._taken:
            raise self._taken
        assert self._latest is not None  # noqa: S101 - there is no receipt of what nothing was told of
        self._table.save(self._latest, receipt)

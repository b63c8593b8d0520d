"""A connection to the warehouse for one audit or trace: for what must be asked over one and the same."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redshift_connector import error as driver

from pipeline.errors import CloudDownError, QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LIMIT_S = 120


@contextmanager
def opened(open_connection: Callable[[], Any]) -> Iterator[Any]:
    """The connection, for the block. Raises CloudError and QueryError, for the driver's errors within it, too."""
    connection = open_connection()
    # The driver keeps the limit it connected with for every later read.
    connection._usock.settimeout(_LIMIT_S)  # noqa: SLF001 - there is no public way
    try:
        yield connection
    except driver.InterfaceError as error:
        raise CloudDownError(f"The warehouse does not answer ({error}). Try again once it is back.") from error
    except driver.Error as error:
        raise QueryFailedError(f"The warehouse could not be compared with the ledger: {error}") from error
    except OSError as error:
        raise CloudDownError(f"The warehouse went away ({error}). Try again once it is back.") from error
    finally:
        connection.close()

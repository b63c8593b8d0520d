"""That the browser has the whole of a page before a part of it comes again."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONG_S = 1.0  # a page that waits for a figure takes two seconds
_SENDING_S = 0.1  # Streamlit sends what has come together each 10 ms


@contextmanager
def whole() -> Iterator[None]:
    """Around a page's run: one that took long ends when all of it is on its way.

    A part that looks again by itself, or was clicked while the page was made, waits for its turn. When that comes
    before the last of the page is sent, Streamlit 1.67 takes back what is left of the part in there. The browser then
    has a page with a gap, closes it, and breaks over the part that belongs there ("'setIn' cannot be called on an
    ElementNode"): nothing is left to be seen. So it went where several figures were waited for and one came.
    """
    begun = time.monotonic()
    try:
        yield
    finally:
        if time.monotonic() - begun > _LONG_S:
            time.sleep(_SENDING_S)

"""Tables whose cells people can read: each column with its own way to write a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from pandas.io.formats.style import Styler


def unbroken(text: str) -> str:
    """Words that stay on one line in a narrow cell."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def formatted(frame: pd.DataFrame, formats: Mapping[str, Callable[[Any], str]]) -> Styler:
    """`frame` with the columns of `formats` written by their functions; numbers stay numbers, to the right."""
    return frame.style.format({name: _in_one_piece(write) for name, write in formats.items()})


def _in_one_piece(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """A narrow cell would part the sign from its pounds."""
    return lambda value: write(value).replace("-£", "-\N{WORD JOINER}£")

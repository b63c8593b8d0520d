"""How well a part of the pipeline does: one word, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["healthy", "degraded", "failing", "idle"]


@dataclass(frozen=True)
class Verdict:
    """`state` in one word, `why` in one sentence for the person who must act, or need not."""

    state: State
    why: str

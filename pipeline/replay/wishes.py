"""How fast a replay is to go, and what people wish of one that runs: pause, go on, stop, another tempo."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pipeline.errors import BadInputError

MAX_GAP_S = 5.0
GO_ON, PAUSE, STOP = "go on", "pause", "stop"


@dataclass(frozen=True)
class Tempo:
    """Rows/s, or event time times `speed`, or, with neither, as fast as the target takes rows.

    No gap between two events lasts longer than `max_gap` seconds of our time, so that nights do not stall a replay.
    Raises BadInputError for what cannot be.
    """

    rate: float | None = None
    speed: float | None = None
    max_gap: float = MAX_GAP_S

    def __post_init__(self) -> None:
        if self.rate is not None and self.speed is not None:
            raise BadInputError("A replay goes by rate or by speed, not by both: give one of them.")
        for name, value in (("rate", self.rate), ("speed", self.speed), ("max gap", self.max_gap)):
            if value is not None and not 0 < value < float("inf"):
                raise BadInputError(f"The {name} is {value}: give a number greater than 0.")

    @property
    def paced(self) -> bool:
        """Whether rows wait for their time."""
        return self.rate is not None or self.speed is not None

    def __str__(self) -> str:
        """E.g. `20 rows/s`, `60 x event time, gaps of 5 s at most`, `as fast as it goes`."""
        if self.rate is not None:
            return f"{self.rate:,g} rows/s"
        if self.speed is not None:
            return f"{self.speed:,g} x event time, gaps of {self.max_gap:g} s at most"
        return "as fast as it goes"


MAX = Tempo()


@dataclass(frozen=True)
class Wish:
    """What somebody wishes of a running replay: GO_ON, PAUSE or STOP, and a tempo. None: nothing new."""

    state: str | None = None
    tempo: Tempo | None = None


class Control:
    """The worker's ear: wishes come in from one thread, the sending loop looks at them.

    `news` is set as long as the loop has to look closer than at its next row.
    """

    def __init__(self, tempo: Tempo = MAX) -> None:
        self.tempo = tempo
        self.paused = False
        self.stopping = threading.Event()
        self.news = False

    def wish(self, wished: Wish | None) -> None:
        """Take a wish over; the same wish again changes nothing."""
        if wished is None:
            return
        if wished.state == STOP:
            self.stop()
        self.paused = wished.state == PAUSE
        if wished.tempo is not None and wished.tempo != self.tempo:
            self.tempo = wished.tempo
        self.news = True

    def stop(self) -> None:
        """End the replay after what is in flight."""
        self.stopping.set()
        self.news = True

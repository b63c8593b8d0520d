"""Records into a stream: only what was refused is sent again, with back-off and a bound.

The functions that put records share it; beside the standard library it wants botocore, which Lambda has.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ATTEMPTS = 7
_FIRST_WAIT = 0.1  # seconds; doubles with each attempt
_LONGEST_WAIT = 2.0
# Sending again helps with none of these.
_FINAL = {
    "AccessDeniedException",
    "InvalidArgumentException",
    "ResourceNotFoundException",
    "ValidationException",
}


class Kinesis(Protocol):
    """The one call of boto3's Kinesis client that is made here."""

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, object]]) -> Mapping[str, Any]:  # noqa: N803
        """PutRecords: 200 does not mean taken, each record has an outcome of its own."""


def send(
    kinesis: Kinesis,
    stream: str,
    records: Sequence[Mapping[str, object]],
    *,
    time_left: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> dict[int, str]:
    """Put records (at most 500, as PutRecords wants them) into the stream; what was given up, by index.

    The value is Kinesis's error code; all are taken when there is none.

    `time_left` gives the seconds until an answer is due. An answer that got lost counts as refused: such an event may
    come twice, and every sink takes it once.
    """
    waiting = dict.fromkeys(range(len(records)), "")
    for attempt in range(ATTEMPTS):
        indexes = list(waiting)
        try:
            answer = kinesis.put_records(StreamName=stream, Records=[records[index] for index in indexes])
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
            waiting = dict.fromkeys(indexes, code)
            if code in _FINAL:
                return waiting
        except BotoCoreError as error:
            waiting = dict.fromkeys(indexes, type(error).__name__)
        else:
            outcomes = zip(indexes, answer["Records"], strict=True)
            waiting = {index: outcome["ErrorCode"] for index, outcome in outcomes if outcome.get("ErrorCode")}
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (0.5 + jitter() / 2)
        if not waiting or attempt == ATTEMPTS - 1 or time_left() <= wait:
            break
        sleep(wait)
    return waiting

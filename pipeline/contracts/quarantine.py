"""What is refused is kept with the reason, one object a request, for people to mend and send again."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

PREFIX = "quarantine/"


class S3(Protocol):
    """The one call of boto3's S3 client that is made here."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> object:  # noqa: N803
        """PutObject."""


@dataclass(frozen=True)
class Note:
    """Why a body was refused; `rows` are {"index", "field", "reason"}, index counting from 0."""

    request_id: str
    replay_id: str | None
    status: int
    reason: str
    rows: list[dict[str, object]]


def keep(s3: S3, bucket: str, folder: str, posted: bytes, note: Note) -> str:
    """Write one JSON object to `quarantine/<folder>/`: the note, `received_at` (UTC) and the body; gives its key.

    `body` is text where `encoding` is utf-8, else base64. Raises what boto3 raises.
    """
    now = datetime.now(UTC)
    try:
        encoding, text = "utf-8", posted.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", base64.b64encode(posted).decode()
    kept = {**asdict(note), "received_at": now.strftime("%Y-%m-%d %H:%M:%S.%f"), "encoding": encoding, "body": text}
    key = f"{PREFIX}{folder}/{now:%Y/%m/%d/%H}/{note.request_id}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(kept).encode(), ContentType="application/json")
    return key

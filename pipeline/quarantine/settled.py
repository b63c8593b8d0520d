"""What became of kept rows: the original stays, and a record beside it says that it was sent again.

`resolved/<key of the original>/<id of what sent it>.json` in the original's bucket:
{"bucket", "key", "rows": [numbers in the object], "how", "replay_id", "event_ids", "texts": {number: what was sent},
"who", "at"}.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.replay import progress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pipeline.quarantine.rows import Row

PREFIX = "resolved/"
EDITED, AS_IT_WAS, REDRIVEN = "edited", "as it was", "redriven"


@dataclass(frozen=True)
class Settled:
    """Which rows of one object were sent again, by what."""

    how: str
    replay_id: str
    rows: Mapping[Row, bytes]  # with what was sent


def write(s3: Any, settled: Settled, *, who: str) -> None:  # noqa: ANN401 - boto3
    """Write one record for each object that the rows are of. Raises CloudError."""
    objects: dict[tuple[str, str], list[Row]] = {}
    for row in settled.rows:
        objects.setdefault((row.bucket, row.key), []).append(row)
    for (bucket, key), rows in objects.items():
        record = {
            "bucket": bucket,
            "key": key,
            "rows": [row.number for row in rows],
            "how": settled.how,
            "replay_id": settled.replay_id,
            "event_ids": [row.event_id for row in rows],
            "texts": {row.number: settled.rows[row].decode(errors="backslashreplace") for row in rows},
            "who": who,
            "at": progress.utc_now(),
        }
        name = f"{PREFIX}{key}/{settled.replay_id}.json"
        with aws_errors(f"s3://{bucket}/{name}"):
            s3.put_object(Bucket=bucket, Key=name, Body=json.dumps(record).encode(), ContentType="application/json")


def records(s3: Any, bucket: str, prefix: str, keys: Collection[str]) -> dict[str, list[str]]:  # noqa: ANN401 - boto3
    """Key of an original among `keys` to the keys of its records. One listing of what is settled under a prefix."""
    wanted = set(keys)
    found: dict[str, list[str]] = {}
    with aws_errors(f"s3://{bucket}/{PREFIX}{prefix}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{PREFIX}{prefix}"):
            for listed in page.get("Contents", []):
                original = str(listed["Key"]).removeprefix(PREFIX).rpartition("/")[0]
                if original in wanted:
                    found.setdefault(original, []).append(str(listed["Key"]))
    return found


def numbers(s3: Any, bucket: str, keys: Iterable[str]) -> set[int]:  # noqa: ANN401 - boto3
    """The rows that the records name. Raises CloudError."""
    found: set[int] = set()
    for key in keys:
        with aws_errors(f"s3://{bucket}/{key}"):
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        found.update(json.loads(body)["rows"])
    return found

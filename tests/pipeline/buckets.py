"""S3 in memory: objects in several buckets, listed in the order of their keys, two a page."""

# ruff: noqa: N803 - the arguments have the names that boto3 gives them

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.pipeline.replay.fakes import client_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 2


class FakeS3:
    """PutObject, GetObject and ListObjectsV2; `now` dates what is put, `down` makes every call fail."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], tuple[datetime, bytes]] = {}
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.down = False
        self.read: list[str] = []

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "", IfNoneMatch: str = ""
    ) -> dict[str, str]:
        self._check("PutObject")
        if IfNoneMatch == "*" and (Bucket, Key) in self.objects:
            raise client_error("PreconditionFailed", "PutObject", 412)
        self.objects[Bucket, Key] = (self.now, Body)
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._check("GetObject")
        self.read.append(Key)
        if (Bucket, Key) not in self.objects:
            raise client_error("NoSuchKey", "GetObject", 404)
        return {"Body": io.BytesIO(self.objects[Bucket, Key][1])}

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str = "") -> Iterator[dict[str, Any]]:
        self._check("ListObjectsV2")
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
        keys = [key for key in keys if key > StartAfter]
        for at in range(0, len(keys), _PAGE):
            yield {"Contents": [self._described(Bucket, key) for key in keys[at : at + _PAGE]]}
        if not keys:
            yield {}

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        return sorted(key for held, key in self.objects if held == bucket and key.startswith(prefix))

    def _described(self, bucket: str, key: str) -> dict[str, Any]:
        at, body = self.objects[bucket, key]
        return {"Key": key, "LastModified": at, "Size": len(body)}

    def _check(self, operation: str) -> None:
        if self.down:
            raise client_error("InternalError", operation, 500)

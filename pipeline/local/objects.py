"""The local cloud's S3 from within its own process. Call inside `Host.scope()`."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import LocalCloudError, NotFoundError

_OK = 200


def put(bucket: str, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
    """Write one object; raises LocalCloudError when S3 refuses it or the disk did not take it."""
    from ministack.services import s3

    status, _headers, answer = s3._put_object(bucket, key, body, {"content-type": content_type})
    if status != _OK:
        message = f"s3://{bucket}/{key} was not written (status {status}: {answer!r})."
        raise LocalCloudError(message)
    # MiniStack only logs a write that fails; a full disk must not look like a delivery.
    if not path(bucket, key).is_file():
        message = f"s3://{bucket}/{key} was not written to disk: is it full?"
        raise LocalCloudError(message)


def get(bucket: str, key: str) -> bytes:
    """The bytes of one object; raises NotFoundError."""
    from ministack.services import s3

    body: bytes | None = s3._get_object_data(bucket, key)
    if body is None:
        message = f"s3://{bucket}/{key} does not exist."
        raise NotFoundError(message)
    return body


def keys(bucket: str, prefix: str = "") -> list[str]:
    """The keys that start with `prefix`, sorted; empty when there is no such bucket."""
    from ministack.services import s3

    found = s3._buckets.get(bucket)
    return sorted(key for key in tuple(found["objects"]) if key.startswith(prefix)) if found else []


def path(bucket: str, key: str) -> Path:
    """The file on disk that holds the object."""
    from ministack.services import s3

    return Path(s3._object_disk_path(bucket, key))

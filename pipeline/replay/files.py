"""The files that a replay can be started from without the command line: the sample, a path, an upload."""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import FileRefusedError
from pipeline.replay import samples

if TYPE_CHECKING:
    from datetime import date
    from io import BytesIO

SAMPLE_ROWS = 20_000
_SAMPLE = "sample.csv.gz"
_SAMPLE_SEED = 1
_SAMPLE_DAYS = 365
_UPLOADS = "uploads"
_BLOCK_BYTES = 1 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def sample(state: Path, *, rows: int = SAMPLE_ROWS, end: date | None = None) -> Path:
    """The generated sample of `state`, made when it is not there yet: a year that ends on `end` (default: today)."""
    path = state / _SAMPLE
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        last = end or datetime.now(UTC).date()
        samples.write(path, rows=rows, seed=_SAMPLE_SEED, start=last - timedelta(days=_SAMPLE_DAYS - 1), end=last)
    return path


def at(text: str) -> Path:
    """The file at a path that somebody typed; raises FileRefusedError for an empty one."""
    if not text.strip():
        raise FileRefusedError("No path was given: type where the file lies on the machine that runs Weir.")
    return Path(text.strip()).expanduser().absolute()


def keep_upload(state: Path, name: str, content: BytesIO) -> Path:
    """Write an upload to `state` under its content's hash and its own name, and return where it lies.

    The worker reads it there, after the page and its tab are gone; the same upload twice is one file.
    """
    folder = state / _UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()[:12]
    safe = _UNSAFE.sub("-", Path(name).name).strip("-.")[-100:] or "upload.csv"
    path = folder / digest / safe
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        scratch = path.with_name(f".{safe}.part")
        content.seek(0)
        with scratch.open("wb") as file:
            shutil.copyfileobj(content, file, _BLOCK_BYTES)
        scratch.replace(path)
    return path

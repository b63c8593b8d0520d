"""A CSV file on disk, plain or gzip: refused before anything is sent, or given out in lines with bounded memory.

Text is decoded line by line: a line that is UTF-8 is read as UTF-8, any other as ISO-8859-1. So a file may be ASCII
for 40 MB and then hold one pound sign in either encoding, and nobody has to be asked. The bytes 0x80-0x9f, control
characters in ISO-8859-1, are read as Windows-1252 has them (curly quotes, the euro), as web browsers do.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import FileRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_BLOCK = 1 << 20  # bytes read at a time
_LONGEST_LINE = 1 << 18  # bytes kept of a line that does not end; no order line comes near it
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
# What people pick by mistake, by its first bytes.
_NOT_CSV = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"%PDF": "a PDF",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    _GZIP: "gzip within gzip",
}
_BROKEN_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)


class Source:
    """An opened file: `check` refuses what is no text, `lines` gives the lines once, the rest tells how far it is.

    Every FileRefusedError names the file, and line and column where there are such.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
                raise FileRefusedError(f"{path} is {kind}: give the path of a CSV file, plain or .gz.")
            self._disk = _MeteredFile(path)
        except FileNotFoundError as error:
            raise FileRefusedError(f"{path} does not exist: check the path.") from error
        except (OSError, ValueError) as error:  # no permission; a name that no file can have
            raise FileRefusedError(f"{path} cannot be read: {error}.") from error
        self.bytes_total = found.st_size
        self._fingerprint: str | None = None
        self._text_bytes = found.st_size  # of the text, unpacked
        self._before = 0  # bytes of text before `_block`
        self._block_bytes = 0
        self._ended = False
        self._first_line = 1  # physical number of the first line of `_block`
        self._block: list[str] = []
        self._previous: list[str] = []
        self._saw_utf8 = self._saw_latin1 = False
        self.compressed = self._disk.read(len(_GZIP)) == _GZIP
        self._disk.rewind()

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it lies on disk, was read; ends at `bytes_total`."""
        return self._disk.count

    @property
    def encoding(self) -> str:
        """The encodings met so far: ASCII, UTF-8, ISO-8859-1, or the last two of these."""
        names = [name for name, saw in (("UTF-8", self._saw_utf8), ("ISO-8859-1", self._saw_latin1)) if saw]
        return " and ".join(names) or "ASCII"

    def share(self, line: int) -> float:
        """How much of the text lies before the physical line, 0 to 1; near the line that was given out last."""
        if self._ended:
            return 1.0
        of_block = min(1.0, max(0, line - self._first_line) / max(1, len(self._block)))
        return min(1.0, (self._before + of_block * self._block_bytes) / max(1, self._text_bytes))

    def fingerprint(self) -> str:
        """The hash of the whole file as it lies on disk now; asked once. Raises FileRefusedError.

        A gzip file was read through by `check`; any other one is read here, 45 MB in 0.05 s.
        """
        if self._fingerprint is None:
            try:
                with self.path.open("rb") as file:
                    self._fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise FileRefusedError(f"{self.path} cannot be read: {error}.") from error
        return self._fingerprint

    def sha256(self) -> str:
        """The hash of the whole file as it was read; reads what `lines` has left over."""
        while self._disk.read(_BLOCK):
            pass
        return self._disk.digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._disk.close()

    def check(self) -> None:
        """Refuse an empty or binary file, another format, a broken gzip; leave the source at its beginning.

        A gzip file is read through once (0.3 s for 45 MB unpacked): that it was cut off shows only at its end, when
        the rows before would have been sent.
        """
        try:
            with self._unpacked() as unpacked:
                start = unpacked.read(_BLOCK)
                size = len(start)
                while self.compressed and (data := unpacked.read(_BLOCK)):
                    size += len(data)
            if self.compressed:
                self._fingerprint, self._text_bytes = self.sha256(), size
        except _BROKEN_GZIP as error:
            raise self._broken_gzip(error) from error
        except OSError as error:
            raise FileRefusedError(f"{self.path} cannot be read: {error}.") from error
        finally:
            self._disk.rewind()
        self._check_text(start)

    def lines(self) -> Iterator[str]:
        """Every line with its line end (LF, CRLF or CR). Two blocks of 1 MiB are in memory at most.

        Raises FileRefusedError when the file can no longer be read, or its gzip breaks, half-way.
        """
        try:
            with self._unpacked() as unpacked:
                for block in _whole_lines(unpacked):
                    self._first_line += len(self._block)
                    self._before += self._block_bytes
                    self._previous, self._block, self._block_bytes = self._block, self._decoded(block), len(block)
                    yield from self._block
                self._ended = True
        except _BROKEN_GZIP as error:
            raise self._broken_gzip(error) from error
        except OSError as error:
            raise FileRefusedError(f"{self.path} cannot be read any further: {error}.") from error

    def recent(self, first: int, last: int) -> list[str]:
        """The physical lines `first` to `last`, counted from 1, as far as they are in the last two blocks."""
        if first >= self._first_line:
            return self._block[first - self._first_line : last + 1 - self._first_line]
        base = self._first_line - len(self._previous)
        return (self._previous + self._block)[max(0, first - base) : last + 1 - base]

    def _unpacked(self) -> AbstractContextManager[_Readable]:
        return gzip.GzipFile(fileobj=self._disk) if self.compressed else nullcontext(self._disk)

    def _check_text(self, start: bytes) -> None:
        for magic, name in _NOT_CSV.items():
            if start.startswith(magic):
                raise FileRefusedError(f"{self.path} is {name}, not CSV text: save it as CSV and try again.")
        if not start.removeprefix(_BOM).strip():
            raise FileRefusedError(f"{self.path} is empty: line 1, column 1 should begin the names of the columns.")
        # Further down a zero byte costs its row only.
        if (nul := start.split(b"\n", 1)[0].find(b"\0")) >= 0:
            raise FileRefusedError(f"{self.path} is binary, not CSV text: line 1, column {nul + 1} holds a zero byte.")

    def _decoded(self, block: bytes) -> list[str]:
        if self._first_line == 1 and block.startswith(_BOM):
            self._saw_utf8, block = True, block.removeprefix(_BOM)
        try:
            text = block.decode()
        except UnicodeDecodeError:
            return [self._decoded_line(line) for line in block.splitlines(keepends=True)]
        self._saw_utf8 = self._saw_utf8 or not text.isascii()
        # str.splitlines would also split at form feeds and at Unicode's own separators.
        return list(io.StringIO(text, newline=""))

    def _decoded_line(self, line: bytes) -> str:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self._saw_latin1 = True
            try:
                return line.decode("cp1252")
            except UnicodeDecodeError:
                return line.decode("latin-1")
        self._saw_utf8 = self._saw_utf8 or not text.isascii()
        return text

    def _broken_gzip(self, error: Exception) -> FileRefusedError:
        what = "is cut off" if isinstance(error, EOFError) else "is damaged"
        where = f"byte {self.bytes_read} of {self.bytes_total}"
        return FileRefusedError(f"{self.path} {what}: its gzip breaks at {where} ({error}). Fetch or pack it again.")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _MeteredFile(io.FileIO):
    """A file that counts and hashes what is read of it; read it by `read(size)` only."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rewind()

    def rewind(self) -> None:
        """Go to the beginning and forget the count and the hash."""
        self.seek(0)
        self.count = 0
        self.digest = hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size) or b""
        self.count += len(data)
        self.digest.update(data)
        return data


def _whole_lines(stream: _Readable) -> Iterator[bytes]:
    """Blocks of whole lines. Of a line that does not end within a block only the beginning is kept."""
    rest = b""
    endless = False
    while data := stream.read(_BLOCK):
        if endless:
            end = data.find(b"\n")
            if end < 0:
                continue
            rest, data, endless = rest + data[end : end + 1], data[end + 1 :], False
        rest += data
        # A CR at the very end may be the first half of a CRLF.
        cut = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, len(rest) - 1) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > _LONGEST_LINE:
            rest, endless = rest[:_LONGEST_LINE], True
    if rest:
        yield rest

"""The file that a tar archive is read from, as tarfile sees it: no header is huge, and a bomb ends.

Tarfile reads headers of any size into memory, and passes over members of any size, which a compressed archive of a few
kilobytes can unpack to.
"""

import tarfile
from typing import IO

RATIO, SPARE = 100, 1 << 30
"""A compressed archive may unpack to so many times its size, and to a gibibyte more."""

MOST = 1 << 20
"""Bytes of a header, which holds names and attributes."""


class Tape:
    """A file of `size` bytes on disk; `last` is what was read from it last."""

    def __init__(self, file: IO[bytes], size: int, *, is_compressed: bool) -> None:
        self._file = file
        self._end = RATIO * size + SPARE if is_compressed else None
        self.last = b""

    def read(self, size: int) -> bytes:
        """The next bytes. Raises ReadError for more than a header has."""
        if not 0 <= size <= MOST:
            raise tarfile.ReadError(f"a header of {size:,} bytes is none")
        self._check(self.tell() + size)
        self.last = self._file.read(size)
        return self.last

    def seek(self, position: int) -> int:
        """Go there. Raises ReadError beyond what an archive of this size may hold."""
        self._check(position)
        return self._file.seek(position)

    def tell(self) -> int:
        """Where it stands."""
        return self._file.tell()

    def finish(self) -> None:
        """Read what is left: only at its end a compressed archive tells whether it was whole."""
        while self.read(MOST):
            pass

    def _check(self, position: int) -> None:
        if self._end is not None and position > self._end:
            raise tarfile.ReadError("it unpacks to far more than it may: unpack it yourself if you trust it")

"""A picture in an archive as a binary file: opened by the first read, shut when it is put back.

Importing reads a picture twice, to hash it and to send it, and takes dozens at once: none of them is in memory, or
holds a file open, while it waits.
"""

import io
from collections.abc import Callable
from typing import IO, Any

from lookalike.containers.damage import told
from lookalike.errors import ImageUnreadable


class Inside(io.RawIOBase):
    """`size` bytes, read from what `opened` gives. Raises ImageUnreadable where they are damaged or cut short."""

    def __init__(self, path: str, size: int, opened: Callable[[], IO[bytes]]) -> None:
        super().__init__()
        self._path = path
        self._size = size
        self._opened = opened
        self._stream: IO[bytes] | None = None
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, back to its start."""
        return True

    def tell(self) -> int:
        """Bytes read so far."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Back to the start, the one place where a picture is put back to."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a picture in an archive goes back to its start only")
        self._shut()
        self._position = 0
        return 0

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        wanted = min(len(buffer), self._size - self._position)
        if not wanted:
            return 0
        with told(self._path):
            self._stream = self._stream or self._opened()
            content = self._stream.read(wanted)
        if not content:
            raise ImageUnreadable(f"{self._path} is cut short: copy the archive again")
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        """Shut for good."""
        self._shut()
        super().close()

    def _shut(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

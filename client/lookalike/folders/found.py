"""A file on its way into a collection: read only as long as it is what was found."""

import io
import os
from pathlib import Path
from typing import IO, Any

from lookalike.errors import SourceChanged, SourceVanished
from lookalike.folders.scan import File


class AsFound(io.RawIOBase):
    """The bytes of a file, opened by the first read and shut when it is put back: dozens wait without being open.

    Reading raises SourceChanged where the file is not, or no longer, as it was found, so that half a picture is never
    sent for a whole one; SourceVanished where it is gone.
    """

    def __init__(self, file: File) -> None:
        super().__init__()
        self.size_bytes = file.size_bytes
        self._found = file
        self._file: IO[bytes] | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, back to its start."""
        return True

    def tell(self) -> int:
        """Where a picture is put back to."""
        return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Back to the start."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a picture goes back to its start only")
        file, self._file = self._file, None
        if file:
            file.close()
        return 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end, once the file is known to be what was found."""
        if self._file is None:
            self._file = self._opened()
        content = self._file.read(size)
        if not content:
            self._check(self._file)
        return content

    def readinto(self, buffer: Any) -> int:
        """The next bytes, into a buffer."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Shut for good."""
        self.seek(0)
        super().close()

    def _opened(self) -> IO[bytes]:
        try:
            file = Path(self._found.path).open("rb")  # noqa: SIM115 - shut when it is put back
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceVanished(f"{self._found.path} was there a moment ago: it has moved or gone") from error
        self._file = file
        self._check(file)
        return file

    def _check(self, file: IO[bytes]) -> None:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime) != (self._found.size_bytes, self._found.mtime):
            raise SourceChanged(f"{self._found.path} is being written to: run this again when it is whole")

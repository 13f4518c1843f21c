"""Keeps a data folder to one server at a time."""

import fcntl
import os
from pathlib import Path

from lookalike_server.errors import DataFolderError


class FolderLock:
    """Holds `folder`/lock from construction to `close`; the system lets go of it when the process dies.

    Raises DataFolderError when another server holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataFolderError(f"the data folder {folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise DataFolderError(
                f"the data folder {folder} is in use by another server: stop it, or choose another folder"
            ) from error

    def close(self) -> None:
        """Lets the next server in."""
        os.close(self._file)

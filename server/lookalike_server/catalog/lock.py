"""Keeps a data folder to one server at a time."""

import fcntl
import os
from pathlib import Path

from lookalike_server.errors import DataFolderError, ShuttingDown


class FolderLock:
    """Holds `folder`/lock from construction to `close`; the system lets go of it when the process dies.

    Raises DataFolderError when another server holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataFolderError(f"the data folder {folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise DataFolderError(
                f"the data folder {folder} is in use by another server: stop it, or choose another folder"
            ) from error

    def check(self) -> None:
        """DataFolderError when the lock is no longer the file in the folder: then what is written there is lost.

        ShuttingDown after `close`.
        """
        if self._closed:
            raise ShuttingDown
        try:
            kept = os.path.samestat(os.fstat(self._file), self._path.stat())
        except OSError:
            kept = False
        if not kept:
            raise DataFolderError(f"the data folder is gone: {self._path.parent} was removed or replaced; start again")

    def close(self) -> None:
        """Lets the next server in."""
        self._closed = True
        os.close(self._file)

"""Whether the files of a database are still those that it was opened with.

SQLite goes on writing to a file that somebody has removed or replaced, and says nothing: what is committed there is
gone when the process ends.
"""

import os
from pathlib import Path

from lookalike_server.errors import DataFolderError

_SUFFIXES = ("", "-wal", "-shm")


class Presence:
    """Takes note of the database at `path`, its log and its shared memory; all are there while it is open."""

    def __init__(self, path: Path) -> None:
        self._files = {file: os.stat(file) for file in (f"{path}{suffix}" for suffix in _SUFFIXES)}  # noqa: PTH116

    def check(self) -> None:
        """DataFolderError when one is not the file it was; a few microseconds."""
        for file, opened in self._files.items():
            try:
                same = os.path.samestat(opened, os.stat(file))  # noqa: PTH116
            except OSError:
                same = False
            if not same:
                raise DataFolderError(
                    f"{file} was removed or replaced under the running server, so nothing was changed: stop the "
                    "server, bring the database back with `lookalike restore`, and start again"
                )

"""Whether the files of a database are still those that it was opened with.

SQLite goes on writing to a file that somebody has removed or replaced, and says nothing: what is committed there is
gone when the process ends.
"""

import os
from pathlib import Path

from lookalike_server.errors import DataFolderError

_SUFFIXES = ("", "-wal", "-shm")


class Presence:
    """Takes note of the open database at `path`, of its log and of the memory that its connections share."""

    def __init__(self, path: Path) -> None:
        files = [f"{path}{suffix}" for suffix in _SUFFIXES]
        self._files = {file: os.stat(file) for file in files if os.path.exists(file)}  # noqa: PTH110, PTH116

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

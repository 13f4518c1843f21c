"""Whether a database is there that should be: before it is opened, and while it is in use.

SQLite makes an empty database where one is missing. And it goes on writing to a file that somebody has removed or
replaced, and says nothing: what is committed there is gone when the process ends.
"""

import os
from itertools import chain
from pathlib import Path

from lookalike_server.errors import DataFolderError

_SUFFIXES = ("", "-wal", "-shm")
_TRACES = ("{}-wal", "indexes/", "tuning.json", ".restore-*", "replaced-*", "before-repair-*")
"""What a catalog leaves beside its database, as patterns in which {} is the database's name."""


def expect(path: Path) -> None:
    """DataFolderError when the database is not there, or is empty, in a folder that had one. A new folder has none."""
    if path.exists() and path.stat().st_size:
        return
    folder = path.parent
    traces = chain.from_iterable(folder.glob(pattern.format(path.name)) for pattern in _TRACES)
    if left := sorted(trace.name for trace in traces):
        raise DataFolderError(
            f"{path} is missing or empty, and {', '.join(left)} beside it shows that there was a catalog: put the file "
            f"back, or run `lookalike restore FILE --data {folder} --force`. To begin anew, name an empty folder"
        )


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

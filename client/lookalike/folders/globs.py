"""Which files and folders a user wants, by GLOBs as shells write them.

A GLOB without a slash is held against names: `*.png`, `IMG_*`, `cache`. One with a slash is held against the whole path
below the folder given: `2019/*/raw`, `/drafts`. `*` and `?` never match a slash, `**` stands for any number of folders.
Upper and lower case are the same, as cameras write IMG_1.JPG. What excludes a folder excludes all in it, and wins.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


class Globs:
    """Files are wanted where a GLOB of `include` matches, or where there is none, and none of `exclude` does."""

    def __init__(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        self._include = [_parts(glob) for glob in include]
        self._exclude = [_parts(glob) for glob in exclude]

    def admits_folder(self, path: str) -> bool:
        """Whether to enter it; `path` is that below the folder given, as in all of these."""
        return not _any(self._exclude, path)

    def admits_file(self, path: str) -> bool:
        """Whether to take it, once its folders are entered."""
        return not _any(self._exclude, path) and (not self._include or _any(self._include, path))


def _parts(glob: str) -> list[str]:
    name = glob.lower().rstrip("/")
    return name.strip("/").split("/") if "/" in name else ["**", name]


def _any(globs: Sequence[Sequence[str]], path: str) -> bool:
    if not globs:
        return False
    parts = path.lower().split("/")
    return any(_matches(glob, parts) for glob in globs)


def _matches(glob: Sequence[str], path: Sequence[str]) -> bool:
    if not glob:
        return not path
    if glob[0] == "**":
        return any(_matches(glob[1:], path[skipped:]) for skipped in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], glob[0]) and _matches(glob[1:], path[1:])

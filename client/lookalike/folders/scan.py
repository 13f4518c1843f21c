"""What lies in files and folders: pictures, and containers of pictures, with size and time.

Roots and rules enter; files leave in the order of their paths, letter for letter, as the server lists sources, so that
the two can be held against each other without either being held in memory. What cannot be looked at is told, not lost.
"""

import os
import stat
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lookalike import pictures
from lookalike.containers import is_container
from lookalike.containers.places import kind_of
from lookalike.errors import ImageUnreadable, LookalikeError
from lookalike.folders.globs import Globs
from lookalike.folders.roots import Root, Roots

FRESH = 2.0
"""Seconds: a file as young as this may change again without its time showing it (FAT counts in twos)."""

_LIBRARIES = {"pdf": "pypdfium2", "video": "cv2"}
"""What the extras of these names bring."""


class Symlinks(StrEnum):
    """Which symbolic links are taken below a folder; what is named itself is always taken."""

    SKIP = "skip"
    FILES = "files"
    FOLLOW = "follow"
    """Folders too, unless what they lead to lies in the folders given or was entered already: no link makes a loop."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts below a folder: by GLOBs, by links, and whether names that begin with a dot do."""

    globs: Globs = field(default_factory=Globs)
    symlinks: Symlinks = Symlinks.FILES
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was found."""

    path: str
    size_bytes: int
    modified: datetime | None
    mtime: float = 0.0
    """The time as the system tells it, to be compared."""
    age: float = FRESH
    """Seconds between that time and now, whichever is later."""

    @property
    def source_path(self) -> str:
        """Its path as a source has it."""
        return pictures.utf8(self.path)

    @property
    def is_fresh(self) -> bool:
        """Whether it changed so lately that its time would not tell another change."""
        return self.age < FRESH

    @property
    def is_named_exactly(self) -> bool:
        """Whether its source path is its own: names that are not UTF-8 may share one."""
        return self.source_path == self.path


@dataclass(frozen=True, slots=True)
class Unseen:
    """A file or folder that could not be looked at."""

    path: str
    error: LookalikeError


class Scan:
    """One look at all the roots."""

    def __init__(self, roots: Roots, rules: Rules) -> None:
        self._roots = roots
        self._rules = rules
        self._real_roots = [os.path.realpath(root.path) for root in roots]
        self._entered: set[tuple[int, int]] = set()
        self.passed_over: Counter[str] = Counter()
        """Files that only an extra, which is not installed, could open, by its name."""

    def files(self, root: Root) -> Iterator[File | Unseen]:
        """What lies in one root and in no other within it, by path."""
        path = Path(root.path)
        if path.is_dir():
            yield from self._walk(root)
        elif path.exists():
            yield as_found(root.path)

    def admits(self, path: str, root: Root) -> bool:
        """Whether a walk through the root would come by this path; what is not there any more is let pass."""
        parts = root.below(path).split("/")
        folders = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        if not Path(path).is_dir():
            *folders, name = folders
            if Path(path).exists() and not self._admits_file(path, name):
                return False
        return all(self._admits_folder(f"{root.base}/{folder}", folder) for folder in folders)

    def _admits_folder(self, path: str, below: str) -> bool:
        if not self._shows(path) or not self._rules.globs.admits_folder(below):
            return False
        return self._rules.symlinks is Symlinks.FOLLOW or not Path(path).is_symlink()

    def _admits_file(self, path: str, below: str) -> bool:
        if not (self._shows(path) and is_wanted(path) and self._rules.globs.admits_file(below)):
            return False
        return self._rules.symlinks is not Symlinks.SKIP or not Path(path).is_symlink()

    def _shows(self, path: str) -> bool:
        return self._rules.hidden or not Path(path).name.startswith(".")

    def _walk(self, root: Root) -> Iterator[File | Unseen]:
        waiting: list[str] = [root.path + "/"]
        while waiting:
            path = waiting.pop()
            if not path.endswith("/"):
                yield as_found(path)
                continue
            folder = path.rstrip("/") or "/"
            try:
                waiting += self._listed(folder, root)
            except OSError as error:
                yield unseen(folder, error)

    def _listed(self, folder: str, root: Root) -> list[str]:
        """The paths of what is wanted of a folder, last first, those of folders with a slash behind them."""
        if not self._enters(folder):
            return []
        with os.scandir(folder) as entries:
            wanted = [entry for entry in entries if self._wants(entry, root)]
        paths = (f"{entry.path}/" if _is_folder(entry) else entry.path for entry in wanted)
        return sorted(paths, key=pictures.utf8, reverse=True)

    def _enters(self, folder: str) -> bool:
        if self._rules.symlinks is not Symlinks.FOLLOW:
            return True
        status = Path(folder).stat()
        known = (status.st_dev, status.st_ino) in self._entered
        self._entered.add((status.st_dev, status.st_ino))
        return not known

    def _wants(self, entry: os.DirEntry[str], root: Root) -> bool:
        if entry.path in self._roots or (entry.name.startswith(".") and not self._rules.hidden):
            return False
        if _is_folder(entry):
            return self._rules.globs.admits_folder(root.below(entry.path)) and self._follows(entry)
        if not (is_wanted(entry.name) and self._rules.globs.admits_file(root.below(entry.path))):
            return False
        if not _is_file(entry) or (self._rules.symlinks is Symlinks.SKIP and entry.is_symlink()):
            return False
        return not self._is_beyond_us(entry.name)

    def _is_beyond_us(self, name: str) -> bool:
        """Whether the library that opens such a file is not installed: a folder's videos are no failures then."""
        extra = lacking(name)
        if extra:
            self.passed_over[extra] += 1
        return bool(extra)

    def _follows(self, entry: os.DirEntry[str]) -> bool:
        """Whether a folder is one, or a link to one that is reached in no other way."""
        if not entry.is_symlink():
            return True
        real = os.path.realpath(entry.path)
        inside = any(Path(real).is_relative_to(root) for root in self._real_roots)
        return self._rules.symlinks is Symlinks.FOLLOW and not inside


def is_wanted(name: str) -> bool:
    """Whether a name is that of a picture, or of a file that may hold some."""
    return _suffix(name) in pictures.SUFFIXES or is_container(name)


def lacking(name: str) -> str:
    """The extra that would open such a file and is not installed; empty where there is nothing amiss."""
    extra = kind_of(name)
    return extra if extra in _LIBRARIES and not _installed(_LIBRARIES[extra]) else ""


@cache
def _installed(library: str) -> bool:
    return find_spec(library) is not None


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - for each file


def as_found(path: str) -> File | Unseen:
    """The file as it is now."""
    try:
        status = os.stat(path)  # noqa: PTH116 - for each file
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no regular file")
    except OSError as error:
        return unseen(path, error)
    age = abs(time.time() - status.st_mtime)
    return File(path, status.st_size, _moment(status.st_mtime), status.st_mtime, age)


def unseen(path: str, error: OSError) -> Unseen:
    """What the system said of a file that could not be looked at."""
    trouble = ImageUnreadable(f"{path} cannot be read: {error.strerror or error}")
    trouble.__cause__ = error
    return Unseen(path, trouble)


def _moment(seconds: float) -> datetime | None:
    """As `pictures.modified_and_size` gives it, so that what was imported in other ways is known too."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, ValueError, OverflowError):
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or cannot be told: then reading it says why."""
    try:
        return entry.is_file()
    except OSError:
        return True

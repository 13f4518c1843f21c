"""The files and folders that a user names: each once, absolute, and which of them a path belongs to."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lookalike import pictures
from lookalike._channel import StrPath
from lookalike.containers import container_of


@dataclass(frozen=True, slots=True)
class Root:
    """A path that is looked at. GLOBs count from `base`: the folder that the user named, or the file's own."""

    path: str
    base: str

    @property
    def prefix(self) -> str:
        """What all sources in it begin with; others may too, where it is no folder: its `Roots.owner` tells."""
        path = pictures.utf8(self.path)
        return path.rstrip("/") + "/" if Path(self.path).is_dir() else path

    def below(self, path: str) -> str:
        """A path without the base that it lies in."""
        return path[len(self.base) :].lstrip("/")


class Roots:
    """Several roots, of which some may lie in others: a path belongs to the innermost, and so counts once."""

    def __init__(self, roots: Iterable[Root]) -> None:
        self._roots = {pictures.utf8(root.path): root for root in roots}

    @classmethod
    def named(cls, paths: Iterable[StrPath]) -> "Roots":
        """As a user names them. Raises FileNotFoundError for a path where nothing is."""
        return cls(map(_root, paths))

    def __iter__(self) -> Iterator[Root]:
        return iter(self._roots.values())

    def __contains__(self, path: str) -> bool:
        return pictures.utf8(path) in self._roots

    def owner(self, source_path: str) -> Root | None:
        """The innermost root that a source lies in, be it in a file of that name; None where it lies in none."""
        path = file_of(source_path)
        while path not in self._roots:
            path, slash, _ = path.rpartition("/")
            if not slash:
                return self._roots.get("/")
        return self._roots[path]


def file_of(source_path: str) -> str:
    """The file in which a source lies. Most lie in none, and telling so has to be cheap."""
    return container_of(source_path) if "!/" in source_path or "#" in source_path else source_path


def _root(path: StrPath) -> Root:
    place = Path(os.path.abspath(path))  # noqa: PTH100 - as in pictures.location
    if not place.exists():
        raise FileNotFoundError(f"there is nothing at {place}: is its disk connected?")
    whole = place.as_posix()
    return Root(whole, whole if place.is_dir() else place.parent.as_posix())

"""What has happened to files since a collection saw them: the files on one side, the collection's sources on the other.

The collection's own sources are the only memory: a file is as it was if one of them has its path, size and time. Both
sides come in the order of their paths and pass by each other, so that memory holds no more than what differs.
"""

import heapq
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from lookalike import types
from lookalike.containers import is_container
from lookalike.errors import CollectionNotFound
from lookalike.folders.roots import Root, Roots, file_of
from lookalike.folders.scan import File, Rules, Scan, Unseen

MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands in source paths for what was not UTF-8: of which file such a path is cannot be told."""


class Sources(Protocol):
    """What lists where images were seen, by path: a `Client`."""

    def sources(self, collection: str = ..., *, path_prefix: str = ...) -> Iterator[types.Sighting]:
        """Raises CollectionNotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is new or has changed, and what the collection saw there before."""

    file: File
    known: Sequence[types.Sighting] = ()


@dataclass(slots=True)
class Difference:
    """What there is to do."""

    new: list[Found] = field(default_factory=list)
    changed: list[Found] = field(default_factory=list)
    containers: list[Found] = field(default_factory=list)
    """Files that may hold several pictures, new or changed."""
    unchanged: list[types.Sighting] = field(default_factory=list)
    """Only where they are wanted; else they are counted."""
    unchanged_count: int = 0
    gone: list[types.Sighting] = field(default_factory=list)
    """Seen where there certainly is no such file any more, or another picture by now."""
    unseen: list[Unseen] = field(default_factory=list)
    young: list[str] = field(default_factory=list)
    """Files that were left because they may be half-written yet."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """Files that only an extra which is not installed could open, by its name."""

    @property
    def count(self) -> int:
        """Files to be read."""
        return len(self.new) + len(self.changed) + len(self.containers)


def compare(
    client: Sources,
    roots: Roots,
    *,
    collection: str,
    rules: Rules | None = None,
    with_unchanged: bool = False,
    settle: float = 0.0,
    looked: Callable[[int], object] = lambda count: None,
) -> Difference:
    """Hold files against sources; `looked` is told every thousand files how many were looked at.

    Files that were written less than `settle` seconds ago are left.

    Raises what `Client.sources` raises; a collection that is not there yet knows nothing.
    """
    return _Comparison(client, roots, collection, rules or Rules(), with_unchanged, settle, looked).made()


@dataclass(slots=True)
class _Comparison:
    client: Sources
    roots: Roots
    collection: str
    rules: Rules
    with_unchanged: bool
    settle: float
    looked: Callable[[int], object]
    result: Difference = field(default_factory=Difference)
    count: int = 0

    def made(self) -> Difference:
        scan = Scan(self.roots, self.rules)
        for root in self.roots:
            self._compare(root, scan)
        self.result.passed_over = scan.passed_over
        self.looked(self.count)
        return self.result

    def _compare(self, root: Root, scan: Scan) -> None:
        inside: defaultdict[str, list[types.Sighting]] = defaultdict(list)
        containers: list[File] = []
        passing = heapq.merge(
            ((file.source_path, file) for file in self._files(root, scan, containers)),
            ((seen.source.path, seen) for seen in self._sources(root, inside)),
            key=lambda each: each[0],
        )
        for path, group in groupby(passing, key=lambda each: each[0]):
            both = [each for _, each in group]
            files = [each for each in both if isinstance(each, File)]
            known = [each for each in both if isinstance(each, types.Sighting)]
            self._judge(path, files, known)
        self._judge_containers(containers, inside)

    def _files(self, root: Root, scan: Scan, containers: list[File]) -> Iterator[File]:
        """Plain files pass on; the others are put aside, since their sources stand elsewhere in the order."""
        for each in scan.files(root):
            if isinstance(each, Unseen):
                self.result.unseen.append(each)
                continue
            self.count += 1
            if not self.count % 1_000:
                self.looked(self.count)
            if each.age < self.settle:
                self.result.young.append(each.path)
            elif is_container(each.path):
                containers.append(each)
            else:
                yield each

    def _sources(self, root: Root, inside: dict[str, list[types.Sighting]]) -> Iterator[types.Sighting]:
        for seen in _listed(self.client, self.collection, root.prefix):
            if self.roots.owner(seen.source.path) != root:
                continue
            file = file_of(seen.source.path)
            if is_container(file):
                inside[file].append(seen)
            else:
                yield seen

    def _judge(self, path: str, files: Sequence[File], known: Sequence[types.Sighting]) -> None:
        if not files:
            if _is_gone(path):
                self.result.gone += known
            return
        for file in files:
            as_it_was = [seen for seen in known if is_as_it_was(file, seen)]
            if as_it_was:
                self._unchanged(as_it_was)
                if file.is_named_exactly:
                    self.result.gone += [seen for seen in known if seen not in as_it_was]
            elif known:
                self.result.changed.append(Found(file, tuple(known)))
            else:
                self.result.new.append(Found(file))

    def _judge_containers(self, files: Iterable[File], inside: dict[str, list[types.Sighting]]) -> None:
        for file in files:
            known = inside.pop(file.source_path, [])
            if any(is_as_it_was(file, seen) for seen in known):
                self._unchanged(known)
            else:
                self.result.containers.append(Found(file, tuple(known)))
        for path, known in inside.items():
            if _is_gone(path):
                self.result.gone += known

    def _unchanged(self, known: Sequence[types.Sighting]) -> None:
        self.result.unchanged_count += len(known)
        if self.with_unchanged:
            self.result.unchanged += known


def is_as_it_was(file: File, seen: types.Sighting) -> bool:
    """Whether a file has the time and size at which the collection saw it."""
    same_time = file.modified is not None and file.modified == seen.source.modified
    return same_time and file.size_bytes == seen.source.size_bytes


def _listed(client: Sources, collection: str, prefix: str) -> Iterator[types.Sighting]:
    try:
        yield from client.sources(collection, path_prefix=prefix)
    except CollectionNotFound:
        return


def _is_gone(path: str) -> bool:
    """Whether there certainly is no file: what may not be looked at, or lies beyond a lost connection, is not gone."""
    if MARK in path:
        return False
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False

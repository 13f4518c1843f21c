"""Bringing a collection in step with files: what differs enters, what became of each file leaves.

    changed, then new, then containers    are imported, hash first: what moved sends nothing and keeps its labels
    where they lay before                 is taken back as a source, unless it is the last that an image has
    what is gone                          the same; with `prune` images that lie nowhere any more go too
    containers of which nothing is left   are sealed: the next time their size and time say that all is in

Every step is durable before it is told, and the collection's sources are the only memory: killed at any moment, the
same again does what is left.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import IO, Protocol, TypeVar, cast

from lookalike import pictures, types
from lookalike.containers import Member
from lookalike.errors import LookalikeError
from lookalike.folders.boxes import Box
from lookalike.folders.difference import Difference, Found
from lookalike.folders.found import AsFound
from lookalike.folders.lost import Lost
from lookalike.folders.steps import Outcome, Step
from lookalike.importing import Importable
from lookalike.types import ImportItem, ImportOutcome, ImportProgress, Sighting

TOGETHER = 500
"""Sources taken back in one call: a moved file's old one goes while the import goes on."""

Thing = TypeVar("Thing")


class Holder(Protocol):
    """What holds the collection: a `Client`, or a `Rehearsal` of one."""

    def server_info(self) -> types.ServerInfo:
        """Its limits."""
        ...

    def import_images(
        self, items: Iterable[Importable], *, collection: str = ..., labels: Mapping[str, str] | None = ...
    ) -> Generator[ImportProgress, None, None]:
        """Bring pictures in; those that are held by their id alone."""
        ...

    def remove_sources(
        self, sightings: Iterable[Sighting], *, collection: str = ..., remove_images: bool = ...
    ) -> types.SourcesRemoved:
        """Take back that images were seen somewhere."""
        ...


def bring(
    holder: Holder,
    difference: Difference,
    *,
    collection: str,
    labels: Mapping[str, str] | None = None,
    prune: bool = False,
) -> Iterator[Step]:
    """Bring the collection in step; yields once per picture that differed. `labels` go to all, the unchanged too.

    Raises what `Client.import_images` and `Client.remove_sources` raise.
    """
    return _Bringing(holder, difference, collection, labels, prune).steps()


class _Bringing:
    def __init__(
        self,
        holder: Holder,
        difference: Difference,
        collection: str,
        labels: Mapping[str, str] | None,
        prune: bool,
    ) -> None:
        self._holder = holder
        self._difference = difference
        self._collection = collection
        self._labels = labels
        self._prune = prune
        self._lost = Lost(difference.gone)
        self._left_behind: list[Sighting] = []
        self._changed_paths: set[str] = set()
        self._boxes: list[Box] = []
        self._done = self._sent_before = self._sent_bytes = 0
        self._total = difference.count + len(difference.unseen)

    def steps(self) -> Iterator[Step]:
        for unseen in self._difference.unseen:
            yield self._step(unseen.path, Outcome.FAILED, error=unseen.error)
        if self._labels:
            yield from self._labelled()
        yield from self._changed()
        yield from self._new()
        yield from self._containers()
        yield from self._gone()
        yield from self._sealed()

    def _labelled(self) -> Iterator[Step]:
        """Labels reach what is unchanged by its id."""
        for seen, progress in self._import((seen, seen) for seen in self._difference.unchanged):
            if progress.error:
                yield self._step(seen.source.path, Outcome.FAILED, error=progress.error)

    def _changed(self) -> Iterator[Step]:
        for found, progress in self._import((found, _item(found)) for found in self._difference.changed):
            if found.file.is_named_exactly and not progress.error:
                self._lost.add(seen for seen in found.known if seen.image_id != progress.image_id)
            is_same = any(seen.image_id == progress.image_id for seen in found.known)
            yield self._arrived(found.file.path, progress, Outcome.UNCHANGED if is_same else Outcome.CHANGED)

    def _new(self) -> Iterator[Step]:
        for found, progress in self._import((found, _item(found)) for found in self._difference.new):
            yield self._met(found.file.path, progress)
            if len(self._left_behind) >= TOGETHER:
                self._leave_behind()
        self._leave_behind()

    def _containers(self) -> Iterator[Step]:
        failed: list[tuple[str, LookalikeError]] = []
        for (box, path), progress in self._import(self._members(failed)):
            yield from self._failed(failed)
            yield self._unpacked(box, path, progress)
        yield from self._failed(failed)
        for box in self._boxes:
            if not box.failed:
                self._lost.add(box.left.values())
        self._leave_behind()

    def _sealed(self) -> Iterator[Step]:
        """Containers that are in whole, and of which nothing else may be in: the next time they are not opened."""
        whole = (box for box in self._boxes if self._prune or not box.left)
        seals = [seal for box in whole if (seal := box.seal())]
        for seal, progress in self._import((seal, seal) for seal in seals):
            if progress.error:
                yield self._step(seal.source.path, Outcome.FAILED, error=progress.error)

    def _members(self, failed: list[tuple[str, LookalikeError]]) -> Iterator[tuple[tuple[Box, str], ImportItem]]:
        if not self._difference.containers:
            return
        max_bytes = self._holder.server_info().limits.max_image_bytes
        for found in self._difference.containers:
            box = Box(found)
            self._boxes.append(box)
            self._total -= 1
            try:
                for member, item in box.members(max_bytes):
                    self._total += 1
                    if item is None:
                        failed.append((member.path, _why(member)))
                    else:
                        yield (box, member.path), item
            except LookalikeError as error:
                self._total += 1
                failed.append((found.file.path, error))

    def _unpacked(self, box: Box, path: str, progress: ImportProgress) -> Step:
        if progress.image_id is None or progress.error:
            box.failed = True
            return self._arrived(path, progress, Outcome.FAILED)
        box.met(path, progress.image_id)
        before = box.images_before.get(path)
        if before is None:
            return self._met(path, progress)
        return self._arrived(path, progress, Outcome.UNCHANGED if progress.image_id in before else Outcome.CHANGED)

    def _failed(self, failed: list[tuple[str, LookalikeError]]) -> Iterator[Step]:
        while failed:
            path, error = failed.pop(0)
            yield self._step(path, Outcome.FAILED, error=error)

    def _met(self, path: str, progress: ImportProgress) -> Step:
        """A picture where none was known: it is new, or was elsewhere."""
        if progress.outcome is not ImportOutcome.EXISTED or progress.image_id is None:
            return self._arrived(path, progress, Outcome.CREATED)
        before = self._lost.claim(progress.image_id, path)
        if before is None:
            return self._arrived(path, progress, Outcome.EXISTED)
        self._left_behind.append(before)
        return self._arrived(path, progress, Outcome.MOVED, moved_from=before.source.path)

    def _leave_behind(self) -> None:
        """Images that have moved lie where they were no more."""
        if self._left_behind:
            self._holder.remove_sources(self._left_behind, collection=self._collection)
            self._left_behind.clear()

    def _gone(self) -> Iterator[Step]:
        gone = sorted(self._lost, key=lambda seen: seen.source.path)
        outcome = Outcome.PRUNED if self._prune else Outcome.GONE
        for some in _some_at_once(gone):
            self._holder.remove_sources(some, collection=self._collection, remove_images=self._prune)
            for seen in some:
                if seen.source.path in self._changed_paths:
                    continue  # that another picture lies there was told
                yield self._step(seen.source.path, outcome, image_id=seen.image_id, counts=False)

    def _import(self, items: Iterable[tuple[Thing, Importable]]) -> Iterator[tuple[Thing, ImportProgress]]:
        """Each thing with what became of its item. No call is made for nothing."""
        things: dict[int, Thing] = {}
        source = iter(items)
        first = list(islice(source, 1))
        if not first:
            return

        def numbered() -> Iterator[Importable]:
            for number, (thing, item) in enumerate(chain(first, source)):
                things[number] = thing
                yield item

        steps = self._holder.import_images(numbered(), collection=self._collection, labels=self._labels)
        with closing(steps):
            for progress in steps:
                self._sent_bytes = self._sent_before + progress.sent_bytes
                yield things.pop(progress.index), progress
        self._sent_before = self._sent_bytes

    def _arrived(self, path: str, progress: ImportProgress, outcome: Outcome, *, moved_from: str | None = None) -> Step:
        if progress.error:
            outcome = Outcome.FAILED
        if outcome is Outcome.CHANGED:
            self._changed_paths.add(pictures.utf8(path))
        return self._step(path, outcome, image_id=progress.image_id, error=progress.error, moved_from=moved_from)

    def _step(
        self,
        path: str,
        outcome: Outcome,
        *,
        image_id: str | None = None,
        error: LookalikeError | None = None,
        moved_from: str | None = None,
        counts: bool = True,
    ) -> Step:
        self._done += counts
        return Step(path, outcome, image_id, error, moved_from, self._done, self._total, self._sent_bytes)


def _item(found: Found) -> ImportItem:
    """A file as it was found; of one that is fresh no size is told, so that it is looked at again."""
    file = found.file
    size_bytes = 0 if file.is_fresh else file.size_bytes
    # Beside the size that is known of it, its time would make it look settled.
    modified = None if file.is_fresh and found.known else file.modified
    return ImportItem(cast(IO[bytes], AsFound(file)), file.path, modified=modified, size_bytes=size_bytes)


def _why(member: Member) -> LookalikeError:
    if member.error is None:
        raise TypeError(f"{member.path} is neither a picture nor an error")
    return member.error


def _some_at_once(sightings: Sequence[Sighting]) -> Iterator[Sequence[Sighting]]:
    return (sightings[start : start + TOGETHER] for start in range(0, len(sightings), TOGETHER))

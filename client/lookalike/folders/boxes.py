"""A container on its way into a collection: its pictures, and when all of them are in.

A container is read again until the collection holds it whole and nothing besides, which must not be taken from a part:
of its sources none has the file's size before all are acknowledged. Then one of them gets it, as a seal.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, cast

from lookalike import containers, types
from lookalike.containers import Member
from lookalike.errors import SourceChanged
from lookalike.folders.difference import Found
from lookalike.folders.found import AsFound
from lookalike.folders.scan import File, as_found


@dataclass(slots=True)
class Box:
    """One container, and what is known of it."""

    found: Found
    images_before: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Ids by source path."""
    left: dict[tuple[str, str], types.Sighting] = field(default_factory=dict)
    """What was seen in it and has not been met again, by source path and id."""
    arrived: types.Sighting | None = None
    failed: bool = False
    count: int = 0

    def __post_init__(self) -> None:
        for seen in self.found.known:
            self.images_before[seen.source.path].add(seen.image_id)
            self.left[seen.source.path, seen.image_id] = seen

    @property
    def file(self) -> File:
        """The container itself."""
        return self.found.file

    def members(self, max_bytes: int) -> Iterator[tuple[Member, types.ImportItem | None]]:
        """Its pictures, with what is to be imported; None stands beside an error."""
        waiting: Member | None = None
        for member in containers.members(self.file.path, max_bytes):
            if waiting:
                yield waiting, self._item(waiting, is_alone=False)
            waiting = member
            self.count += 1
        if waiting:
            yield waiting, self._item(waiting, is_alone=self._is_alone)
        self._check()

    def met(self, path: str, image_id: str) -> None:
        """One of its pictures is in the collection."""
        self.left.pop((path, image_id), None)
        self.arrived = self.arrived or types.Sighting(image_id, types.Source(path))

    def seal(self) -> types.Sighting | None:
        """What tells that all of it is in; None where it is not, and where a single picture has told so itself."""
        if self.failed or self.arrived is None or self._is_alone or self.file.is_fresh:
            return None
        place = types.Source(self.arrived.source.path, self.file.modified, self.file.size_bytes)
        return types.Sighting(self.arrived.image_id, place)

    @property
    def _is_alone(self) -> bool:
        """Whether its one picture may tell at once that all is in: where some were known, others may be left."""
        return self.count == 1 and not self.found.known

    def _item(self, member: Member, *, is_alone: bool) -> types.ImportItem | None:
        if member.picture is None:
            self.failed = True
            return None
        size_bytes = self.file.size_bytes if is_alone and not self.file.is_fresh else 0
        # A seal of before, on one of the same size, must not come to look like one of today.
        may_look_sealed = any(seen.source.size_bytes == self.file.size_bytes for seen in self.found.known)
        modified = None if may_look_sealed and not size_bytes else self.file.modified
        # A TIFF's first page is the file itself, of which an import would tell the size at once.
        is_file = isinstance(member.picture, str | os.PathLike)
        picture = cast(IO[bytes], AsFound(self.file)) if is_file else member.picture
        return types.ImportItem(picture, member.path, modified=modified, size_bytes=size_bytes)

    def _check(self) -> None:
        now = as_found(self.file.path)
        if not isinstance(now, File) or (now.size_bytes, now.mtime) != (self.file.size_bytes, self.file.mtime):
            self.failed = True
            raise SourceChanged(f"{self.file.path} is being written to: run this again when it is whole")

"""What was asked: pictures by their files or their ids, to look like or to look less like."""

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from lookalike import containers, pictures
from lookalike.errors import LookalikeError
from lookalike.types import Examples, Query, StoredImage

if TYPE_CHECKING:
    from lookalike.types import One


Stamps: TypeAlias = tuple[tuple[int, int] | None, ...]
"""Of each file its size and time; None where there is none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One picture that was asked with: a file, or without a path an image of the collection.

    `sha256` is that of the file's bytes, empty where they could not be read, or the image's id, which is the same.
    """

    sha256: str
    path: str | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.path or f"id:{self.sha256}"

    @property
    def one(self) -> "One":
        """It as the SDK takes it."""
        return self.path or StoredImage(self.sha256)

    def hashed(self, max_bytes: int) -> "Asked":
        """With the SHA-256 of the picture as it is now. Raises SourceVanished, ImageUnreadable, ImageTooLarge."""
        if self.path is None:
            return self
        return replace(self, sha256=pictures.fingerprint(containers.taken_out(self.path, max_bytes), max_bytes))


@dataclass(frozen=True, slots=True)
class Question:
    """More like the positives, less like the negatives; a positive alone is a plain query."""

    positives: tuple[Asked, ...]
    negatives: tuple[Asked, ...] = ()

    @property
    def name(self) -> str:
        """What people call it: its first picture, and how many belong to it besides."""
        more, less = len(self.positives) - 1, len(self.negatives)
        return self.positives[0].name + (f" and {more} more" if more else "") + (f", unlike {less}" if less else "")

    @property
    def all(self) -> tuple[Asked, ...]:
        """Positives and negatives."""
        return self.positives + self.negatives

    @property
    def query(self) -> Query:
        """It as the SDK takes it."""
        if len(self.positives) == 1 and not self.negatives:
            return self.positives[0].one
        return Examples([each.one for each in self.positives], [each.one for each in self.negatives])

    @property
    def stamps(self) -> Stamps:
        """Sizes and times of its files now, which tell whether one was replaced."""
        return tuple(_stamp(each) for each in self.all)

    def hashed(self, max_bytes: int) -> "Question":
        """With the files' hashes; one that cannot be read, which fails the search too, has none."""
        return Question(_hashed(self.positives, max_bytes), _hashed(self.negatives, max_bytes))


def _stamp(one: Asked) -> tuple[int, int] | None:
    try:
        status = os.stat(containers.container_of(one.path or ""))  # noqa: PTH116 - a path may lead into a container
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _hashed(those: tuple[Asked, ...], max_bytes: int) -> tuple[Asked, ...]:
    return tuple(_hashed_or_not(each, max_bytes) for each in those)


def _hashed_or_not(one: Asked, max_bytes: int) -> Asked:
    try:
        return one.hashed(max_bytes)
    except LookalikeError:
        return one

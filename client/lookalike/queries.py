"""What a search starts from and which images it may find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lookalike.pictures import Picture
    from lookalike.types import Embedding, Image, Match, Vector


@dataclass(frozen=True, slots=True)
class Region:
    """A box in a picture as fractions of its width and height, origin at the top left, after orientation."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images may match. All conditions hold together; the default admits every image.

    An image bears each of `labels` with exactly its value, one of its sources begins with `path_prefix`, it was
    captured in the half-open stretch of time, and its id is among `image_ids` unless that is empty. `not_same_folder`
    admits none from the folder of the query: of its path, or of any source of the stored image that it names.
    """

    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    path_prefix: str = ""
    captured_from: datetime | None = None
    captured_before: datetime | None = None
    image_ids: Sequence[str] = ()
    not_image_ids: Sequence[str] = ()
    not_same_folder: bool = False


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A query: an image that the searched collection holds. It is left out of its own matches."""

    id: str


One: TypeAlias = "Picture | StoredImage | Image | Match | Embedding | Vector | Sequence[float]"
"""One thing to look for: a picture, a stored image (by id, record or match), or a vector of shape [dim]."""


@dataclass(frozen=True, slots=True)
class Examples:
    """A query: more like the positives, less like the negatives; at least 1 positive, at most 32 in all."""

    positives: "Sequence[One]"
    negatives: "Sequence[One]" = ()


Query: TypeAlias = "One | Examples"

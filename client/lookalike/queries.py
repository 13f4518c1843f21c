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
    admits none from the folder of the query: of its path, or of any source of the stored image that it names;
    `not_same_source` admits none from exactly that path. The most likely scene is among `scenes` unless that is empty
    ("" stands for an image of which none is known), and with `same_scene` it is the query's, a picture's or a stored
    image's. A classifier errs: `ScenePreference` ranks scenes first and loses nothing.
    """

    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    path_prefix: str = ""
    captured_from: datetime | None = None
    captured_before: datetime | None = None
    image_ids: Sequence[str] = ()
    not_image_ids: Sequence[str] = ()
    not_same_folder: bool = False
    scenes: Sequence[str] = ()
    same_scene: bool = False
    not_same_source: bool = False


@dataclass(frozen=True, slots=True)
class ScenePreference:
    """Ranks images of some scenes higher and leaves none out.

    The order is that of distance + `weight` * (1 - agreement), where agreement, 0 to 1, is the probability that the
    image shows one of `scenes`, or with `same_as_query` what the query shows: a picture or a stored image. `weight` is
    what full disagreement costs, in units of distance, 0 to 2.
    """

    scenes: Sequence[str] = ()
    same_as_query: bool = False
    weight: float = 0.1


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

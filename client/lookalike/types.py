"""The nouns of the SDK: what goes into a call and what comes back, free of gRPC.

All are frozen. Times are `datetime` in UTC; a time without a zone, where you give one, is local time. Vectors are
float32 arrays of shape [dim]: numpy arrays where numpy is installed, else `array.array("f")`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, overload

from lookalike.errors import LookalikeError
from lookalike.load import (
    BatchTimes,
    DropCount,
    Histogram,
    Lane,
    LaneLoad,
    ModelLoad,
    RequestCount,
    RequestTimes,
    ServerLoad,
    StageTimes,
)
from lookalike.pictures import Picture
from lookalike.queries import Consistency, Examples, Filter, GeoBox, One, Query, Region, ScenePreference, StoredImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]

__all__ = [
    "BatchTimes",
    "Collection",
    "Consistency",
    "DropCount",
    "DuplicateFinding",
    "DuplicateGroup",
    "DuplicateProgress",
    "DuplicateSummary",
    "Embedded",
    "Embedding",
    "ExactDuplicates",
    "Examples",
    "Filter",
    "GeoBox",
    "Histogram",
    "Image",
    "ImportItem",
    "ImportOutcome",
    "ImportProgress",
    "IndexInfo",
    "Lane",
    "LaneLoad",
    "Limits",
    "Location",
    "Match",
    "ModelInfo",
    "ModelLoad",
    "One",
    "Picture",
    "Query",
    "ReembedProgress",
    "Region",
    "RequestCount",
    "RequestTimes",
    "Scene",
    "ScenePreference",
    "SearchResult",
    "ServerInfo",
    "ServerLoad",
    "Sighting",
    "Source",
    "SourcesRemoved",
    "StageTimes",
    "StoredImage",
    "Timings",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A place where an image's bytes were seen: a path or URI with forward slashes."""

    path: str
    modified: datetime | None = None
    size_bytes: int = 0
    """Of the file there; 0: not known. Of a picture inside another file, such as a page, both are that file's."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An image and a place where it was seen."""

    image_id: str
    source: Source


@dataclass(frozen=True, slots=True)
class SourcesRemoved:
    """What went with sightings that were taken back: sources, those of removed images included, and images."""

    source_count: int
    image_count: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of place, such as `bedroom`, and the calibrated probability, 0 to 1, that a picture shows it."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Location:
    """A place on Earth in degrees (WGS 84): north and east are positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Image:
    """The record of one image. `id` is the SHA-256 of its bytes; width and height are pixels as a person sees them.

    It was `captured` by the camera (or else its file changed) then, `created` when the collection first held it, and
    `updated` when its labels or sources last changed.
    """

    id: str
    collection: str
    sources: tuple[Source, ...]
    labels: Mapping[str, str] = field(hash=False)
    width: int
    height: int
    size_bytes: int
    format: str
    captured: datetime | None
    created: datetime | None
    updated: datetime | None
    embedding: "Vector | None" = field(default=None, compare=False, repr=False)
    """[dim], L2-normalised; only when it was asked for."""
    scenes: tuple[Scene, ...] = ()
    """What kind of place it shows, most likely first, at most 5; empty when the model tells none."""
    location: Location | None = None
    """Where it was taken, from EXIF; None when that is not known."""

    @property
    def path(self) -> str | None:
        """Where it was first seen; None when it came without a source."""
        return self.sources[0].path if self.sources else None


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one answer went, in seconds on the server."""

    decode: float
    queue: float
    embed: float
    index: float
    total: float


@dataclass(frozen=True, slots=True)
class Match:
    """One image that looks like the query; `rank` is 1 for the nearest.

    Between the normalised embeddings, `distance` is Euclidean, 0 (same) to 2 (opposite), and `score` is the cosine, 1
    (same) to -1.
    """

    rank: int
    distance: float
    score: float
    image: Image
    embedding: "Vector | None" = field(default=None, compare=False, repr=False)
    """[dim], L2-normalised; only with `include_embeddings`."""
    scene_agreement: float | None = None
    """How far it shows the preferred scenes, 0 to 1; None when the search has no preference."""
    similar: "tuple[Match, ...]" = ()
    """With `group_distance`: its near-duplicates, nearest to the query first, at most 100, of rank 0."""
    turned: int = 0
    """With `tta`: degrees clockwise by which the query was turned when it came nearest: 0, 90, 180 or 270."""
    mirrored: bool = False
    """With `tta`: whether it was mirrored, left to right, before it was turned."""


@dataclass(frozen=True, slots=True)
class SearchResult(Sequence[Match]):
    """The matches, nearest first (best first where scenes are preferred), and what they stand on.

    The model that made the vectors, the collection's state that was searched (it grows with every change), and whether
    every admissible vector was compared.
    """

    matches: tuple[Match, ...]
    model_id: str
    generation: int
    exact: bool
    timings: Timings
    query_scenes: tuple[Scene, ...] = ()
    """What kind of place the query shows, most likely first; empty for vectors, examples, and models that tell none."""
    measured_recall: float | None = None
    """Share of the true 10 nearest that the collection's graph finds, 0 to 1, as last measured on its own images; None
    where the answer is exact, or nothing was measured yet."""
    more_within: bool = False
    """With `max_distance`: more images lie within it than the limit lets through."""

    def __len__(self) -> int:
        return len(self.matches)

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Match, ...]: ...
    def __getitem__(self, index: int | slice) -> Match | tuple[Match, ...]:
        return self.matches[index]

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        from lookalike.showing import show  # noqa: PLC0415 - in notebooks only

        return show(self).html


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the model makes of one picture."""

    vector: "Vector" = field(compare=False, repr=False)
    """[dim], L2-normalised."""
    model_id: str
    width: int
    """Pixels of the whole picture, after orientation."""
    height: int
    timings: Timings
    scenes: tuple[Scene, ...] = ()
    """What kind of place it shows, most likely first, at most 5; empty when the model tells none."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A case, a catalogue, a holiday: images that are searched together, all embedded by one model."""

    name: str
    description: str
    model_id: str
    dim: int
    image_count: int
    generation: int
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model in service. Pictures need not be sent much larger than its input, which is in pixels."""

    id: str
    name: str
    dim: int
    engine: str
    input_width: int
    input_height: int
    scenes: tuple[str, ...] = ()
    """The kinds of place that it tells apart; empty when it tells none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server accepts."""

    max_image_bytes: int
    max_image_pixels: int
    max_limit: int
    max_page_size: int
    max_ids: int
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """How a collection is searched: through a graph of `indexed_count` of its images, by comparing with the others.

    A search of the graph holds `effort` candidates at least, the fewest that reach `recall_target`. `measured_recall`
    is the share of the true 10 nearest found for `sample_size` queries made of the collection's own images, when it was
    last `measured`; None: not yet.
    """

    collection: str
    image_count: int
    indexed_count: int
    effort: int
    recall_target: float
    measured_recall: float | None
    sample_size: int
    measured: datetime | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the server is. New collections get the first of its models; it is `ready` when they are loaded and warm.

    `versions` are those of the parts that a result depends on, `indexes` tells of each collection that has a graph.
    """

    version: str
    models: tuple[ModelInfo, ...]
    limits: Limits
    versions: Mapping[str, str] = field(hash=False)
    ready: bool
    indexes: tuple[IndexInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A picture on its way in, with the source to record: its path, with forward slashes, last change and size.

    They are taken from the file where the picture is a path and they are not given.
    """

    picture: Picture
    path: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    modified: datetime | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Embedded:
    """An image on its way in that is known by its embedding alone, as brought over from another system.

    `image_id` has 64 lower-case hexadecimal digits: the SHA-256 of the picture's bytes where they are known, else of
    anything that tells it from others. `scenes` are at most 5, most likely first. The picture's `width` and `height`
    (pixels), `size_bytes` and `format` are 0 and empty where they are not known; without `captured` it counts as taken
    when its source was modified. `more_sources` are further places where its bytes were seen, in their order.
    """

    image_id: str
    vector: "Vector | Sequence[float]" = field(compare=False, repr=False)
    """[dim], of any length but zero."""
    scenes: Sequence[Scene] = ()
    source: Source | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    format: str = ""
    captured: datetime | None = None
    location: Location | None = None
    more_sources: Sequence[Source] = ()


class ImportOutcome(StrEnum):
    """What became of an item."""

    CREATED = "created"
    """It is new and safe on the server's disk."""
    EXISTED = "existed"
    """The collection held it; its source and labels were added where they were new."""
    FAILED = "failed"
    """See `ImportProgress.error`."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How an import stands after one more item: `done` of `total`, which is None where nobody can know it beforehand.

    The item is the `index`-th of those given, from 0; `path` is its source, `error` says why it failed. `sent_bytes`
    counts the pictures sent so far, not those that the server held.
    """

    done: int
    total: int | None
    index: int
    path: str | None
    outcome: ImportOutcome
    image_id: str | None
    error: LookalikeError | None
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class ReembedProgress:
    """How a re-embedding stands after one more image: `done` of `total`, which grows when images arrive meanwhile.

    `path` is where the image was first seen; `error` says why it has no new vector, and is None where it has.
    """

    done: int
    total: int
    image_id: str
    path: str | None
    error: LookalikeError | None


@dataclass(frozen=True, slots=True)
class ExactDuplicates:
    """Files of the same bytes: one image that was seen at several places."""

    image: Image

    @property
    def paths(self) -> tuple[str, ...]:
        """Where, in the order in which they were first seen."""
        return tuple(source.path for source in self.image.sources)


@dataclass(frozen=True, slots=True)
class DuplicateProgress:
    """How far a search for near-duplicates has come: images looked at, of `total`."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images that look alike: the one that came first, then the others by their distance from it.

    Each is within the distance that was asked for of some other of the group, and perhaps farther from the first.
    Of a group larger than the server's `limits.max_ids` the nearest are here; `image_count` counts them all.
    """

    images: tuple[Image, ...]
    distances: tuple[float, ...]
    """Of each from the first."""
    image_count: int


@dataclass(frozen=True, slots=True)
class DuplicateSummary:
    """What a search for near-duplicates came to: groups with `grouped_count` images, of `image_count` looked at.

    `many_sources_count` images were seen at several places. To judge the distance, `random_pairs` pairs of different
    images of the collection were measured; `random_pairs_within` of them are within it, nearly all of those by chance.
    """

    max_distance: float
    image_count: int
    group_count: int
    grouped_count: int
    many_sources_count: int
    random_pairs: int
    random_pairs_within: int

    @property
    def false_positive_rate(self) -> float | None:
        """The share of pairs of unrelated images, as measured here, that are taken for near-duplicates.

        None where there was no pair to measure.
        """
        return self.random_pairs_within / self.random_pairs if self.random_pairs else None

    @property
    def false_positive_bound(self) -> float | None:
        """What that rate is at most, with 95% confidence: the upper end of Wilson's interval."""
        if not self.random_pairs:
            return None
        pairs, rate, z = self.random_pairs, self.random_pairs_within / self.random_pairs, 1.96
        spread = z * math.sqrt(rate * (1 - rate) / pairs + (z / (2 * pairs)) ** 2)
        return min(1.0, (rate + z * z / (2 * pairs) + spread) / (1 + z * z / pairs))


DuplicateFinding: TypeAlias = ExactDuplicates | DuplicateProgress | DuplicateGroup | DuplicateSummary
"""What `Client.duplicates` yields: exact duplicates, then groups, and last the summary; progress in between."""

"""The nouns of the domain: what the catalog keeps and gives back, free of gRPC and of SQL.

Times are integers, microseconds since 1970 in UTC: they compare, store and travel without a calendar.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The times that calendars and google.protobuf.Timestamp can say: the years 1 to 9999."""

Vector = NDArray[np.float32]
"""One L2-normalised embedding, [dim]."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of place and the calibrated probability that a picture shows it."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Source:
    """A place where an image's bytes were seen: a path or URI with forward slashes."""

    path: str
    modified: int | None = None
    size_bytes: int = 0
    """Of the file there; 0: not known."""

    @property
    def folder(self) -> str:
        """All up to and with the last slash; empty when there is none."""
        return self.path[: self.path.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class Sighting:
    """An image and a place where it was seen."""

    image_id: str
    source: Source


@dataclass(frozen=True, slots=True)
class Location:
    """A place on Earth, in degrees (WGS 84): -90 to 90 with north positive, -180 to 180 with east positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch of the Earth in degrees, edges included; it crosses the 180th meridian where west is over east."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Image:
    """The record of one image; `id` is the SHA-256 of its bytes in hexadecimal."""

    id: str
    collection: str
    sources: tuple[Source, ...]
    labels: Mapping[str, str]
    width: int
    height: int
    size_bytes: int
    format: str
    captured: int | None
    created: int
    updated: int
    scenes: tuple[Scene, ...] = ()
    """Most likely first."""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A case, a catalogue: the unit of isolation and deletion, bound to one model."""

    name: str
    description: str
    model_id: str
    dim: int
    image_count: int
    generation: int
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class Content:
    """What only an image's bytes can tell: its facts and its embedding."""

    width: int
    height: int
    size_bytes: int
    format: str
    captured: int | None
    vector: Vector
    scenes: tuple[Scene, ...] = ()
    """Most likely first."""
    model_id: str = ""
    """Of the model that made the embedding; empty: of whichever the collection belongs to."""
    location: Location | None = None
    """Where the picture was taken."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One image on its way into a collection.

    Without content it must be there already: only source and labels are added.
    """

    collection: str
    image_id: str
    content: Content | None
    source: Source | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


class Outcome(Enum):
    """What became of an arrival."""

    CREATED = "created"
    EXISTED = "existed"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images may match; all conditions hold together, the default admits every image.

    Hashable, so that what it admits can be kept under its name.
    """

    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    path_prefix: str = ""
    captured_from: int | None = None
    captured_before: int | None = None
    ids: frozenset[str] = frozenset()
    not_ids: frozenset[str] = frozenset()
    not_folders: frozenset[str] = frozenset()
    """Folders as `Source.folder` gives them: no image with a source in one of them."""
    scenes: frozenset[str] | None = None
    """The most likely scene is one of these; "" stands for an image of which none is known. None: any."""
    not_paths: frozenset[str] = frozenset()
    """No image with a source of exactly one of these paths."""
    not_embedded_by: str = ""
    """Id of a model: no image that has a vector of it, in use or staged."""
    box: Box | None = None
    """Taken within it."""
    paths: frozenset[str] = frozenset()
    """An image with a source of exactly one of these paths; empty: any."""
    all_of: tuple["Filter", ...] = ()
    any_of: tuple["Filter", ...] = ()
    """At least one of these admits it; empty: no condition."""
    none_of: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """Which scenes to rank higher: the order is that of distance + weight * (1 - agreement)."""

    scenes: frozenset[str] = frozenset()
    like: tuple[Scene, ...] = ()
    """The query's scenes, where what shows the same is preferred."""
    weight: float = 0.1
    """What full disagreement costs, in units of distance."""

    def agreement(self, shown: Sequence[Scene]) -> float:
        """The probability that an image shows a preferred scene, 0 to 1.

        The sum over `scenes` of the image's probabilities, and on top of it the Bhattacharyya coefficient with `like`:
        the sum of sqrt(the query's probability * the image's).
        """
        query = {scene.name: scene.probability for scene in self.like}
        wanted = sum(scene.probability for scene in shown if scene.name in self.scenes)
        alike = sum(math.sqrt(query.get(scene.name, 0.0) * scene.probability) for scene in shown)
        return min(1.0, wanted + alike)


@dataclass(frozen=True, slots=True)
class Turn:
    """How a query was turned: mirrored, left to right, or not, then by so many degrees clockwise."""

    degrees: int = 0
    """0, 90, 180 or 270."""
    mirrored: bool = False


AS_IT_IS = Turn()


@dataclass(frozen=True, slots=True)
class Match:
    """One image that looks like the query. `distance` is Euclidean between unit vectors, `score` their cosine."""

    rank: int
    distance: float
    score: float
    image: Image
    vector: Vector | None = None
    agreement: float | None = None
    """How far it shows the preferred scenes, 0 to 1; None where none are."""
    similar: tuple["Match", ...] = ()
    """Where near-duplicates are grouped: those of this match, nearest to the query first, of rank 0."""
    turn: Turn = AS_IT_IS
    """How the query was turned when it came nearest to the image."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The answer to a search and what it stands on."""

    matches: tuple[Match, ...]
    model_id: str
    generation: int
    exact: bool
    query_scenes: tuple[Scene, ...] = ()
    """What the query shows, most likely first."""
    measured_recall: float | None = None
    """Share of the true 10 nearest that the graph finds, as last measured; None where it was not asked or measured."""
    more_within: bool = False
    """With a bound on distances: more lies within it than the limit lets through."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """How a collection is searched: through a graph that covers `indexed_count` of its images."""

    collection: str
    image_count: int
    indexed_count: int
    effort: int
    """Candidates that a search of the graph holds at least."""
    recall_target: float
    measured_recall: float | None
    """Of the true 10 nearest; None: not measured yet."""
    sample_size: int
    measured: int | None
    """When."""

"""What a search may start from, as the domain says it."""

from dataclasses import dataclass, field

from lookalike_server.pipeline.embed import Picture
from lookalike_server.records import Filter, Preference, Vector


@dataclass(frozen=True, slots=True)
class Stored:
    """An image of the searched collection."""

    image_id: str


@dataclass(frozen=True, slots=True)
class Ready:
    """An embedding, of any length but zero: it is normalised on the way in."""

    vector: Vector


Example = Picture | Stored | Ready


@dataclass(frozen=True, slots=True)
class Examples:
    """More like these, less like those."""

    positives: tuple[Example, ...]
    negatives: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenePreference:
    """Which scenes to rank higher: those named, and where `same_as_query` the query's own."""

    scenes: frozenset[str] = frozenset()
    same_as_query: bool = False
    weight: float = Preference().weight


@dataclass(frozen=True, slots=True)
class Search:
    """A query, where to look and what to give back."""

    collection: str
    query: Example | Examples
    limit: int = 10
    max_distance: float | None = None
    filter: Filter = field(default_factory=Filter)
    not_same_folder: bool = False
    not_same_source: bool = False
    same_scene: bool = False
    prefer: ScenePreference | None = None
    exact: bool = False
    with_vectors: bool = False
    group_distance: float | None = None
    eventual: bool = False
    """Whether the answer may lack what the graph has not taken in."""
    tta: bool = False
    """Whether to look for the query mirrored and turned, too."""

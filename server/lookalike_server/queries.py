"""What a search may start from, as the domain says it."""

from dataclasses import dataclass, field

from lookalike_server.pipeline.embed import Picture
from lookalike_server.records import Filter, Vector


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
class Search:
    """A query, where to look and what to give back."""

    collection: str
    query: Example | Examples
    limit: int = 10
    max_distance: float | None = None
    filter: Filter = field(default_factory=Filter)
    not_same_folder: bool = False
    exact: bool = False
    with_vectors: bool = False

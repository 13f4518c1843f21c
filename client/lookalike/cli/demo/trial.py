"""The demo's question to the server: whether an altered photograph finds its own original."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import lookalike
from lookalike.cli.demo.material import ORIGINAL, alteration_of, photograph_of

COLLECTION = "demo"
LIMIT = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One match: what it is, and how far from the query."""

    rank: int
    distance: float
    score: float
    path: Path

    @property
    def photograph(self) -> str:
        """Name of the photograph that it shows."""
        return photograph_of(self.path)

    @property
    def alteration(self) -> str:
        """What was done to it."""
        return alteration_of(self.path)


@dataclass(frozen=True, slots=True)
class Trial:
    """One query and what it found."""

    query: Path
    found: Sequence[Found]
    seconds: float

    @property
    def photograph(self) -> str:
        """Name of the photograph that was asked for."""
        return photograph_of(self.query)

    @property
    def altered(self) -> str:
        """What was done to it."""
        return alteration_of(self.query)

    @property
    def hit(self) -> bool:
        """Whether the nearest match shows the photograph that was asked for."""
        return bool(self.found) and self.found[0].photograph == self.photograph

    @property
    def original_rank(self) -> int | None:
        """Rank of the unaltered original; None when it is not among the matches."""
        return next((f.rank for f in self.found if (f.photograph, f.alteration) == (self.photograph, ORIGINAL)), None)

    def shown(self, count: int) -> Sequence[Found]:
        """The nearest matches, and the nearest of another photograph: how far off a stranger is."""
        strangers = [found for found in self.found[count:] if found.photograph != self.photograph]
        has_stranger = any(found.photograph != self.photograph for found in self.found[:count])
        return [*self.found[:count], *(strangers[:1] if not has_stranger else [])]


def ask(client: "lookalike.Client", queries: Sequence[Path]) -> Iterator[Trial]:
    """Search for each query in turn, after one search that warms the way and is not counted."""
    client.search(queries[0], collection=COLLECTION, limit=LIMIT)
    for query in queries:
        begin = perf_counter()
        result = client.search(query, collection=COLLECTION, limit=LIMIT)
        seconds = perf_counter() - begin
        found = [Found(m.rank, m.distance, m.score, Path(m.image.path or m.image.id)) for m in result]
        yield Trial(query, found, seconds)


def median_seconds(trials: Sequence[Trial]) -> float:
    """Return the time of the middle search."""
    return median(trial.seconds for trial in trials)

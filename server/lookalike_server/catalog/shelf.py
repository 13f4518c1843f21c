"""One collection in memory: all its vectors, searchable once they are added, and a graph over most of them.

Both give candidates. The distances in an answer are those of the vectors in full precision: of memory where it has
them, and else of the store.
"""

from collections.abc import Callable, Sequence
from collections.abc import Collection as Several
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.admitted import Admitted
from lookalike_server.catalog.costs import Costs
from lookalike_server.catalog.cover import Cover
from lookalike_server.catalog.index import DEFAULT_EFFORT
from lookalike_server.catalog.indexer import Hungry
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.store import Superseded
from lookalike_server.catalog.tuning import NEIGHBOURS, Tuning
from lookalike_server.catalog.vectors import Rows, Serials, distances
from lookalike_server.records import IndexState, Vector

_SLICE = 1_024  # vectors copied out at once: what is within a radius may be nearly all there are


@dataclass(frozen=True, slots=True)
class Found:
    """Serials with their exact distances, nearest first; `exact` when every admissible vector was compared."""

    serials: Serials
    distances: NDArray[np.float64]
    exact: bool


class Shelf:
    """The vectors of one collection. Many threads may search while one adds or removes.

    `truth` gives the vectors of serials, ascending, of those that are left. Whatever needs it raises what it raises,
    Superseded where the store has put others in their place. `write` is to have another thread call `save`.
    """

    def __init__(
        self,
        vectors: Matrix,
        generation: int,
        *,
        truth: Callable[[Serials], tuple[Serials, Rows]],
        cover: Cover | None,
        small: int,
        save_every: int,
        background: Callable[[Hungry], None],
        write: Callable[["Shelf"], None],
    ) -> None:
        self.vectors = vectors
        self._truth = truth
        self.generation = generation
        """The collection's state that a search which begins now has seen, at least."""
        self.tuning: Tuning | None = None
        """How hard searches of the graph try; None: not measured yet."""
        self.admitted = Admitted(vectors, background)
        """What filters admit of it."""
        self.costs = Costs()
        """What searching it takes on this machine."""
        self._cover = cover
        self._small = small
        self._save_every = save_every
        self._write = write

    def __len__(self) -> int:
        """Images that can be found."""
        return len(self.vectors)

    @property
    def lag(self) -> int:
        """Images that searches compare one by one until the graph has them."""
        return 0 if self._cover is None else self._cover.lag

    def add(self, serials: Serials, rows: Rows) -> None:
        """Takes in vectors: every search that begins later compares them."""
        self.vectors.add(serials, rows)
        self.admitted.grew(int(serials[-1]))

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later finds these."""
        self.vectors.remove(serials)
        if self._cover is not None:
            self._cover.remove(serials)

    def compare(self, query: Vector, k: int, among: Serials | None = None) -> Found:
        """The `k` nearest and those as near as the last of them, by comparing with all, or with all of `among`."""
        return self.found([query], self.vectors.nearest(query, k, among=among), exact=True)

    def within(self, query: Vector, radius: float, among: Serials | None = None) -> Found:
        """All at most `radius` away, and perhaps some a hair's breadth beyond, of all or of `among`."""
        return self.found([query], self.vectors.within(query, radius, among=among), exact=True)

    def search(self, query: Vector, k: int, *, eventual: bool = False, effort: int | None = None) -> Found:
        """Nearly the `k` nearest, at least as many when there are, through the graph and what it lacks.

        `candidates` tells of the options.
        """
        serials, exact = self.candidates(query, k, eventual=eventual, effort=effort)
        return self.measured(query, serials, k, exact=exact)

    def candidates(
        self, query: Vector, k: int, *, eventual: bool = False, effort: int | None = None
    ) -> tuple[Serials, bool]:
        """Serials, ascending, of nearly the `k` nearest at least; and whether none nearer was overlooked.

        What is `eventual` may leave out what the graph lacks, unless that is most of the collection. `effort` says how
        hard the graph shall try, where that is not left to what was measured.
        """
        cover = self._cover
        if cover is None or not self.is_covered:
            return self.vectors.nearest(query, k), True
        covered, watermark = cover.search(query, k, effort or self.effort)
        if eventual and 2 * self.vectors.count_beyond(watermark) <= len(self):
            return covered, False
        rest = self.vectors.nearest(query, k, after=watermark)
        return np.union1d(covered, rest) if len(rest) else covered, False

    def measured(self, query: Vector, serials: Serials, k: int, *, exact: bool) -> Found:
        """The `k` nearest of these candidates, ascending, and those as near as the last of them."""
        near = serials if len(serials) <= k else self.vectors.nearest(query, k, among=serials)
        return self.found([query], near, exact=exact)

    def found(self, queries: Sequence[Vector], serials: Serials, *, exact: bool) -> Found:
        """Those of `serials`, ascending, that there are, each as far away as from the nearest of the queries."""
        parts = [self._slice(queries, serials[start : start + _SLICE]) for start in range(0, len(serials), _SLICE)]
        held = np.concatenate([np.empty(0, np.int64), *(some for some, _ in parts)])
        apart = np.concatenate([np.empty(0), *(each for _, each in parts)])
        order = np.lexsort((held, apart))
        return Found(held[order], apart[order], exact)

    def _slice(self, queries: Sequence[Vector], serials: Serials) -> tuple[Serials, NDArray[np.float64]]:
        held, rows = self.precise(serials)
        return held, np.min([distances(query, rows) for query in queries], axis=0)

    def precise(self, serials: Serials) -> tuple[Serials, Rows]:
        """Those of `serials`, ascending, that there are, with their vectors in full precision; Superseded."""
        held, rows, rough = self.vectors.precise(serials)
        if not len(rough):
            return held, rows
        read, others = self._truth(rough)
        return np.concatenate([read, held]), np.concatenate([others, rows])  # what memory has came later

    @property
    def is_covered(self) -> bool:
        """Whether searches go through a graph."""
        return self._cover is not None and len(self) > self._small and len(self._cover) > 0

    @property
    def effort(self) -> int:
        """Candidates that a search of the graph holds at least."""
        return DEFAULT_EFFORT if self.tuning is None else self.tuning.effort

    @property
    def measured_recall(self) -> float | None:
        """Share of the true nearest that searches find, as last measured; None where nothing was."""
        return None if self.tuning is None else self.tuning.recall

    @property
    def is_untuned(self) -> bool:
        """Whether the graph was not measured yet, or too much has changed since."""
        if self._cover is None or not self._cover.is_tunable or not self.is_covered or len(self) <= NEIGHBOURS:
            return False
        return self.tuning is None or self.tuning.is_stale(len(self), self.vectors.count_beyond(self.tuning.last))

    def state(self, collection: str, target: float) -> IndexState:
        """How it is searched."""
        known, count = self.tuning, len(self)
        return IndexState(
            collection,
            count,
            count - self.lag,
            self.effort,
            target,
            self.measured_recall,
            0 if known is None else known.sample_size,
            None if known is None else known.measured,
        )

    def extent(self) -> tuple[int, int]:
        """The greatest serial, and how many there are."""
        serials = self.vectors.serials()
        return int(serials.max(initial=0)), len(serials)

    def sample(self, count: int) -> tuple[Serials, Rows]:
        """Some by lot, the same each time, with their vectors."""
        serials = self.vectors.serials()
        drawn = np.random.default_rng(0).choice(serials, min(count, len(serials)), replace=False)
        return self.precise(np.sort(drawn))

    @property
    def is_selective(self) -> bool:
        """Whether there is a graph that can look among admitted images only."""
        return self._cover is not None and self.is_covered and self._cover.is_selective

    def held(self, query: Vector, width: int) -> tuple[Serials, int] | None:
        """All candidates of a search of the graph that holds `width` of them, and up to which serial it looked.

        None where there is no graph.
        """
        return self._cover.held(query, width) if self._cover is not None and self.is_covered else None

    def select(self, query: Vector, width: int, admits: Callable[[int], bool]) -> tuple[Serials, int]:
        """As `held`, of admitted ones only; where the shelf is selective."""
        assert self._cover is not None  # noqa: S101
        return self._cover.select(query, width, admits)

    def advance(self) -> bool:
        """A step of the indexer; whether there is more to do."""
        if self._cover is None:
            return False
        more = self._cover.advance(self._beyond)
        if self.due:
            self._write(self)
        return more

    @property
    def due(self) -> bool:
        """Whether so much has changed that a snapshot is to be written."""
        return self._cover is not None and self._cover.due(self._save_every)

    @property
    def stale(self) -> bool:
        """Whether a snapshot may hold what was removed."""
        return self._cover is not None and self._cover.stale

    def save(self, *, last: bool = False) -> bool:
        """Writes a snapshot if anything has changed, the `last` in this thread; False when it could not."""
        return self._cover is None or self._cover.save(last=last)

    def hurry(self) -> None:
        """Gives up the snapshot that is being written; only the last will follow."""
        if self._cover is not None:
            self._cover.hurry()

    def discard(self) -> None:
        """The collection is gone: nothing of it stays on disk."""
        if self._cover is not None:
            self._cover.discard()

    def findings(self) -> list[str]:
        """How graph and vectors differ, when they should not."""
        if self._cover is None:
            return []
        lag = ["the graph lags behind the vectors"] if self._cover.behind() else []
        return lag + self._cover.findings()

    def _beyond(self, serial: int, limit: int) -> tuple[Serials, Rows]:
        """The first `limit` vectors with greater serials, in full precision, for the graph.

        What the store has no more is about to leave memory too, and is given as it is there.
        """
        serials, rows = self.vectors.beyond(serial, limit)
        with suppress(Superseded):
            held, precise = self.precise(serials)
            rows[np.searchsorted(serials, held)] = precise
        return serials, rows


@dataclass(frozen=True, slots=True)
class Saving:
    """Work of seconds: to write a shelf's snapshot. `again` is called with it when what is stale could not go."""

    shelf: Shelf
    again: Callable[["Saving"], None]

    def advance(self) -> bool:
        """Writes it, if it is still wanted: two may have asked for the same."""
        if (self.shelf.due or self.shelf.stale) and not self.shelf.save() and self.shelf.stale:
            self.again(self)
        return False

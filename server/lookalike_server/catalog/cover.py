"""The graph over the settled part of a collection: everything up to its watermark.

The indexer moves the watermark on in small steps; what lies beyond it is compared one by one by whoever searches. So
the graph may lag, or be thrown away, and no search is wrong for it.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from collections.abc import Collection as Several
from dataclasses import dataclass, replace

import numpy as np

from lookalike_server.catalog.index import Durable, Index
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.snapshots import Snapshots
from lookalike_server.catalog.twins import Twins
from lookalike_server.catalog.vectors import Rows, Serials, distances
from lookalike_server.records import Vector

log = logging.getLogger("lookalike.catalog")

_STEP = 16  # vectors: 20 ms at 1,280 numbers, which a deletion may have to wait
_MAX_WASTE = 0.25  # a graph with more removed nodes is slow enough to be worth building anew
_SLICE = 1_024  # vectors hashed at once
_SAMPLE = 100
_NEIGHBOURS = 10
_TOLERANCE = 0.01  # of a squared distance between 0 and 4


@dataclass(frozen=True, slots=True)
class _Reach:
    """A graph, and how far it has come: one value, so that a search never takes the one for the other's."""

    graph: Index
    twins: Twins
    watermark: int = 0
    """The graph has taken in every vector up to this serial, and perhaps some beyond it."""


class Cover:
    """A graph of class `kind` over `vectors`, begun once they number more than `small`."""

    def __init__(self, vectors: Matrix, dim: int, kind: type[Index], snapshots: Snapshots, small: int) -> None:
        self._vectors = vectors
        self._dim = dim
        self._kind = kind
        self._reach = _Reach(kind(dim), Twins())
        self._snapshots = snapshots
        self._small = small
        self._lock = threading.Lock()  # one change of the graph, or of its snapshots, at a time
        self._discarded = False
        self._failures = 0
        self.unsaved = 0
        """Changes of the graph since its last snapshot."""

    def __len__(self) -> int:
        """Different vectors that the graph can find."""
        return len(self._reach.graph)

    def behind(self) -> bool:
        """Whether there is something to take in."""
        if self._discarded or self._failures > 1 or len(self._vectors) <= self._small:
            return False
        return len(self._vectors.beyond(self._reach.watermark, 1)[0]) > 0

    @property
    def lag(self) -> int:
        """Vectors that it will take in."""
        return self._vectors.count_beyond(self._reach.watermark) if self.behind() else 0

    def advance(self, beyond: Callable[[int, int], tuple[Serials, Rows]]) -> bool:
        """Takes in a few vectors, of those that `beyond` gives after a serial; whether there are more."""
        with self._lock:
            if self.behind():
                try:
                    self._take_in(beyond)
                except Exception:
                    # Half of a step may be in the graph, or more than there should be: it can take in nothing again.
                    self._begin_anew()
                    if self._failures > 1:
                        raise
                    log.exception("a graph could not be extended, and is built anew")
        return self.behind()

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later finds these, and no snapshot holds their vectors."""
        with self._lock:
            covered = [serial for serial in serials if serial <= self._reach.watermark]
            if covered:
                self._reach.graph.remove(self._reach.twins.remove(covered))
                self._snapshots.drop()
                self.unsaved += len(covered)

    def search(self, query: Vector, k: int) -> tuple[Serials, int]:
        """Serials of nearly the `k` nearest that the graph covers, at least, and up to which serial it does.

        What enters the graph meanwhile is beyond that serial, and may be among the found all the same.
        """
        reach = self._reach
        return reach.twins.of(reach.graph.search(query, k)[0]), reach.watermark

    def restore(self, generation: int) -> None:
        """Takes the graph from a snapshot if there is a good one, which holds what the store does, and little waste."""
        if not issubclass(self._kind, Durable):
            return
        found = self._snapshots.read(self._kind, generation)
        if found is None:
            return
        known, living = found.index.serials(), self._vectors.serials()
        twins, first = self._twins(living[living <= found.watermark])
        # Serials alone tell nothing: those of a database restored from a copy stand for other images by and by.
        same = np.array_equal(known, first) and self._contents(known) == found.contents
        if not same or found.index.waste() > _MAX_WASTE:
            log.warning("a graph is built anew", extra={"same": same, "waste": found.index.waste()})
            self._snapshots.drop()
            return
        self._reach = _Reach(found.index, twins, found.watermark)

    def save(self, generation: int) -> None:
        """Writes a snapshot if anything changed since the last; a failure is logged, the graph can be built anew."""
        with self._lock:
            graph, watermark = self._reach.graph, self._reach.watermark
            if self._discarded or not self.unsaved or not isinstance(graph, Durable):
                return
            try:
                self._snapshots.write(graph, watermark, generation, self._contents(graph.serials()))
                self.unsaved = 0
            except OSError as error:
                log.warning("a snapshot could not be written", extra={"why": str(error)})

    def discard(self) -> None:
        """Stops for good, and removes the snapshots."""
        with self._lock:
            self._discarded = True
            self._snapshots.drop()

    def findings(self) -> list[str]:
        """What the graph holds and should not, or lacks; nobody may add or delete meanwhile."""
        with self._lock:
            known, living = self._reach.graph.serials(), self._vectors.serials()
            covered, found_by_graph = living[living <= self._reach.watermark], self._reach.twins.of(known)
            lost = len(np.setdiff1d(covered, found_by_graph))
            strange = len(np.setdiff1d(known, self._reach.twins.nodes())) + len(np.setdiff1d(found_by_graph, living))
            astray = self._astray(np.intersect1d(known, living, assume_unique=True))
        found = [f"the graph lacks {lost} images that it should cover"] if lost else []
        found += [f"the graph holds {strange} images that are gone"] if strange else []
        return found + ([f"the graph gives wrong distances for {astray} images of a sample"] if astray else [])

    def _take_in(self, beyond: Callable[[int, int], tuple[Serials, Rows]]) -> None:
        reach = self._reach
        serials, vectors = beyond(reach.watermark, _STEP)
        first = reach.twins.add(serials, vectors)
        reach.graph.add(serials[first], vectors[first])
        self.unsaved += len(serials)
        self._reach = replace(reach, watermark=int(serials[-1]))

    def _begin_anew(self) -> None:
        self._failures += 1
        self._reach = _Reach(self._kind(self._dim), Twins())
        self._snapshots.drop()
        self.unsaved = 0

    def _twins(self, serials: Serials) -> tuple[Twins, Serials]:
        """The groups of these, and the serials that would stand for them in a graph built today."""
        twins = Twins()
        for start in range(0, len(serials), _SLICE):
            twins.add(*self._vectors.take(serials[start : start + _SLICE]))
        return twins, twins.nodes()

    def _contents(self, serials: Serials) -> str:
        """A hash of those of `serials` that there are, with their vectors."""
        digest = hashlib.sha256()
        for start in range(0, len(serials), _SLICE):
            held, vectors = self._vectors.take(serials[start : start + _SLICE])
            digest.update(held.data)
            digest.update(vectors.data)
        return digest.hexdigest()

    def _astray(self, serials: Serials) -> int:
        """How many of a sample's neighbours lie elsewhere in the graph than their vectors say."""
        sample = np.random.default_rng(0).permutation(serials)[:_SAMPLE]
        astray: set[int] = set()
        for query in self._vectors.take(np.sort(sample))[1]:
            found, claimed = self._reach.graph.search(query, _NEIGHBOURS)
            order = np.argsort(found)
            held, vectors = self._vectors.take(found[order])
            claimed = claimed[order][np.isin(found[order], held)]
            # Squares, as half precision moves what is near by more than what is far.
            astray.update(held[~np.isclose(claimed**2, distances(query, vectors) ** 2, atol=_TOLERANCE)].tolist())
        return len(astray)

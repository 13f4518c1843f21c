"""The graph over the settled part of a collection: everything up to its watermark.

The indexer moves the watermark on in small steps; what lies beyond it is compared one by one by whoever searches. So
the graph may lag, or be thrown away, and no search is wrong for it.
"""

import logging
import threading
from collections.abc import Collection as Several

import numpy as np

from lookalike_server.catalog.index import Durable, ExactIndex, Index
from lookalike_server.catalog.snapshots import Snapshots
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Vector

log = logging.getLogger("lookalike.catalog")

_STEP = 16  # vectors: 20 ms at 1,280 numbers, which a deletion may have to wait
_MAX_WASTE = 0.25  # a graph with more removed nodes is slow enough to be worth building anew


class Cover:
    """A graph of class `kind` over `vectors`, begun once they number more than `small`."""

    def __init__(self, vectors: ExactIndex, dim: int, kind: type[Index], snapshots: Snapshots, small: int) -> None:
        self._vectors = vectors
        self._graph = kind(dim)
        self._kind = kind
        self._snapshots = snapshots
        self._small = small
        self._lock = threading.Lock()  # one change of the graph, or of its snapshots, at a time
        self._discarded = False
        self.watermark = 0
        """The graph has taken in every vector up to this serial, and perhaps some beyond it."""
        self.unsaved = 0
        """Changes of the graph since its last snapshot."""

    def __len__(self) -> int:
        """Images that the graph can find."""
        return len(self._graph)

    def behind(self) -> bool:
        """Whether there is something to take in."""
        if self._discarded or len(self._vectors) <= self._small:
            return False
        return len(self._vectors.beyond(self.watermark, 1)[0]) > 0

    def advance(self) -> bool:
        """Takes in a few vectors; whether there are more."""
        with self._lock:
            if self.behind():
                serials, vectors = self._vectors.beyond(self.watermark, _STEP)
                self._graph.add(serials, vectors)
                self.unsaved += len(serials)
                self.watermark = int(serials[-1])
        return self.behind()

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later finds these, and no snapshot holds their vectors."""
        with self._lock:
            covered = [serial for serial in serials if serial <= self.watermark]
            if covered:
                self._graph.remove(covered)
                self._snapshots.drop()
                self.unsaved += len(covered)

    def search(self, query: Vector, k: int) -> Serials:
        """Serials of nearly the `k` nearest that the graph covers, in no order."""
        return self._graph.search(query, k)[0]

    def restore(self, generation: int) -> None:
        """Takes the graph from a snapshot if there is a good one, and makes good what has changed since."""
        if not issubclass(self._kind, Durable):
            return
        found = self._snapshots.read(self._kind, generation)
        if found is None:
            return
        known, living = found.index.serials(), self._vectors.serials()
        gone = np.setdiff1d(known, living, assume_unique=True)
        found.index.remove(gone.tolist())
        lost = np.setdiff1d(living[living <= found.watermark], known, assume_unique=True)
        if len(lost) or found.index.waste() > _MAX_WASTE:
            log.warning("a graph is built anew", extra={"lost": len(lost), "waste": found.index.waste()})
            return
        self._graph, self.watermark, self.unsaved = found.index, found.watermark, len(gone)

    def save(self, generation: int) -> None:
        """Writes a snapshot if anything changed since the last; a failure is logged, the graph can be built anew."""
        with self._lock:
            if self._discarded or not self.unsaved or not isinstance(self._graph, Durable):
                return
            try:
                self._snapshots.write(self._graph, self.watermark, generation)
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
            known, living = self._graph.serials(), self._vectors.serials()
            covered = living[living <= self.watermark]
            lost = len(np.setdiff1d(covered, known, assume_unique=True))
            strange = len(np.setdiff1d(known, living, assume_unique=True))
        found = [f"the graph lacks {lost} images that it should cover"] if lost else []
        return found + ([f"the graph holds {strange} images that are gone"] if strange else [])

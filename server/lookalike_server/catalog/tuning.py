"""How hard a graph must try: measured on the collection's own vectors, against comparing with all of them.

The queries stand for pictures that the collection does not hold: stored vectors, drawn by lot, each moved in a
direction drawn by lot by as much as it lies from its nearest neighbour; the stored one itself is no answer. Unmoved
they would flatter the graph, which holds them: among 12,000 random vectors of 128 numbers 72 candidates found .954 of
the neighbours of stored vectors, .636 of those of new ones, and .643 of those of moved ones. Among clusters, and on a
curved surface, the moved ones were within .02 of the new ones.
"""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.index import DEFAULT_EFFORT
from lookalike_server.catalog.vectors import Rows, Serials, unit
from lookalike_server.records import Vector

NEIGHBOURS = 10
"""Recall is the share of so many true nearest that is found."""
SAMPLE = 200
EFFORTS = (72, 100, 140, 200, 280, 400, 560, 800, 1_120, 1_600, 2_240, 3_200)
"""Candidates to try, least first: a search for 10 holds 72 at least, and beyond the last comparing is no slower."""
CHANGED = 0.2
"""Share of a collection that must have come or gone before it is measured anew."""

_ASKED = NEIGHBOURS + 8  # as a search for 10 asks: see gathering.py
_CONFIDENCE = 1.645  # standard errors: the true share is below the bound once in twenty
_LOT = 417_203_581  # always the same, so that it can be repeated
_SAME = 1e-6  # of a distance: as near as the last neighbour is near enough


class Found(Protocol):
    """Serials with their exact distances, nearest first."""

    @property
    def serials(self) -> Serials:
        """Which."""

    @property
    def distances(self) -> NDArray[np.float64]:
        """How far."""


class Searched(Protocol):
    """What is measured."""

    def extent(self) -> tuple[int, int]:
        """The greatest serial, and how many there are."""

    def sample(self, count: int) -> tuple[Serials, Rows]:
        """Some by lot, the same each time, with their vectors."""

    def compare(self, query: Vector, k: int) -> Found:
        """The `k` nearest."""

    def search(self, query: Vector, k: int, *, effort: int) -> Found:
        """The `k` nearest that the graph finds with so much effort."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured: with this effort the graph finds `recall` of the true nearest."""

    effort: int
    recall: float
    sample_size: int
    measured: int
    """When, in microseconds since 1970."""
    last: int
    """The greatest serial at that time."""
    count: int
    """How many vectors there were."""

    def is_stale(self, count: int, since: int) -> bool:
        """Whether too many came or went: there are `count` now, of which `since` have greater serials."""
        gone = self.count - (count - since)
        return since + gone > CHANGED * self.count


@dataclass(frozen=True, slots=True)
class _Probe:
    """A query, and how far away the last of its true neighbours is."""

    vector: Vector
    source: int
    """Serial of the vector that it was made from, which is no answer."""
    radius: float
    neighbours: int

    def recall(self, shelf: Searched, effort: int) -> float:
        """Share of the true neighbours that the graph finds."""
        apart = _others(shelf.search(self.vector, _ASKED, effort=effort), self.source)
        return float(np.count_nonzero(apart <= self.radius + _SAME)) / self.neighbours


def measure(shelf: Searched, target: float) -> Generator[None, None, Tuning]:
    """Finds the least effort with which the recall is surely at least `target`; a query a step.

    Where none is enough it is the greatest of all.
    """
    last, count = shelf.extent()
    lot = np.random.default_rng(_LOT)
    probes = []
    for serial, vector in zip(*shelf.sample(SAMPLE), strict=True):
        probes.append(_probe(shelf, int(serial), vector, lot))
        yield
    for effort in EFFORTS:
        shares = []
        for probe in probes:
            shares.append(probe.recall(shelf, effort))
            yield
        if assured(shares) >= target:
            break
    return Tuning(effort, float(np.mean(shares)), len(shares), time.time_ns() // 1_000, last, count)


def assured(shares: list[float]) -> float:
    """What the mean of all there are is not below, but for one time in twenty, judged by a sample."""
    return float(np.mean(shares) - _CONFIDENCE * np.std(shares) / math.sqrt(len(shares)))


def _probe(shelf: Searched, serial: int, vector: Vector, lot: np.random.Generator) -> _Probe:
    near = _others(shelf.search(vector, _ASKED, effort=DEFAULT_EFFORT), serial)
    apart = float(near[near > 0][:1].sum())  # among twins alone: not moved
    query = _moved(vector, apart, lot.standard_normal(len(vector)))
    true = _others(shelf.compare(query, _ASKED), serial)
    return _Probe(query, serial, float(true[-1]), len(true))


def _moved(vector: Vector, distance: float, direction: NDArray[np.float64]) -> Vector:
    """The unit vector so far away in this direction."""
    along = vector.astype(np.float64)
    across = direction - (direction @ along) * along
    cosine = 1 - distance * distance / 2
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    return unit(cosine * along + sine * across / np.linalg.norm(across), len(vector))


def _others(found: Found, serial: int) -> NDArray[np.float64]:
    """Distances of the nearest ten but for this one."""
    apart: NDArray[np.float64] = found.distances[found.serials != serial][:NEIGHBOURS]
    return apart

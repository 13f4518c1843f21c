"""A graph over the settled part of a collection, and how far that part goes."""

from collections.abc import Callable, Mapping
from collections.abc import Collection as Several
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np

from lookalike_server.catalog.index import Index, Tunable
from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.twins import Twins
from lookalike_server.catalog.vectors import Rows, Serials, distances
from lookalike_server.records import Vector

Beyond = Callable[[int, int], tuple[Serials, Rows]]
"""Gives the first so many vectors with serials greater than one."""

_SLICE = 2**16  # vectors copied at once: 32 MB at 256 numbers
_SAMPLE = 100
_NEIGHBOURS = 10
_TOLERANCE = 0.01  # of a squared distance between 0 and 4: half precision moves what is near by more than what is far


@dataclass(frozen=True, slots=True)
class Reach:
    """A graph, and how far it has come: one value, so that a search never takes the one for the other's.

    One thread at a time may take in or remove; any may search meanwhile.
    """

    graph: Index
    twins: Twins
    watermark: int = 0
    """The graph has taken in every vector up to this serial, and perhaps some beyond it."""

    @classmethod
    def over(cls, graph: Index, base: Base, watermark: int, absent: Mapping[int, int]) -> Self:
        """A graph that had taken in the rows of `base` up to a watermark, with the twins among them.

        `absent` is what the twins told of themselves. ValueError when the graph is one of other vectors.
        """
        twins = Twins()
        settled = base.serials[: np.searchsorted(base.serials, watermark, side="right")]
        nodes = np.array(sorted(absent), np.int64)
        alike = np.searchsorted(settled, [absent[node] for node in nodes.tolist()])
        serials, places = np.concatenate([settled, nodes]), np.concatenate([np.arange(len(settled)), alike])
        order = np.argsort(serials)  # an absent node comes before those that it stands for, and they join it
        for start in range(0, len(order), _SLICE):
            part = order[start : start + _SLICE]
            twins.add(serials[part], base.rows[places[part]])
        twins.remove(nodes.tolist())
        if not np.array_equal(graph.serials(), twins.nodes()):
            raise ValueError("the graph does not hold the vectors beside it")
        return cls(graph, twins, watermark)

    def take_in(self, beyond: Beyond, limit: int) -> tuple[Self, int]:
        """With the next `limit` vectors, or all that there are; how many it took."""
        serials, vectors = beyond(self.watermark, limit)
        first = self.twins.add(serials, vectors)
        self.graph.add(serials[first], vectors[first])
        return replace(self, watermark=int(serials[-1]) if len(serials) else self.watermark), len(serials)

    def remove(self, serials: Several[int]) -> int:
        """No search that begins later finds these; how many of them it had covered."""
        covered = [serial for serial in serials if serial <= self.watermark]
        if covered:
            self.graph.remove(self.twins.remove(covered))
        return len(covered)

    def search(self, query: Vector, k: int, effort: int | None = None) -> Serials:
        """Serials of nearly the `k` nearest, at least, and of all that are equal to one of them.

        With an effort the graph, a tunable one, holds so many candidates at least.
        """
        if effort is None:
            return self.twins.of(self.graph.search(query, k)[0])
        return self.twins.of(cast(Tunable, self.graph).seek(query, k, effort)[0])

    def findings(self, matrix: Matrix) -> list[str]:
        """What the graph holds and should not, or lacks; nobody may add or remove meanwhile."""
        known, living = self.graph.serials(), matrix.serials()
        covered, found_by_graph = living[living <= self.watermark], self.twins.of(known)
        lost = len(np.setdiff1d(covered, found_by_graph))
        strange = len(np.setdiff1d(known, self.twins.nodes())) + len(np.setdiff1d(found_by_graph, living))
        astray = self._astray(matrix, np.intersect1d(known, living, assume_unique=True))
        found = [f"the graph lacks images that it should cover: {lost}"] if lost else []
        found += [f"the graph holds images that are gone: {strange}"] if strange else []
        return found + ([f"the graph gives wrong distances for images of a sample: {astray}"] if astray else [])

    def _astray(self, matrix: Matrix, serials: Serials) -> int:
        """How many of a sample's neighbours lie elsewhere in the graph than their vectors say."""
        sample = np.random.default_rng(0).permutation(serials)[:_SAMPLE]
        astray: set[int] = set()
        for query in matrix.take(np.sort(sample))[1]:
            found, claimed = self.graph.search(query, _NEIGHBOURS)
            order = np.argsort(found)
            held, vectors = matrix.take(found[order])
            claimed = claimed[order][np.isin(found[order], held)]
            astray.update(held[~np.isclose(claimed**2, distances(query, vectors) ** 2, atol=_TOLERANCE)].tolist())
        return len(astray)

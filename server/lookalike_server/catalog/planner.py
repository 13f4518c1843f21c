"""How a query is answered: through the graph, or by comparing with what the filter admits.

A filter that admits few is answered by comparing with those: exact, and fastest. One that admits many is answered by
asking the graph for so many more that enough of them pass. When the graph would have to give more than comparing costs,
or gave too few, every admitted vector is compared.
"""

from math import ceil, isqrt
from typing import Protocol

import numpy as np

from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Vector

_MARGIN = 1.5  # the share that passes near the query may be lower than the share that passes overall


class Admission(Protocol):
    """Which images a filter admits."""

    def first(self, limit: int | None) -> Serials:
        """The first of all that it admits, ascending; None: all."""

    def among(self, serials: Serials) -> Serials:
        """Those that it admits, ascending."""


def worth_comparing(count: int) -> int:
    """So many candidates, of `count` vectors, are compared as fast as a graph is asked (measured at 512 numbers)."""
    return max(2_500, isqrt(60 * count))


def answer(shelf: Shelf, query: Vector, k: int, admission: Admission | None, *, exact: bool) -> Found:
    """The `k` nearest that are admitted (None: all are), and some more for whoever sorts out the last."""
    if admission is None:
        return shelf.compare(query, k) if exact else shelf.search(query, k)
    if exact:
        return shelf.compare(query, k, admission.first(None))
    bound = worth_comparing(len(shelf))
    first = admission.first(bound + 1)
    if len(first) <= bound:
        return shelf.compare(query, k, first)
    wanted = ceil(k * _MARGIN / _share(shelf, first))
    found = _masked(shelf.search(query, wanted), admission) if wanted <= bound else None
    if found is None or len(found.serials) < k:
        return shelf.compare(query, k, admission.first(None))
    return found


def _share(shelf: Shelf, first: Serials) -> float:
    """Share of the images that the filter admits, judged by the stretch of serials that holds `first`."""
    stretch = np.searchsorted(shelf.vectors.serials(), first[-1], side="right")
    return min(1.0, len(first) / max(1, int(stretch)))


def _masked(found: Found, admission: Admission) -> Found:
    kept = np.isin(found.serials, admission.among(np.sort(found.serials)))
    return Found(found.serials[kept], found.distances[kept], found.exact)

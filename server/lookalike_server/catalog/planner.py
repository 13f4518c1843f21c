"""How a query is answered: through the graph, or by comparing with what the filter admits.

A sample tells what share of the images a filter admits. One that admits few is answered by comparing with those: exact,
and fastest. One that admits many is answered by asking the graph for so many more that enough of them pass. When the
graph would have to give more than comparing costs, or gave too few, every admitted vector is compared.
"""

from math import ceil, isqrt
from typing import Protocol

import numpy as np

from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Vector

_SAMPLE = 256
_MARGIN = 1.5  # the share that passes near the query may be lower than the share that passes overall


class Admission(Protocol):
    """Which images a filter admits."""

    def all(self) -> Serials:
        """All that it admits, ascending."""

    def among(self, serials: Serials) -> Serials:
        """Those of `serials` that it admits, ascending."""


def worth_comparing(count: int) -> int:
    """So many candidates, of `count` vectors, are compared as fast as a graph is asked (measured at 512 numbers)."""
    return max(2_500, isqrt(60 * count))


def answer(
    shelf: Shelf, query: Vector, k: int, admission: Admission | None, *, exact: bool, eventual: bool = False
) -> Found:
    """The `k` nearest that are admitted (None: all are), and some more for whoever sorts out the last.

    An `eventual` answer through the graph may lack what that has not taken in.
    """
    if admission is None:
        return shelf.compare(query, k) if exact else shelf.search(query, k, eventual=eventual)
    found = None if exact else _sought(shelf, query, k, admission, eventual)
    if found is None or len(found.serials) < k:
        return shelf.compare(query, k, admission.all())
    return found


def _sought(shelf: Shelf, query: Vector, k: int, admission: Admission, eventual: bool) -> Found | None:
    """What passes of the graph's answer; None when comparing with all that is admitted costs less."""
    share, bound = _share(shelf, admission), worth_comparing(len(shelf))
    if share * len(shelf) <= bound or k * _MARGIN / share > bound:
        return None
    candidates, exact = shelf.candidates(query, ceil(k * _MARGIN / share), eventual=eventual)
    return shelf.measured(query, admission.among(candidates), k, exact=exact)


def _share(shelf: Shelf, admission: Admission) -> float:
    """Share of the images that the filter admits, judged by a sample of all ages."""
    serials = shelf.vectors.serials()
    # By lot, as every n-th image may have something in common; always the same lot, so that answers repeat.
    places = np.random.default_rng(0).integers(0, max(1, len(serials)), min(_SAMPLE, len(serials)))
    sample = np.unique(serials[places])
    return len(admission.among(sample)) / max(1, len(sample))

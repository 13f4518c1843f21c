"""Which images lie near which, over a whole collection; what is near each other is joined.

Up to `MOST_COMPARED` images are compared each with each, a block of them with a block at a time: exact, and there a
matrix product is faster than as many searches. More are looked for one by one through the graph, and of a filter's
images those that it admits are kept. Products only choose: a pair too near the radius for them to tell, of vectors that
may be rounded to half precision, is measured as searches measure. Each step takes milliseconds, and no more is held
than a block.
"""

from collections.abc import Callable, Iterator
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog import halves
from lookalike_server.catalog.components import Components, Places
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Vector

MOST_COMPARED = 200_000
"""Images; see docs/benchmarks.md for what either way costs."""

_ROUNDING = 1e-5  # of a float32 product of unit vectors, and more
_MULTIPLICATIONS = 2**27  # in a block's products: some milliseconds
_MEASURED = 512  # pairs measured at once: their vectors may have to be read from the store
_SEARCHED = 32  # images looked for in a step
_FIRST, _MOST = 16, 1_024  # neighbours asked of the graph; beyond the most, comparing with all costs less


def link(shelf: Shelf, serials: Serials, radius: float, parts: Components) -> Iterator[int]:
    """Joins in `parts` the places, among `serials`, of images at most `radius` apart; yields how many are done."""
    if len(serials) <= MOST_COMPARED or not _has_graph(shelf, serials):
        yield from _compare(shelf, serials, radius, parts)
    else:
        yield from _search(shelf, serials, radius, parts)


def _has_graph(shelf: Shelf, serials: Serials) -> bool:
    """Whether a search is anything but a comparison with all."""
    _, rows = shelf.vectors.take(serials[:1])
    return len(rows) > 0 and not shelf.search(rows[0], 1).exact


def _compare(shelf: Shelf, serials: Serials, radius: float, parts: Components) -> Iterator[int]:
    """Each block with itself and half of the others, in a ring: every pair once, and each block takes the same time."""
    _, rows = shelf.vectors.take(serials[:1])
    size = isqrt(_MULTIPLICATIONS // rows.shape[1])
    count = -(-len(serials) // size)
    for number in range(count):
        own = _Block(shelf, serials, number * size, size)
        for step in range(count // 2 + 1):
            if 2 * step == count and number >= step:
                continue  # across an even ring both ends would meet twice
            own.join(_Block(shelf, serials, (number + step) % count * size, size), radius, parts)
            yield own.start
        yield own.start + len(own.places)


class _Block:
    """Some images with their vectors."""

    def __init__(self, shelf: Shelf, serials: Serials, start: int, size: int) -> None:
        asked = serials[start : start + size]
        held, self.rows = shelf.vectors.take(asked)
        self.start, self._shelf, self._serials = start, shelf, serials
        self.places: Places = np.flatnonzero(np.isin(asked, held, assume_unique=True)) + start

    def join(self, other: "_Block", radius: float, parts: Components) -> None:
        """Joins what is near each other of two blocks."""
        cosines = (self.rows @ other.rows.T).ravel()  # flat: of two dimensions `nonzero` takes twenty times as long
        least = 1 - radius * radius / 2
        margin = _ROUNDING + 2 * halves.error(self.rows.shape[1])
        near = np.flatnonzero(cosines >= least - margin)
        ones, others = np.divmod(near, max(1, len(other.rows)))
        sure = cosines[near] > least + margin
        ones, others = self.places[ones], other.places[others]
        parts.join(ones[sure], others[sure])
        self._join_measured(ones[~sure], others[~sure], radius, parts)

    def _join_measured(self, ones: Places, others: Places, radius: float, parts: Components) -> None:
        """Joins those that are near each other when they are measured."""
        while len(ones):
            # What hangs together already, such as a thousand equal images, need not be measured.
            apart = parts.of(ones) != parts.of(others)
            ones, others = ones[apart], others[apart]
            one, another = ones[:_MEASURED], others[:_MEASURED]
            both, distances = measured(self._shelf.precise, self._serials[one], self._serials[another])
            near = both[distances <= radius]
            parts.join(one[near], another[near])
            ones, others = ones[_MEASURED:], others[_MEASURED:]


def measured(
    take: Callable[[Serials], tuple[Serials, Rows]], ones: Serials, others: Serials
) -> tuple[Places, NDArray[np.float64]]:
    """Distances pair by pair, by the vectors that `take` gives; and the places of the pairs that are both held."""
    held, rows = take(np.union1d(ones, others))
    both = np.flatnonzero(np.isin(ones, held) & np.isin(others, held))
    here, there = (rows[np.searchsorted(held, each[both])].astype(np.float64) for each in (ones, others))
    distances: NDArray[np.float64] = np.linalg.norm(here - there, axis=1)
    return both, distances


def _search(shelf: Shelf, serials: Serials, radius: float, parts: Components) -> Iterator[int]:
    """Each image's neighbours; images of equal vectors have the same and are looked for once."""
    looked = np.zeros(len(serials), np.bool_)
    for start in range(0, len(serials), _SEARCHED):
        held, rows = shelf.precise(serials[start : start + _SEARCHED])
        for place, row in zip(np.searchsorted(serials, held), rows, strict=True):
            if not looked[place]:
                near = _near(shelf, row, radius)
                places, known = _places(serials, near.serials)
                parts.join(np.full(len(places), place), places)
                looked[places[near.distances[known] == 0]] = True
        yield start + len(held)


def _near(shelf: Shelf, query: Vector, radius: float) -> Found:
    """All at most `radius` away that the graph finds, by asking for more until some lie beyond."""
    k = _FIRST
    while k <= _MOST:
        found = shelf.search(query, k)
        if len(found.serials) < k or found.distances[-1] > radius:
            break
        k *= 4
    else:
        found = shelf.within(query, radius)
    within = found.distances <= radius
    return Found(found.serials[within], found.distances[within], found.exact)


def _places(serials: Serials, found: Serials) -> tuple[Places, NDArray[np.bool_]]:
    """Where those of `found` that are among `serials` lie there, and which these are."""
    places = np.minimum(np.searchsorted(serials, found), len(serials) - 1)
    known = serials[places] == found
    return places[known], known

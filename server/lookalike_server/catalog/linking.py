"""Which images lie near which, over a whole collection; what is near each other is joined.

Up to `MOST_COMPARED` images are compared each with each, a block of them with a block at a time: exact, and there a
matrix product is faster than as many searches. More are looked for one by one through the graph, and of a filter's
images those that it admits are kept. Float32 products only choose: a pair too near the radius for them to tell is
measured in float64, as searches measure. Each step takes milliseconds, and no more is held than a block.
"""

from collections.abc import Iterator
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.components import Components, Places
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Vector

MOST_COMPARED = 200_000
"""Images; see docs/benchmarks.md for what either way costs."""

_ROUNDING = 1e-5  # of a float32 product of unit vectors, ten times over
_MULTIPLICATIONS = 2**27  # in a block's products: some milliseconds
_MEASURED = 4_096  # pairs measured at once
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
        self.start = start
        self.places: Places = np.flatnonzero(np.isin(asked, held, assume_unique=True)) + start

    def join(self, other: "_Block", radius: float, parts: Components) -> None:
        """Joins what is near each other of two blocks."""
        cosines = (self.rows @ other.rows.T).ravel()  # flat: of two dimensions `nonzero` takes twenty times as long
        least = 1 - radius * radius / 2
        near = np.flatnonzero(cosines >= least - _ROUNDING)
        ones, others = np.divmod(near, max(1, len(other.rows)))
        sure = cosines[near] > least + _ROUNDING
        parts.join(self.places[ones[sure]], other.places[others[sure]])
        self._join_measured(ones[~sure], other, others[~sure], radius, parts)

    def _join_measured(self, ones: Places, other: "_Block", others: Places, radius: float, parts: Components) -> None:
        """Joins those of some rows and some of another block that are near each other when they are measured."""
        while len(ones):
            # What hangs together already, such as a thousand equal images, need not be measured.
            apart = parts.of(self.places[ones]) != parts.of(other.places[others])
            ones, others = ones[apart], others[apart]
            one, another = ones[:_MEASURED], others[:_MEASURED]
            near = _apart(self.rows[one], other.rows[another]) <= radius
            parts.join(self.places[one[near]], other.places[another[near]])
            ones, others = ones[_MEASURED:], others[_MEASURED:]


def _apart(ones: Rows, others: Rows) -> NDArray[np.float64]:
    """Distances row by row, as `vectors.distances` measures them."""
    apart: NDArray[np.float64] = np.linalg.norm(ones.astype(np.float64) - others.astype(np.float64), axis=1)
    return apart


def _search(shelf: Shelf, serials: Serials, radius: float, parts: Components) -> Iterator[int]:
    """Each image's neighbours; images of equal vectors have the same and are looked for once."""
    looked = np.zeros(len(serials), np.bool_)
    for start in range(0, len(serials), _SEARCHED):
        held, rows = shelf.vectors.take(serials[start : start + _SEARCHED])
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

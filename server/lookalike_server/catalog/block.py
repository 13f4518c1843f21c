"""Vectors in the order of their serials, as they stood at one moment: in full precision, or in half.

Rows beyond a block may be written while it is read; rows within it never are.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog import halves
from lookalike_server.catalog.halves import Halves
from lookalike_server.catalog.vectors import Places, Rows, Serials, picked
from lookalike_server.records import Vector

_ROUNDING = 5e-6  # float32 products of unit vectors are within a fifth of this, to 4,096 numbers, and so are lengths

_COPIED = 512  # rows at once: they stay in a core's cache
_DENSE = 0.75  # of a stretch: to compare a row costs three quarters of what it costs to pick it first


@dataclass(frozen=True, slots=True)
class Block:
    """`rows` are `Rows` or `Halves`; `alive` tells which of them count."""

    serials: Serials
    rows: NDArray[Any]
    alive: NDArray[np.bool_]

    @property
    def full(self) -> bool:
        """Whether the rows are in full precision."""
        return self.rows.dtype == np.float32

    @property
    def margin(self) -> float:
        """No score is farther than this from 1 - d*d/2 of the vector's true distance d to the query."""
        return _ROUNDING if self.full else _ROUNDING + halves.error(self.rows.shape[1])

    def living(self, after: int = 0) -> Places:
        """Where the living rows with serials beyond `after` lie."""
        start = int(np.searchsorted(self.serials, after, side="right"))
        places: Places = np.flatnonzero(self.alive[start:])
        return places + start

    def first(self, after: int, limit: int) -> Places:
        """Where the first `limit` living rows with serials beyond `after` lie."""
        start, width = int(np.searchsorted(self.serials, after, side="right")), limit
        while True:  # a little is looked at where little is asked for: whoever feeds a graph asks often
            places: Places = start + np.flatnonzero(self.alive[start : start + width])[:limit]
            if len(places) == limit or start + width >= len(self.alive):
                return places
            width *= 4

    def count(self, after: int) -> int:
        """How many living rows have serials beyond `after`."""
        return int(np.count_nonzero(self.alive[np.searchsorted(self.serials, after, side="right") :]))

    def places(self, serials: Serials) -> Places:
        """Where the living ones of these serials, ascending, lie."""
        if not len(self.serials):
            return np.empty(0, np.intp)
        first, last = int(self.serials[0]), int(self.serials[-1])
        serials = serials[slice(*np.searchsorted(serials, (first, last + 1)))]
        if last - first < len(self.serials):  # none is missing: to look for 10,000 would take a third of a millisecond
            living: Places = (serials - first)[self.alive[serials - first]]
            return living
        places = np.searchsorted(self.serials, serials)
        found: Places = places[(self.serials[places] == serials) & self.alive[places]]
        return found

    def without(self, serials: Serials) -> "Block":
        """With these, ascending, counted out."""
        places = self.places(serials)
        if not len(places):
            return self
        alive = self.alive.copy()  # whoever reads this block keeps it as it is
        alive[places] = False
        return replace(self, alive=alive)

    def only(self, serials: Serials) -> "Block":
        """With none but these, ascending, counted."""
        alive = np.zeros(len(self.serials), np.bool_)
        alive[self.places(serials)] = True
        return replace(self, alive=alive)

    def scores(self, query: Vector, places: Places) -> NDArray[np.float32]:
        """Inner products of the rows at `places` with `query`: the nearer, the higher."""
        if len(places) == 0:
            return np.empty(0, np.float32)
        first, end = int(places[0]), int(places[-1]) + 1
        if len(places) < _DENSE * (end - first):
            return self._products(self.rows, query, places)
        scores = self._products(self.rows[first:end], query)
        return scores if len(scores) == len(places) else scores[places - first]

    def vectors(self, places: Places) -> Rows:
        """The rows at `places` in float32."""
        rows = self.rows[places]
        vectors: Rows = rows if self.full else halves.widened(rows)
        return vectors

    def halves(self, places: Places) -> Halves:
        """The rows at `places` in half precision."""
        rows = self.rows[places]
        rounded: Halves = halves.halved(rows) if self.full else rows
        return rounded

    def agrees(self, places: Places, vectors: Rows) -> bool:
        """Whether these are the vectors that the rows at `places` were made of."""
        return np.array_equal(self.rows[places], vectors if self.full else halves.halved(vectors))

    def _products(self, rows: NDArray[Any], query: Vector, places: Places | None = None) -> NDArray[np.float32]:
        if not self.full:
            return halves.products(rows, query, places)
        if places is None:
            whole: NDArray[np.float32] = rows @ query
            return whole
        return np.concatenate([some @ query for _, some in picked(rows, places, _COPIED)])

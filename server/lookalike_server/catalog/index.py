"""What the catalog asks of an index, and the one that compares with everything.

In go serials with their unit vectors, out come the nearest serials. An index knows no images, no filters and no disk
(`Durable` ones can be written down). Entry points of the group `lookalike.indexes` name classes that keep `Index`.
"""

from collections.abc import Collection as Several
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.vectors import Rows, Serials, distances
from lookalike_server.records import Vector

Nearest = tuple[Serials, NDArray[np.float32]]
"""Serials and their Euclidean distances, nearest first."""


class Index(Protocol):
    """Any number of threads may search while one thread changes it."""

    def __init__(self, dim: int) -> None:
        """An empty index of vectors of `dim` numbers."""

    def __len__(self) -> int:
        """Serials that a search can return."""

    def add(self, serials: Serials, vectors: Rows) -> None:
        """Takes in vectors; ValueError unless the serials ascend and are beyond all that were ever added."""

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later returns these; serials that it does not hold are passed over."""

    def search(self, query: Vector, k: int) -> Nearest:
        """The `k` nearest, or so nearly; fewer when it holds or finds fewer."""

    def serials(self) -> Serials:
        """All that a search can return, ascending."""

    def waste(self) -> float:
        """Share of what it carries, 0 to 1, that was removed."""


_ROUNDING = np.float32(1e-5)  # float32 products of unit vectors are within a tenth of this, to 4,096 numbers


@runtime_checkable
class Durable(Index, Protocol):
    """An index that can be written to a file."""

    def save(self, path: Path) -> dict[str, Any]:
        """Writes a file, without the vectors of what was removed, and returns facts that `load` needs, fit for JSON.

        Raises OSError when the file could not be written whole.
        """

    @classmethod
    def load(cls, path: Path, dim: int, facts: dict[str, Any]) -> Self:
        """The index that `save` wrote; ValueError when it was written with other settings."""


@dataclass(frozen=True, slots=True)
class _View:
    """A moment of the index. Rows beyond a view may be written while it is read; rows within it never are."""

    serials: Serials
    rows: Rows
    alive: NDArray[np.bool_]

    def places(self, serials: Serials) -> NDArray[np.intp]:
        """Where the living ones of `serials` lie."""
        places = np.searchsorted(self.serials, serials)
        inside = places < len(self.serials)
        places, serials = places[inside], serials[inside]
        living: NDArray[np.intp] = places[(self.serials[places] == serials) & self.alive[places]]
        return living

    def nearest(self, query: Vector, k: int, after: int = 0) -> NDArray[np.intp]:
        """Where the `k` nearest lie, and those as near as the last of them, of the serials beyond `after`."""
        start = int(np.searchsorted(self.serials, after, side="right"))
        places = np.flatnonzero(self.alive[start:])
        scores = self.rows[start:] @ query
        nearest: NDArray[np.intp] = places[_best(scores[places], k)] + start
        return nearest


class ExactIndex:
    """An `Index` that compares with every vector and so misses nothing.

    Readers take no lock: each works on the view that was published when it came.
    """

    def __init__(self, dim: int) -> None:
        self._last = 0
        self._count = 0
        self._living = 0
        self._serials = np.empty(0, np.int64)
        self._rows = np.empty((0, dim), np.float32)
        self._alive = np.empty(0, np.bool_)
        self._publish()

    def __len__(self) -> int:
        """Serials that a search can return."""
        return self._living

    def reserve(self, more: int) -> None:
        """Makes room for `more` vectors, so that adding them cannot fail for want of memory."""
        wanted = self._count + more
        if wanted > len(self._serials):
            # Doubling costs address space only: the system gives pages to rows that are written.
            self._move(np.arange(self._count), max(wanted, 2 * self._count))

    def add(self, serials: Serials, vectors: Rows) -> None:
        """Takes in vectors; ValueError unless the serials ascend and are beyond all that were ever added."""
        if np.any(np.diff(serials, prepend=self._last) <= 0):
            raise ValueError("serials must ascend and be new")
        self.reserve(len(serials))
        fresh = slice(self._count, self._count + len(serials))
        self._serials[fresh], self._rows[fresh], self._alive[fresh] = serials, vectors, True
        self._count += len(serials)
        self._last = int(serials[-1]) if len(serials) else self._last
        self._publish()

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later returns these; serials that it does not hold are passed over."""
        gone = self._view.places(np.unique(np.fromiter(serials, np.int64)))
        alive = self._alive.copy()  # views that are out keep theirs
        alive[gone] = False
        self._alive = alive
        self._publish()
        if self.waste() > 0.5:
            self._move(np.flatnonzero(alive[: self._count]), 2 * self._living)

    def search(self, query: Vector, k: int) -> Nearest:
        """The `k` nearest; equal distances in the order of serials."""
        view = self._view
        places = view.nearest(query, k)
        serials, apart = view.serials[places], distances(query, view.rows[places])
        order = np.lexsort((serials, apart))[:k]
        return serials[order], apart[order].astype(np.float32)

    def serials(self) -> Serials:
        """All that a search can return, ascending."""
        view = self._view
        return view.serials[view.alive]

    def waste(self) -> float:
        """Share of the rows, 0 to 1, that were removed."""
        return 1 - self._living / self._count if self._count else 0.0

    def nearest(self, query: Vector, k: int, *, among: Serials | None = None, after: int = 0) -> Serials:
        """The `k` nearest and all that rounding cannot tell from the last of them, ascending.

        Only those beyond `after`, or only those of `among`, are compared.
        """
        view = self._view
        if among is None:
            return view.serials[view.nearest(query, k, after)]
        places = view.places(among)
        return view.serials[places[_best(view.rows[places] @ query, k)]]

    def within(self, query: Vector, radius: float, *, among: Serials | None = None) -> Serials:
        """All at most `radius` away, and all that rounding cannot tell from the last of them, ascending.

        Only those of `among` are compared, where that is given.
        """
        view = self._view
        if among is None:
            places = np.flatnonzero(view.alive)
            scores = (view.rows @ query)[places]
        else:
            places = view.places(among)
            scores = view.rows[places] @ query
        return view.serials[places[scores >= 1 - radius * radius / 2 - _ROUNDING]]

    def take(self, serials: Serials) -> tuple[Serials, Rows]:
        """Those of `serials` that it holds, with their vectors."""
        view = self._view
        places = view.places(serials)
        return view.serials[places], view.rows[places]

    def beyond(self, serial: int, limit: int) -> tuple[Serials, Rows]:
        """The first `limit` vectors with greater serials."""
        view = self._view
        start = int(np.searchsorted(view.serials, serial, side="right"))
        places = np.flatnonzero(view.alive[start:])[:limit] + start
        return view.serials[places], view.rows[places]

    def count_beyond(self, serial: int) -> int:
        """How many vectors have greater serials."""
        view = self._view
        return int(np.count_nonzero(view.alive[np.searchsorted(view.serials, serial, side="right") :]))

    def _move(self, places: NDArray[np.intp], room: int) -> None:
        """Takes the rows at `places` over into new arrays of `room` rows; views that are out keep the old ones."""
        serials = np.empty(room, np.int64)
        rows = np.empty((room, self._rows.shape[1]), np.float32)
        alive = np.zeros(room, np.bool_)
        self._count = len(places)
        for new, old in ((serials, self._serials), (rows, self._rows), (alive, self._alive)):
            np.take(old, places, axis=0, out=new[: self._count])
        self._serials, self._rows, self._alive = serials, rows, alive
        self._publish()

    def _publish(self) -> None:
        alive = self._alive[: self._count]
        self._living = int(np.count_nonzero(alive))
        self._view = _View(self._serials[: self._count], self._rows[: self._count], alive)


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    """Which scores are among the `k` highest, or as high as the last of them but for rounding."""
    if k >= len(scores):
        return np.ones(len(scores), np.bool_)
    best: NDArray[np.bool_] = scores >= np.partition(scores, -k)[-k] - _ROUNDING
    return best

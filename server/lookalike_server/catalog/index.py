"""What the catalog asks of an index, and the one that compares with everything.

In go serials with their unit vectors, out come the nearest serials. An index knows no images, no filters and no disk
(`Durable` ones can be written down). Entry points of the group `lookalike.indexes` name classes that keep `Index`.
"""

from collections.abc import Callable
from collections.abc import Collection as Several
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.matrix import Matrix
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


@runtime_checkable
class Durable(Index, Protocol):
    """An index that can be written to a file."""

    def still(self) -> AbstractContextManager[None]:
        """Within it nobody changes the index."""

    def save(self, path: Path) -> dict[str, Any]:
        """Writes a file, without the vectors of what was removed, and returns facts that `load` needs, fit for JSON.

        The caller has made it `still`, or has forked while it was: this takes no lock. Raises OSError when the file
        could not be written whole.
        """

    @classmethod
    def load(cls, path: Path, dim: int, facts: dict[str, Any]) -> Self:
        """The index that `save` wrote; ValueError when it was written with other settings."""


DEFAULT_EFFORT = 200
"""Candidates that a search of a graph holds until it is known how many it needs."""


@runtime_checkable
class Tunable(Index, Protocol):
    """An index that finds more, later, the more candidates it holds while it searches."""

    def seek(self, query: Vector, k: int, effort: int) -> Nearest:
        """As `search`, with at least so many candidates."""


@runtime_checkable
class Selective(Index, Protocol):
    """An index that can be searched where not everything is admitted."""

    def held(self, query: Vector, width: int) -> Serials:
        """All candidates of a search that holds `width` of them, nearest first; the farther, the more are missing."""

    def select(self, query: Vector, width: int, admits: Callable[[int], bool]) -> Serials:
        """As `held`, of admitted ones only; fewer, and perhaps none, when fewer are admitted.

        `admits` is asked about each that the search comes by.
        """


class ExactIndex:
    """An `Index` that compares with every vector and so misses nothing."""

    def __init__(self, dim: int) -> None:
        self._matrix = Matrix(dim)

    def __len__(self) -> int:
        """Serials that a search can return."""
        return len(self._matrix)

    def add(self, serials: Serials, vectors: Rows) -> None:
        """Takes in vectors; ValueError unless the serials ascend and are beyond all that were ever added."""
        self._matrix.add(serials, vectors)

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later returns these; serials that it does not hold are passed over."""
        self._matrix.remove(serials)

    def search(self, query: Vector, k: int) -> Nearest:
        """The `k` nearest; equal distances in the order of serials."""
        while True:
            serials, rows = self._matrix.take(self._matrix.nearest(query, k))
            if len(serials) >= min(k, len(self)):  # else one was removed between the two
                break
        apart = distances(query, rows)
        order = np.lexsort((serials, apart))[:k]
        return serials[order], apart[order].astype(np.float32)

    def serials(self) -> Serials:
        """All that a search can return, ascending."""
        return self._matrix.serials()

    def waste(self) -> float:
        """Share of the rows, 0 to 1, that were removed."""
        return self._matrix.waste()

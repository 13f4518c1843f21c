"""Which pictures are shown where there is no room for all: spread over the map, and none above another."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = range(2, 11)
"""Grids of 4 x 4 to 1024 x 1024 cells."""


def spread(places: "NDArray[np.float32]") -> "NDArray[np.int64]":
    """All numbers of points, in such an order that the first so many stand for the whole map.

    `places` are [n, 2], from 0 to 1. Of each cell of a coarse grid comes the point in its midst, the fullest cells
    first; then the same of ever finer grids, where no point of the cell has come.
    """
    taken = np.zeros(len(places), bool)
    order = [np.empty(0, np.int64)]
    for level in LEVELS:
        new = _middles(places, 2**level, taken)
        taken[new] = True
        order.append(new)
    return np.concatenate([*order, np.flatnonzero(~taken)])


def _middles(places: "NDArray[np.float32]", side: int, taken: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """Of each cell that has no point taken, the one nearest to their mean; the fullest cells first."""
    column, row = np.clip(np.floor(places * side), 0, side - 1).astype(np.int64).T
    _, cell, sizes = np.unique(column * side + row, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(cell, axis) for axis in places.T], axis=1) / sizes[:, None]
    far = np.square(places - means[cell]).sum(axis=1)
    nearest = np.lexsort((far, cell))
    first = nearest[np.searchsorted(cell[nearest], np.arange(len(sizes)))]
    free = np.bincount(cell, taken) == 0
    fullest = np.argsort(-sizes, kind="stable")
    return np.asarray(first[fullest[free[fullest]]], np.int64)


def apart(places: "NDArray[np.float32]", order: Iterable[int], size: float) -> list[int]:
    """Those of the points, taken in this order, whose squares of `size` cover no square of one taken before."""
    held: dict[tuple[int, int], tuple[float, float]] = {}
    taken = []
    for number in order:
        x, y = float(places[number, 0]), float(places[number, 1])
        column, row = int(x // size), int(y // size)
        near = (held.get((column + across, row + down)) for across in (-1, 0, 1) for down in (-1, 0, 1))
        if all(other is None or abs(other[0] - x) >= size or abs(other[1] - y) >= size for other in near):
            held[column, row] = x, y
            taken.append(int(number))
    return taken

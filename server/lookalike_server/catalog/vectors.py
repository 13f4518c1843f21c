"""Unit vectors and the integers that stand for them: each embedding in the catalog has length 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike_server.errors import DimensionMismatch
from lookalike_server.records import Vector

Serials = NDArray[np.int64]
"""Integers that stand for images in indexes, 1 and up, ascending; a store never gives one out twice."""

Rows = NDArray[np.float32]
"""Unit vectors, [n, dim]."""

Places = NDArray[np.intp]
"""Where rows lie in an array, ascending."""

_ROUNDING = 1e-6  # a float32 vector that was normalised once is within this of length 1
_SLICE = 1_024  # rows widened to float64 at once: 10 MB at 1,280 numbers


def unit(vector: ArrayLike, dim: int) -> Vector:
    """The direction of `vector`, [dim] float32 of length 1.

    What is normalised already comes back bit for bit, so that a stored vector finds itself at distance 0.
    Raises DimensionMismatch for another length, zeros, NaN or infinity.
    """
    given = np.asarray(vector, dtype=np.float32)
    if given.shape != (dim,):
        raise DimensionMismatch(f"this collection's embeddings have {dim} numbers; got shape {list(given.shape)}")
    wide = given.astype(np.float64)
    length = float(np.linalg.norm(wide))
    if not np.isfinite(length) or length == 0:
        raise DimensionMismatch("an embedding must have a direction: this one is all zeros, or holds NaN or infinity")
    if abs(length - 1) <= _ROUNDING:
        return given.copy()
    return (wide / length).astype(np.float32)


def distances(query: Vector, rows: Rows) -> NDArray[np.float64]:
    """Euclidean distance of `query` to each of `rows`, in float64: equal vectors give exactly 0."""
    wide = query.astype(np.float64)
    apart = [
        np.linalg.norm(rows[start : start + _SLICE].astype(np.float64) - wide, axis=1)
        for start in range(0, len(rows), _SLICE)
    ]
    return np.concatenate([np.empty(0), *apart])


def picked(rows: NDArray[Any], places: Places | None, step: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """The rows at `places` (None: all), `step` at a time, each part with the number of its first.

    A part is read before the next is asked for: they share one array. With an array each, 10,000 rows of 512 bytes take
    3.4 ms to pick and compare instead of 1.4 ms, as the system clears fresh memory.
    """
    if places is None:
        for start in range(0, len(rows), step):
            yield start, rows[start : start + step]
        return
    room = np.empty((min(step, len(places)), rows.shape[1]), rows.dtype)
    for start in range(0, len(places), step):
        part = places[start : start + step]
        # Places are within the rows. To make sure of it, numpy would copy twice.
        yield start, np.take(rows, part, axis=0, out=room[: len(part)], mode="clip")

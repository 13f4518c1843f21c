"""Unit vectors and the integers that stand for them: each embedding in the catalog has length 1."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike_server.errors import DimensionMismatch
from lookalike_server.records import Vector

Serials = NDArray[np.int64]
"""Integers that stand for images in indexes, 1 and up, ascending; a store never gives one out twice."""

Rows = NDArray[np.float32]
"""Unit vectors, [n, dim]."""

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

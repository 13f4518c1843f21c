"""Unit vectors in half precision: half the room, and a bound on what that costs.

Numbers of unit vectors are at most 1. They are kept times 2^15, so that float16 has its whole precision down to 2^-29,
and none of them is subnormal that counts.
"""

import math

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.vectors import Places, Rows, picked
from lookalike_server.records import Vector

Halves = NDArray[np.float16]
"""Unit vectors times 2^15, [n, dim]."""

_SCALE = np.float32(2**15)
_CACHED = 2**17  # numbers widened at once: 512 KB, which stays in a core's cache
_FRACTION = np.int32(13)  # bits that float32 has more
_SIGN_AND_VALUE = np.int32(-0x7000_0001)  # all but the three copies of the sign below it
_EXPONENTS = np.float32(2**112 / 2**15)  # float32's exponents begin 112 later


def halved(rows: Rows) -> Halves:
    """Unit vectors in half precision."""
    with np.errstate(over="ignore"):  # of a damaged vector: it becomes infinite, and differs
        return (rows * _SCALE).astype("<f2")


def widened(halves: Halves) -> Rows:
    """What `halved` left of the vectors."""
    return halves.astype(np.float32) / _SCALE


def error(dim: int) -> float:
    """No unit vector of `dim` numbers is farther than this from what `halved` leaves of it.

    Rounding to 11 significant bits moves a number by at most 2^-11 of itself, and so a vector by 2^-11 of its length.
    Numbers below 2^-29 may become 0, here or in a processor that takes subnormal ones for 0.
    """
    return 2**-11 * (1 + 1e-5) + 2**-29 * math.sqrt(dim)


def products(halves: Halves, query: Vector, places: Places | None = None) -> NDArray[np.float32]:
    """The inner product of each with `query`, or of each at `places`.

    numpy converts float16 number by number, and takes 92 ms for 200,000 vectors of 256 numbers. To move the bits into a
    float32's place, where they mean 2^-112 of their number, takes 21 ms, as float32 does (one core, AVX2).
    """
    count = len(halves) if places is None else len(places)
    step = max(1, _CACHED // halves.shape[1])
    bits, query = halves.view("<i2"), query * _EXPONENTS
    wide = np.empty((min(step, count), halves.shape[1]), np.int32)
    scores = np.empty(count, np.float32)
    for start, some in picked(bits, places, step):
        part = wide[: len(some)]
        np.copyto(part, some)
        np.left_shift(part, _FRACTION, out=part)
        np.bitwise_and(part, _SIGN_AND_VALUE, out=part)
        np.matmul(part.view(np.float32), query, out=scores[start : start + step])
    return scores

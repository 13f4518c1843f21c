"""Folds near-duplicates: one match stands for all that look so much like it.

In go candidates, best first, with their vectors; out come groups. The best candidate leads, and whatever lies within
the radius of it joins; the best of the rest leads the next group. So everything joins the best leader that is near
enough, and leaders are farther apart than the radius.
"""

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.vectors import Rows, distances

MOST_SIMILAR = 100
"""So many of a group are kept beside its leader; the others take no place of their own either."""

_ROUNDING = np.float32(1e-5)  # as in index.py: the product only says who may be near, the distance who is

Group = NDArray[np.intp]
"""Places of candidates that belong together, the best first."""


def singles(count: int) -> list[Group]:
    """Each of so many candidates for itself."""
    return list(np.arange(count).reshape(-1, 1))


def grouped(rows: Rows, radius: float, most: int) -> list[Group]:
    """The first `most` groups of what these vectors, [n, dim], belong to; best first, as the vectors are."""
    groups: list[Group] = []
    rest: Group = np.arange(len(rows))
    while len(rest) and len(groups) < most:
        near = _near(rows[rest[0]], rows[rest], radius)
        groups.append(rest[near][: MOST_SIMILAR + 1])
        rest = rest[~near]
    return groups


def _near(leader: NDArray[np.float32], rows: Rows, radius: float) -> NDArray[np.bool_]:
    """Which of these, of which the first is the leader, are at most `radius` away from it."""
    near: NDArray[np.bool_] = rows @ leader >= 1 - radius * radius / 2 - _ROUNDING
    near[0] = True
    near[near] = distances(leader, rows[near]) <= radius
    return near

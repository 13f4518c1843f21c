"""What is searched: a Gaussian mixture, filters by lot and far clusters, and what the right answers are.

A far filter admits clusters that lie farthest from where the queries come from, so that nothing near a query passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.vectors import CENTRES, SPREAD, centres, mixture, owners

LIMIT = 10

RANDOM = {"50%": 0.5, "10%": 0.1, "1%": 0.01, "0.1%": 0.001}
FAR = {"far 1%": 0.01, "far 10%": 0.1, "far 50%": 0.5}


@dataclass(frozen=True)
class Case:
    """A filter, and queries for it."""

    name: str
    admitted: NDArray[np.intp]
    """Row numbers, ascending."""
    queries: NDArray[np.float32]
    nearest: list[frozenset[int]]
    """The `LIMIT` nearest admitted rows of each query."""

    def recall(self, number: int, found: list[int]) -> float:
        """Share of the nearest that were found for a query."""
        return len(self.nearest[number] & set(found)) / max(1, len(self.nearest[number]))


def cases(rows: NDArray[np.float32], queries: int) -> Iterator[Case]:
    """One case for each filter."""
    chance = np.random.default_rng(5)
    for name, share in RANDOM.items():
        yield _case(
            name, np.flatnonzero(chance.random(len(rows)) < share), rows, mixture(queries, rows.shape[1], seed=7)
        )
    middle = centres(rows.shape[1])
    near = middle[0] + chance.standard_normal((queries, rows.shape[1]), np.float32) * SPREAD
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    farthest, own = np.argsort(middle @ middle[0]), owners(len(rows), rows.shape[1])
    for name, share in FAR.items():
        clusters = farthest[: round(share * CENTRES)]
        yield _case(name, np.flatnonzero(np.isin(own, clusters)), rows, near)


def _case(name: str, admitted: NDArray[np.intp], rows: NDArray[np.float32], queries: NDArray[np.float32]) -> Case:
    scores = rows[admitted] @ queries.T
    best = [admitted[np.argsort(-scores[:, number])[:LIMIT]] for number in range(len(queries))]
    return Case(name, admitted, queries, [frozenset(each.tolist()) for each in best])

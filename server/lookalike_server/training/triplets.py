"""The online triplet sampler of the paper: which three pictures the network shall put in order next.

Wang et al. (2014), section 5. Pictures stream past, each with the sum of its relevance to the others of its kind. A
buffer a kind keeps a weighted sample of them; triplets are drawn from the buffers alone, so that memory does not grow
with the number of pictures. Rows of pictures enter, triplets (query, positive, negative) leave.

The paper draws a picture from the buffer and accepts it with some probability, until one is accepted. Here one is drawn
at once with the acceptances as weights, which is the same distribution without the rejected draws.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError

Rows = NDArray[np.int64]

ATTEMPTS = 50
"""Queries tried for an in-class negative before one from another kind is taken."""


class PairRelevance(Protocol):
    """What the sampler asks about pictures of one kind."""

    totals: NDArray[np.float64]
    """[n] each picture's relevance to all others of its kind, summed."""

    def between(self, rows: Rows, columns: Rows) -> NDArray[np.float32]:
        """Relevance [len(rows), len(columns)], 0 to 1."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The sampler's numbers."""

    capacity: int = 64
    """Pictures that a kind's buffer holds."""
    out_of_class: float = 0.2
    """Share of triplets whose negative is of another kind; the paper's best trade-off."""
    margin: float = 0.05
    """T_r: by how much the positive is more relevant than an in-class negative, at least."""
    cap: float = 1.0
    """T_p: more relevance than this makes a positive no likelier."""


class Reservoir:
    """A weighted sample without replacement of a stream: Efraimidis and Spirakis, algorithm A-Res (2006)."""

    def __init__(self, capacity: int, random: np.random.Generator) -> None:
        self._capacity = capacity
        self._random = random
        self._heap: list[tuple[float, int]] = []

    def offer(self, item: int, weight: float) -> None:
        """Keep the items with the largest keys u^(1/weight); their logarithms have the same order and do not round."""
        key = np.log(1 - self._random.random()) / weight if weight > 0 else -np.inf
        if len(self._heap) < self._capacity:
            heapq.heappush(self._heap, (key, item))
        else:
            heapq.heappushpop(self._heap, (key, item))

    def items(self) -> list[int]:
        """What is kept, in no particular order."""
        return [item for _, item in self._heap]


@dataclass(frozen=True)
class Buffer:
    """One kind's sample, ready to draw from."""

    rows: Rows
    relevance: NDArray[np.float32]
    """[b, b]"""
    acceptance: NDArray[np.float64]
    """[b, b] probability that a query (row) accepts another (column): min(1, min(cap, r_ij) / r_j), 0 for itself."""


class TripletSampler:
    """Draws triplets from buffers that one pass over the pictures has filled."""

    def __init__(self, kinds: Rows, relevance: PairRelevance, rules: Rules, seed: int) -> None:
        """Fill the buffers; kinds [n]. Raises TrainingDataError when no two pictures share a kind."""
        self._kinds, self._relevance, self._rules = kinds, relevance, rules
        self._random = np.random.default_rng(seed)
        self._buffers: Sequence[Buffer] = ()
        self.refresh()

    def refresh(self) -> None:
        """Sample the buffers anew, in another pass over all pictures in random order; once an epoch."""
        reservoirs = {kind: Reservoir(self._rules.capacity, self._random) for kind in np.unique(self._kinds).tolist()}
        for row in self._random.permutation(len(self._kinds)).tolist():
            reservoirs[int(self._kinds[row])].offer(row, self._relevance.totals[row])
        self._buffers = [self._buffer(reservoir.items()) for reservoir in reservoirs.values()]
        self._of_several = [kind for kind, buffer in enumerate(self._buffers) if buffer.acceptance.any()]
        if not self._of_several:
            raise TrainingDataError("No kind holds two pictures with relevance to each other: nothing can be ranked.")

    def draw(self, n: int) -> Rows:
        """Triplets [n, 3]: rows of the query, of its positive and of its negative."""
        return np.array([self._triplet() for _ in range(n)], np.int64).reshape(n, 3)

    @property
    def state(self) -> dict[str, object]:
        """The random generator's state, for a checkpoint; give it back, then `refresh`."""
        return dict(self._random.bit_generator.state)

    @state.setter
    def state(self, state: dict[str, object]) -> None:
        self._random.bit_generator.state = state

    def _buffer(self, items: Iterable[int]) -> Buffer:
        rows = np.array(sorted(items), np.int64)
        relevance = self._relevance.between(rows, rows)
        totals = np.maximum(self._relevance.totals[rows], np.finfo(np.float64).tiny)
        acceptance = np.minimum(1.0, np.minimum(self._rules.cap, relevance) / totals)
        np.fill_diagonal(acceptance, 0.0)
        return Buffer(rows, relevance, acceptance)

    def _triplet(self) -> tuple[int, int, int]:
        outside = self._random.random() < self._rules.out_of_class and len(self._buffers) > 1
        for _ in range(0 if outside else ATTEMPTS):
            buffer, query, positive = self._pair()
            enough = buffer.relevance[query, positive] - buffer.relevance[query] >= self._rules.margin
            enough[positive] = False
            negative = self._one_of(buffer.acceptance[query] * enough)
            if negative is not None:
                return int(buffer.rows[query]), int(buffer.rows[positive]), int(buffer.rows[negative])
        buffer, query, positive = self._pair()
        return int(buffer.rows[query]), int(buffer.rows[positive]), self._outsider(buffer)

    def _pair(self) -> tuple[Buffer, int, int]:
        """A kind, a query drawn uniformly from its buffer, and a positive that the query accepts."""
        while True:
            buffer = self._buffers[self._of_several[self._random.integers(len(self._of_several))]]
            query = int(self._random.integers(len(buffer.rows)))
            positive = self._one_of(buffer.acceptance[query])
            if positive is not None:
                return buffer, query, positive

    def _one_of(self, weights: NDArray[np.float64]) -> int | None:
        """An index drawn by weight; None when nothing weighs anything."""
        total = weights.sum()
        return int(self._random.choice(len(weights), p=weights / total)) if total > 0 else None

    def _outsider(self, own: Buffer) -> int:
        """A picture of another kind, drawn uniformly from all buffers but the query's own."""
        others = [buffer.rows for buffer in self._buffers if buffer is not own]
        if not others:
            raise TrainingDataError("One kind alone, and its pictures are all alike: nothing can be ranked.")
        return int(self._random.choice(np.concatenate(others)))

"""Ranks what was found: by distance, or by distance and scene where some scenes are preferred.

With a preference the order is that of cost = distance + weight * (1 - agreement). Agreement runs from 0 to 1, so a cost
is never below its distance: whoever has looked at everything that is not farther away than the k-th lowest cost so far
(at most the k-th distance + weight) has the k best. Where vectors are compared just that is fetched, and nothing better
is missed. A graph is asked for more candidates instead (`overfetched`), and what lies beyond them may be missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.shelf import Found
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Preference, Scene

OVERFETCH = 10
"""So many candidates for each match are asked of a graph where scenes are preferred."""
MOST_MORE = 1_000
"""And no more than these besides: a graph's answer costs its candidates' number four times over."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found, lowest cost first."""

    serials: Serials
    distances: NDArray[np.float64]
    costs: NDArray[np.float64]
    exact: bool

    def first(self, count: int) -> "Judged":
        """The first `count`, and all of the same cost as the last of them."""
        end = len(self.serials)
        if end > count:
            end = int(np.searchsorted(self.costs, self.costs[count - 1], side="right"))
        return Judged(self.serials[:end], self.distances[:end], self.costs[:end], self.exact)

    def only(self, keep: NDArray[np.bool_]) -> "Judged":
        """Some of them."""
        return Judged(self.serials[keep], self.distances[keep], self.costs[keep], self.exact)


def overfetched(asked: int) -> int:
    """Candidates to ask a graph for where the best `asked` are wanted."""
    return min(OVERFETCH * asked, asked + MOST_MORE)


def by_distance(found: Found) -> Judged:
    """Nearest first."""
    return Judged(found.serials, found.distances, found.distances, found.exact)


def by_preference(found: Found, preference: Preference, shown: Mapping[int, Sequence[Scene]]) -> Judged:
    """Best first, by distance and scene; `shown` gives the scenes by serial."""
    serials = found.serials.tolist()
    agreements = np.array([preference.agreement(shown.get(serial, ())) for serial in serials], np.float64)
    costs = found.distances + preference.weight * (1 - agreements)
    order = np.argsort(costs, kind="stable")
    return Judged(found.serials[order], found.distances[order], costs[order], found.exact)

"""What hangs together: a union-find whose forest is one array, so that thousands of links are taken in at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]
"""Numbers of things, from 0."""


class Components:
    """The parts that `count` things fall into, each alone to begin with."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)
        """Of each a smaller one that it hangs together with, or itself: then it stands for its part, as the first."""

    def of(self, places: Places) -> Places:
        """For each the first of its part."""
        firsts: Places = self._above[places]
        while np.any((above := self._above[firsts]) != firsts):
            firsts = above
        self._above[places] = firsts  # the way is shorter next time
        return firsts

    def join(self, ones: Places, others: Places) -> None:
        """Each of `ones` hangs together with the one of `others` at the same place."""
        while len(ones):
            here, there = self.of(ones), self.of(others)
            apart = here != there
            ones, others, here, there = ones[apart], others[apart], here[apart], there[apart]
            # Of several links between two parts and more, one a round takes hold; the rest come round again.
            np.minimum.at(self._above, np.maximum(here, there), np.minimum(here, there))

    def groups(self) -> Iterator[Places]:
        """The parts of two and more, each ascending; the largest first, equals by their first."""
        firsts = self.of(np.arange(len(self._above)))
        order = np.argsort(firsts, kind="stable")
        _, starts, sizes = np.unique(firsts[order], return_index=True, return_counts=True)
        several = np.flatnonzero(sizes > 1)
        for part in several[np.argsort(-sizes[several], kind="stable")]:
            yield order[starts[part] : starts[part] + sizes[part]]

"""How a filtered query is answered: at least cost, as measured on this machine, and never short of a match.

The store says what share of the images the filter admits. Then the cheapest of three ways is taken:

1. compare: with every vector that is admitted. Exact, and the fastest where few are.
2. sift: the graph gives so many candidates that enough of them pass. The fastest where many are.
3. call: the graph asks about each candidate that it comes by. For where fewer pass near the query than elsewhere, so
   that sifting found too few, and so many are admitted that comparing takes longer.

What gives too few is followed by calling or comparing, and in the end always by comparing. A filter that sifting failed
for lately goes that other way at once for a while.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from time import perf_counter

import numpy as np

from lookalike_server.catalog.admitted import Admission
from lookalike_server.catalog.costs import Costs, Work
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Vector

log = logging.getLogger("lookalike.catalog")

_PASSING = 3  # times k candidates shall pass: the farthest that a graph gives are not reliably the nearest
_SURE = 2  # times k must have passed: where more pass the farther away they are, the first of few are not the nearest
_LEAST_WIDTH = 200  # candidates: fewer cost hardly less
_LEAST_CALLED = 256  # admitted candidates: far from the query a graph finds 0.99 of the nearest with no fewer


class Way(StrEnum):
    """How to look for matches."""

    COMPARE = "compare"
    SIFT = "sift"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Case:
    """What the choice depends on."""

    k: int
    count: int
    """Images on the shelf."""
    covered: bool
    """Whether there is a graph."""
    known: bool
    """Whether it is at hand what the filter admits."""
    share: float
    """Of the images, admitted by the filter."""
    near: float
    """Of the images near the query, admitted by the filter, as far as one can tell."""
    effort: int
    """Candidates with which a search of the graph was measured to find enough."""

    @property
    def width(self) -> int:
        """Candidates that a graph must give for enough of them to pass, and for it to find the nearest at all."""
        return min(self.count, max(_LEAST_WIDTH, self.effort, ceil(_PASSING * self.k / max(self.near, 1e-9))))

    @property
    def wanted(self) -> int:
        """Admitted candidates that a graph must hold which asks about each."""
        return max(_LEAST_CALLED, self.effort, _PASSING * self.k)

    @property
    def called(self) -> int:
        """Candidates that a graph comes by until enough of them are admitted."""
        return min(self.count, ceil(self.wanted / max(self.near, 1e-9)))

    def cost(self, way: Way, costs: Costs) -> float:
        """Seconds that it is likely to take."""
        admitted = self.share * self.count
        fetching = 0.0 if self.known else costs.seconds(Work.FETCH, admitted)
        if way is Way.COMPARE:
            return fetching + costs.seconds(Work.COMPARE, admitted)
        if way is Way.CALL:
            return fetching + costs.seconds(Work.CALL, self.called)
        looking = 0.0 if self.known else costs.seconds(Work.LOOK, self.width)
        if not self.covered:
            return looking + costs.seconds(Work.COMPARE, self.count)
        return looking + costs.seconds(Work.HOLD, self.width)


def cheapest(case: Case, costs: Costs, *ways: Way) -> Way:
    """The way to take; the first of equals."""
    return min(ways, key=lambda way: case.cost(way, costs))


def answer(
    shelf: Shelf, query: Vector, k: int, admission: Admission | None, *, exact: bool, eventual: bool = False
) -> Found:
    """The `k` nearest that are admitted (None: all are), and some more for whoever sorts out the last.

    An `eventual` answer through the graph may lack what that has not taken in.
    """
    if admission is None:
        return shelf.compare(query, k) if exact else shelf.search(query, k, eventual=eventual)
    return _Search(shelf, query, k, admission, eventual=eventual).answer(exact=exact)


class _Search:
    """One filtered query, its ways timed for the next."""

    def __init__(self, shelf: Shelf, query: Vector, k: int, admission: Admission, *, eventual: bool) -> None:
        self._shelf, self._query, self._k, self._admission = shelf, query, k, admission
        self._eventual = eventual
        self._costs = shelf.costs

    def answer(self, *, exact: bool) -> Found:
        if exact:
            return self._compared()
        share = self._admission.share()
        case = self._case(share, share)
        if cheapest(case, self._costs, Way.COMPARE, Way.SIFT) is Way.COMPARE:
            return self._compared()
        patience = self._admission.patience
        if patience.rests():
            return self._otherwise(self._case(share, patience.near))
        found, near = self._sifted(case.width)
        if found is not None:
            patience.worked()
            return found
        patience.failed(near)
        return self._otherwise(self._case(share, near))

    def _otherwise(self, case: Case) -> Found:
        """Where fewer pass near the query than elsewhere."""
        ways = (Way.COMPARE, Way.CALL) if self._shelf.is_selective else (Way.COMPARE,)
        if cheapest(case, self._costs, *ways) is Way.CALL:
            found = self._called(case)
            if len(found.serials) >= self._k:
                return found
            self._admission.patience.near = 0.0
        return self._compared()

    def _compared(self) -> Found:
        known, began = self._admission.is_known, perf_counter()
        admitted = self._admission.all()
        fetched = perf_counter()
        found = self._shelf.compare(self._query, self._k, admitted)
        self._costs.learn(Work.COMPARE, len(admitted), perf_counter() - fetched)
        if not known:
            self._costs.learn(Work.FETCH, len(admitted), fetched - began)
        self._tell(Way.COMPARE, len(admitted), found)
        return found

    def _sifted(self, width: int) -> tuple[Found | None, float]:
        """What passes of so many candidates, where that is enough; and the share that did."""
        known, began = self._admission.is_known, perf_counter()
        held = self._shelf.held(self._query, width)
        if held is None:
            candidates = self._shelf.vectors.nearest(self._query, width)
        else:
            self._costs.learn(Work.HOLD, width, perf_counter() - began)
            candidates = self._with_rest(*held, width)
        began = perf_counter()
        passed = self._admission.among(candidates)
        if not known:
            self._costs.learn(Work.LOOK, len(candidates), perf_counter() - began)
        found = self._shelf.measured(self._query, passed, self._k, exact=held is None)
        self._tell(Way.SIFT, width, found)
        enough = len(found.serials) >= self._k and (found.exact or len(passed) >= _SURE * self._k)
        return found if enough else None, max(len(passed), 0.5) / width

    def _called(self, case: Case) -> Found:
        """What the graph finds while it asks."""
        width, wanted = case.called, min(case.wanted, len(self._admission.all()))
        began = perf_counter()
        candidates, last = self._shelf.select(self._query, wanted, self._admission.test())
        self._costs.learn(Work.CALL, width, perf_counter() - began)
        passed = self._admission.among(self._with_rest(candidates, last, width))
        found = self._shelf.measured(self._query, passed, self._k, exact=False)
        self._tell(Way.CALL, width, found)
        return found

    def _with_rest(self, candidates: Serials, last: int, width: int) -> Serials:
        """With the nearest of those that the graph lacks: of the admitted ones, where they are at hand."""
        if self._eventual:
            return candidates
        if self._admission.is_known:
            admitted = self._admission.all()
            rest = admitted[np.searchsorted(admitted, last, side="right") :]
        else:
            rest = self._shelf.vectors.nearest(self._query, width, after=last)
        return np.union1d(candidates, rest) if len(rest) else candidates

    def _case(self, share: float, near: float) -> Case:
        shelf, known = self._shelf, self._admission.is_known
        return Case(self._k, len(shelf), shelf.is_covered, known, share, near, shelf.effort)

    def _tell(self, way: Way, units: int, found: Found) -> None:
        if log.isEnabledFor(logging.DEBUG):
            told = {"way": way.value, "units": units, "found": len(found.serials), "costs": self._costs.rates()}
            log.debug("a filtered search", extra=told)

"""Gathers what an answer is made of: candidates in rounds, until nothing that was not looked at could change it.

Each round asks the planner for some candidates, sorts out what the query leaves out, ranks the rest and, where that is
asked for, folds near-duplicates. All that lies nearer than a round's farthest candidate was looked at (by comparing, or
as far as the graph finds it). Once the last place is taken by something nearer than that, or the query's own bound is,
the answer stands; until then a round asks for more. A graph that has no more to give makes way for comparing.
"""

import math
from collections.abc import Collection as Several
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from lookalike_server.catalog import tokens
from lookalike_server.catalog.admitted import Admission
from lookalike_server.catalog.grouping import Group, grouped, singles
from lookalike_server.catalog.planner import answer
from lookalike_server.catalog.preferring import MOST_MORE, Judged, by_distance, by_preference, overfetched
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.store import Entry, Store
from lookalike_server.catalog.vectors import Rows
from lookalike_server.records import Filter, Preference, Turn, Vector

SPARE = 8
"""Candidates beyond the limit: some may be deleted while we look."""
MOST_FOLDED = 20_000
"""So many candidates are looked at for groups, so that one huge group does not take the whole machine."""
_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: unit vectors and the conditions on matches; ids in `without` are left out.

    The vectors are those of the query turned in several ways: an image is as far away as from the nearest of them.
    """

    vectors: Mapping[Turn, Vector]
    limit: int
    wanted: Filter
    max_distance: float | None
    group_distance: float | None
    exact: bool
    eventual: bool
    with_vectors: bool
    without: Several[str]
    preference: Preference | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Candidates, best first, and the groups that they make: more than the limit of them when there are."""

    judged: Judged
    groups: list[Group]

    def cost(self, place: int) -> float:
        """What the leader of a group costs."""
        return float(self.judged.costs[self.groups[place][0]])

    def first(self, count: int) -> list[Group]:
        """The first `count` groups, and all of the same cost as the last of them."""
        if len(self.groups) <= count:
            return self.groups
        return [group for place, group in enumerate(self.groups) if self.cost(place) <= self.cost(count - 1)]


def admission(store: Store, entry: Entry, shelf: Shelf, wanted: Filter) -> Admission | None:
    """What a filter admits of a shelf; None: everything."""
    if wanted == Filter():
        return None
    return shelf.admitted.of(tokens.scope(entry.uuid, wanted), partial(store.admitted, entry, wanted))


class Gathering:
    """Looks for one query's candidates on one shelf."""

    def __init__(self, store: Store, entry: Entry, shelf: Shelf, query: Query) -> None:
        self._store, self._entry, self._shelf, self._query = store, entry, shelf, query
        self._admission = admission(store, entry, shelf, query.wanted)
        self._left_out = list(store.serials_of(entry, query.without).values()) if query.without else []

    def gather(self) -> Gathered:
        """The best that there are, or that the graph finds."""
        asked, exact = self._first(), self._query.exact
        while True:
            looks = [self._look(vector, asked, exact=exact) for vector in self._query.vectors.values()]
            found = self._joined(looks)
            gathered = self._gathered(found)
            needed = self._needed(gathered)
            if min(self._reach(look, asked) for look in looks) >= needed:
                return gathered
            if found.exact and needed < math.inf:
                return self._gathered(self._within(needed))
            if any(not look.exact and len(look.serials) < asked for look in looks):
                exact = True  # removed nodes cut the graph
            elif asked >= self._most(gathered):
                return gathered
            else:
                asked *= _GROWTH

    def _look(self, vector: Vector, asked: int, *, exact: bool) -> Found:
        return answer(self._shelf, vector, asked, self._admission, exact=exact, eventual=self._query.eventual)

    def _joined(self, looks: list[Found]) -> Found:
        """What was found for any of the vectors, each as far away as from the nearest of all."""
        if len(looks) == 1:
            return looks[0]
        serials = np.unique(np.concatenate([look.serials for look in looks]))
        return self._shelf.found(list(self._query.vectors.values()), serials, exact=all(look.exact for look in looks))

    def _first(self) -> int:
        """Candidates of the first round."""
        asked = self._query.limit + len(self._query.without) + SPARE
        if self._query.group_distance is not None:
            asked *= _GROWTH
        return asked if self._query.preference is None else overfetched(asked)

    def _most(self, gathered: Gathered) -> int:
        """Candidates after which there is no further round, though more could be found."""
        if self._query.group_distance is None:
            return 0
        full = len(gathered.groups) >= self._query.limit
        return self._query.limit + MOST_MORE if full else MOST_FOLDED

    def _reach(self, found: Found, asked: int) -> float:
        """All that is nearer than this was looked at."""
        if (len(found.serials) < asked and found.exact) or len(found.serials) >= len(self._shelf):
            return math.inf
        return float(found.distances[-1]) if len(found.serials) else 0.0

    def _needed(self, gathered: Gathered) -> float:
        """What is farther away than this changes nothing: nothing costs less than its distance."""
        query = self._query
        bound = math.inf if query.max_distance is None else query.max_distance
        if len(gathered.groups) < query.limit:
            return bound
        return min(bound, gathered.cost(query.limit - 1) + (query.group_distance or 0.0))

    def _within(self, radius: float) -> Found:
        among = None if self._admission is None else self._admission.all()
        return self._joined([self._shelf.within(vector, radius, among) for vector in self._query.vectors.values()])

    def _gathered(self, found: Found) -> Gathered:
        judged, more = self._judged(self._kept(found)), self._query.limit + SPARE
        if self._query.group_distance is None:
            return Gathered(judged, singles(len(judged.first(more).serials)))
        judged, rows = self._with_rows(judged.first(MOST_FOLDED))
        return Gathered(judged, grouped(rows, self._query.group_distance, more))

    def _kept(self, found: Found) -> Found:
        """Without what the query leaves out or puts too far."""
        if not self._left_out and self._query.max_distance is None:
            return found
        keep = ~np.isin(found.serials, self._left_out)
        if self._query.max_distance is not None:
            keep &= found.distances <= self._query.max_distance
        return Found(found.serials[keep], found.distances[keep], found.exact)

    def _judged(self, found: Found) -> Judged:
        if self._query.preference is None:
            return by_distance(found)
        scenes = self._store.scenes_of(self._entry, found.serials.tolist())
        return by_preference(found, self._query.preference, scenes)

    def _with_rows(self, judged: Judged) -> tuple[Judged, Rows]:
        """Those that are still there, with their vectors."""
        held, rows = self._shelf.precise(np.sort(judged.serials))
        judged = judged.only(np.isin(judged.serials, held))
        return judged, rows[np.searchsorted(held, judged.serials)]

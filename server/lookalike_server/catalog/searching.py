"""Turns a query into matches: the plan's serials, then the ids that break ties, then the records."""

from collections.abc import Collection as Several
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lookalike_server.catalog.planner import Admission, answer
from lookalike_server.catalog.preferring import Judged, by_distance, by_preference, overfetched
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.store import Entry, Store
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Filter, Image, Match, Matches, Preference, Vector

_SPARE = 8  # candidates beyond the limit: some may be deleted while we look


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: a unit vector and the conditions on matches; ids in `without` are left out."""

    vector: Vector
    limit: int
    wanted: Filter
    max_distance: float | None
    exact: bool
    with_vectors: bool
    without: Several[str]
    preference: Preference | None


class _Filtered:
    """An `Admission` that asks the store."""

    def __init__(self, store: Store, entry: Entry, wanted: Filter) -> None:
        self._store, self._entry, self._wanted = store, entry, wanted

    def all(self) -> Serials:
        return self._store.admitted(self._entry, self._wanted)

    def among(self, serials: Serials) -> Serials:
        return self._store.admitted(self._entry, self._wanted, among=serials.tolist())


class _Place(NamedTuple):
    """An image's place among the matches: they sort by cost, equals by id."""

    cost: float
    image_id: str
    distance: float
    serial: int
    image: Image


def matches(store: Store, entry: Entry, shelf: Shelf, query: Query) -> Matches:
    """The nearest images, or the best where scenes are preferred; equals in the order of ids."""
    generation = shelf.generation  # before looking: the answer has seen at least this
    admission = None if query.wanted == Filter() else _Filtered(store, entry, query.wanted)
    seek = _nearest if query.preference is None else _preferred
    judged = seek(store, entry, shelf, query, admission)
    places = _ranked(store, entry, judged, query.limit)
    return Matches(_matches(shelf, places, query), entry.record.model_id, generation, judged.exact)


def _nearest(store: Store, entry: Entry, shelf: Shelf, query: Query, admission: Admission | None) -> Judged:
    asked = query.limit + len(query.without) + _SPARE
    found = answer(shelf, query.vector, asked, admission, exact=query.exact)
    return by_distance(_kept(store, entry, found, query))


def _preferred(store: Store, entry: Entry, shelf: Shelf, query: Query, admission: Admission | None) -> Judged:
    asked = overfetched(query.limit + len(query.without) + _SPARE)
    found = answer(shelf, query.vector, asked, admission, exact=query.exact)
    judged = _judged(store, entry, found, query)
    if not found.exact or len(found.serials) < asked or len(judged.costs) < query.limit:
        return judged
    # What lies beyond may be better than the last, but nothing is that is farther away than the last one's cost.
    bound = float(judged.costs[query.limit - 1])
    among = None if admission is None else admission.all()
    return _judged(store, entry, shelf.within(query.vector, bound, among), query)


def _judged(store: Store, entry: Entry, found: Found, query: Query) -> Judged:
    kept = _kept(store, entry, found, query)
    return by_preference(kept, query.preference or Preference(), store.scenes_of(entry, kept.serials.tolist()))


def _kept(store: Store, entry: Entry, found: Found, query: Query) -> Found:
    """Without what the query leaves out or puts too far."""
    left_out = store.serials_of(entry, query.without).values() if query.without else ()
    keep = ~np.isin(found.serials, list(left_out))
    if query.max_distance is not None:
        keep &= found.distances <= query.max_distance
    return Found(found.serials[keep], found.distances[keep], found.exact)


def _ranked(store: Store, entry: Entry, judged: Judged, limit: int) -> list[_Place]:
    """The best `limit` that still exist."""
    for spare in (0, _SPARE):  # the spare ones are read only to take the places of some that were deleted
        best = judged.first(limit + spare)
        places = _places(store, entry, best)
        if len(places) >= min(limit, len(judged.serials)):
            break
    return sorted(places)[:limit]


def _places(store: Store, entry: Entry, best: Judged) -> list[_Place]:
    images = store.images(entry, best.serials.tolist())
    known = zip(best.costs.tolist(), best.serials.tolist(), best.distances.tolist(), strict=True)
    return [
        _Place(cost, images[serial].id, apart, serial, images[serial])
        for cost, serial, apart in known
        if serial in images
    ]


def _matches(shelf: Shelf, places: list[_Place], query: Query) -> tuple[Match, ...]:
    asked = sorted(place.serial for place in places) if query.with_vectors else []
    held, rows = shelf.precise(np.array(asked, np.int64))
    vectors = dict(zip(held.tolist(), rows, strict=True))
    return tuple(
        Match(
            rank,
            place.distance,
            1 - place.distance * place.distance / 2,
            place.image,
            vectors.get(place.serial),
            _agreement(query, place.image),
        )
        for rank, place in enumerate(places, 1)
    )


def _agreement(query: Query, image: Image) -> float | None:
    return None if query.preference is None else query.preference.agreement(image.scenes)

"""Turns a query into matches: what was gathered, then the ids that break ties, then the records."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lookalike_server.catalog.gathering import SPARE, Gathered, Gathering, Query
from lookalike_server.catalog.grouping import Group
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.store import Entry, Store
from lookalike_server.catalog.vectors import distances
from lookalike_server.records import AS_IT_IS, Image, Match, Matches, Turn, Vector

_DIGITS = 6  # of a distance that mean something


class _Place(NamedTuple):
    """An image's place among the matches: they sort by cost, equals by id."""

    cost: float
    image_id: str
    distance: float
    serial: int
    image: Image
    similar: tuple["_Place", ...] = ()
    """Nearest first."""


def matches(store: Store, entry: Entry, shelf: Shelf, query: Query) -> Matches:
    """The nearest images, or the best where scenes are preferred; equals in the order of ids."""
    generation = shelf.generation  # before looking: the answer has seen at least this, unless the query is eventual
    gathered = Gathering(store, entry, shelf, query).gather()
    places = _ranked(store, entry, gathered, query.limit)
    exact = gathered.judged.exact
    return Matches(
        _matches(shelf, places, query),
        entry.record.model_id,
        generation,
        exact,
        measured_recall=None if exact else shelf.measured_recall,
        more_within=query.max_distance is not None and len(gathered.groups) > query.limit,
    )


def _ranked(store: Store, entry: Entry, gathered: Gathered, limit: int) -> list[_Place]:
    """The best `limit` that still exist."""
    for spare in (0, SPARE):  # the spare ones are read only to take the places of some that were deleted
        places = _places(store, entry, gathered, gathered.first(limit + spare))
        if len(places) >= min(limit, len(gathered.groups)):
            break
    return sorted(places)[:limit]


def _places(store: Store, entry: Entry, gathered: Gathered, groups: list[Group]) -> list[_Place]:
    """The best of each group, with the others of it."""
    judged = gathered.judged
    known = [
        [
            (float(judged.costs[place]), int(judged.serials[place]), float(judged.distances[place]))
            for place in group.tolist()
        ]
        for group in groups
    ]
    images = store.images(entry, [serial for group in known for _, serial, _ in group])
    led = [_led(group, images) for group in known]
    return [place for place in led if place]


def _led(group: list[tuple[float, int, float]], images: dict[int, Image]) -> _Place | None:
    """None when all of the group were deleted meanwhile."""
    here = [
        _Place(cost, images[serial].id, apart, serial, images[serial])
        for cost, serial, apart in group
        if serial in images
    ]
    if not here:
        return None
    best, *others = sorted(here)
    return best._replace(similar=tuple(sorted(others, key=lambda place: (place.distance, place.image_id))))


def _matches(shelf: Shelf, places: list[_Place], query: Query) -> tuple[Match, ...]:
    vectors = _vectors(shelf, places) if query.with_vectors or len(query.vectors) > 1 else {}
    return tuple(_match(place, rank, query, vectors) for rank, place in enumerate(places, 1))


def _vectors(shelf: Shelf, places: list[_Place]) -> dict[int, Vector]:
    """By serial, of the places and of what is similar to them."""
    shown = [each for place in places for each in (place, *place.similar)]
    held, rows = shelf.precise(np.array(sorted(place.serial for place in shown), np.int64))
    return dict(zip(held.tolist(), rows, strict=True))


def _match(place: _Place, rank: int, query: Query, vectors: dict[int, Vector]) -> Match:
    """A match; those similar to it have rank 0."""
    vector = vectors.get(place.serial)
    return Match(
        rank,
        place.distance,
        1 - place.distance * place.distance / 2,
        place.image,
        vector if query.with_vectors else None,
        None if query.preference is None else query.preference.agreement(place.image.scenes),
        tuple(_match(each, 0, query, vectors) for each in place.similar),
        AS_IT_IS if vector is None else _turn(query.vectors, vector),
    )


def _turn(queries: Mapping[Turn, Vector], vector: Vector) -> Turn:
    """Which of the queries is nearest to it, of equals the first: what rounding tells apart is equal."""
    apart = distances(vector, np.stack(list(queries.values()))).round(_DIGITS)
    return list(queries)[int(apart.argmin())]

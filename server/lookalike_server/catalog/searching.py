"""Turns a query into matches: the plan's serials, then the ids that break ties, then the records."""

from collections.abc import Collection as Several
from dataclasses import dataclass

import numpy as np

from lookalike_server.catalog.planner import answer
from lookalike_server.catalog.shelf import Found, Shelf
from lookalike_server.catalog.store import Entry, Store
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Filter, Match, Matches, Vector

_SPARE = 8  # candidates beyond the limit: some may be deleted while we look, or change places with the last by rounding


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


class _Filtered:
    """An `Admission` that asks the store."""

    def __init__(self, store: Store, entry: Entry, wanted: Filter) -> None:
        self._store, self._entry, self._wanted = store, entry, wanted

    def all(self) -> Serials:
        return self._store.admitted(self._entry, self._wanted)

    def among(self, serials: Serials) -> Serials:
        return self._store.admitted(self._entry, self._wanted, among=serials.tolist())


def matches(store: Store, entry: Entry, shelf: Shelf, query: Query) -> Matches:
    """The nearest images; equal distances in the order of ids."""
    generation = shelf.generation  # before looking: the answer has seen at least this
    admission = None if query.wanted == Filter() else _Filtered(store, entry, query.wanted)
    asked = query.limit + len(query.without) + _SPARE
    found = answer(shelf, query.vector, asked, admission, exact=query.exact)
    nearest = _ranked(store, entry, _kept(store, entry, found, query), query.limit)
    return Matches(_records(store, entry, shelf, nearest, query), entry.record.model_id, generation, found.exact)


def _kept(store: Store, entry: Entry, found: Found, query: Query) -> Found:
    """Without what the query leaves out or puts too far."""
    left_out = store.serials_of(entry, query.without).values() if query.without else ()
    keep = ~np.isin(found.serials, list(left_out))
    if query.max_distance is not None:
        keep &= found.distances <= query.max_distance
    return Found(found.serials[keep], found.distances[keep], found.exact)


def _ranked(store: Store, entry: Entry, found: Found, limit: int) -> list[tuple[float, str, int]]:
    """Distance, id and serial of the first `limit` that still exist, equal distances by id."""
    near = _first(found, limit + _SPARE)
    ids = store.ids_of(entry, near.serials.tolist())
    known = zip(near.distances.tolist(), near.serials.tolist(), strict=True)
    return sorted((apart, ids[serial], serial) for apart, serial in known if serial in ids)[:limit]


def _first(found: Found, count: int) -> Found:
    """The first `count`, and all that are as near as the last of them."""
    end = len(found.serials)
    if end > count:
        end = int(np.searchsorted(found.distances, found.distances[count - 1], side="right"))
    return Found(found.serials[:end], found.distances[:end], found.exact)


def _records(
    store: Store, entry: Entry, shelf: Shelf, nearest: list[tuple[float, str, int]], query: Query
) -> tuple[Match, ...]:
    serials = [serial for _, _, serial in nearest]
    images = {image.id: image for image in store.images(entry, serials)}
    vectors = store.vectors_of(entry, images) if query.with_vectors else {}
    alive = [(apart, images[image_id]) for apart, image_id, _ in nearest if image_id in images]
    return tuple(
        Match(rank, apart, 1 - apart * apart / 2, image, vectors.get(image.id))
        for rank, (apart, image) in enumerate(alive, 1)
    )

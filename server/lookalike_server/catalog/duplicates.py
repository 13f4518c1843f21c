"""Duplicates over a whole collection: exact ones by their hash, near ones in groups, and how sure a group is.

Files of the same bytes are one image with several sources: nothing need be compared. Near-duplicates are linked when
they are at most `radius` apart, and what a chain of links connects is one group; so two of a group may be farther
apart than the radius. What arrives or is changed meanwhile may or may not be seen; what was deleted is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog import generations, limits
from lookalike_server.catalog.components import Components
from lookalike_server.catalog.linking import link, measured
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.store import Entry, Store, Superseded, no_collection
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Filter, Image

MAX_LISTED = limits.MAX_IDS
"""Images of one group that are given; the nearest to the first."""
RANDOM_PAIRS = 100_000
"""Pairs measured to judge the radius: a rate of 1 in 30,000 shows."""

_SLICE = 1_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Images looked at, of all to look at."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Exact:
    """An image that was seen at several places."""

    image: Image


@dataclass(frozen=True, slots=True)
class Group:
    """Near-duplicates: the image that came first, then the others by their distance from it, which stands beside."""

    images: tuple[Image, ...]
    distances: tuple[float, ...]
    count: int
    """Images in the group, given or not."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was found in all, and of so many random pairs of different images how many are within the radius."""

    radius: float
    looked_at: int
    groups: int
    grouped: int
    many_sourced: int
    random_pairs: int
    random_pairs_within: int


Finding = Progress | Exact | Group | Summary


def find(store: Store, entry: Entry, shelf: Shelf, wanted: Filter, radius: float) -> Iterator[Finding]:
    """Exact duplicates, groups (the largest first, then the oldest), the summary, with progress; each step is short.

    Raises ModelSwitched or CollectionNotFound where the vectors are taken away meanwhile, before all is told.
    """
    try:
        yield from _find(store, entry, shelf, wanted, radius)
    except Superseded:
        generations.expect_own(store.collection(entry.record.name), entry.record.model_id)
        raise no_collection(entry.record.name) from None


def _find(store: Store, entry: Entry, shelf: Shelf, wanted: Filter, radius: float) -> Iterator[Finding]:
    serials = shelf.vectors.serials()
    if wanted != Filter():
        serials = np.intersect1d(serials, store.admitted(entry, wanted), assume_unique=True)
    many_sourced = groups = grouped = 0
    for found in _exact(store, entry, serials):
        many_sourced += len(found)
        yield from found
        yield Progress(0, len(serials))  # most often nothing was found, and still a step is over
    parts = Components(len(serials))
    for done in link(shelf, serials, radius, parts):
        yield Progress(done, len(serials))
    pairs = within = 0
    for distances in _random_pairs(shelf, serials):
        pairs += len(distances)
        within += int(np.count_nonzero(distances <= radius))
        yield Progress(len(serials), len(serials))
    for places in parts.groups():
        if group := _group(store, entry, shelf, serials[places]):
            groups += 1
            grouped += group.count
            yield group
    yield Summary(radius, len(serials), groups, grouped, many_sourced, pairs, within)


def _exact(store: Store, entry: Entry, serials: Serials) -> Iterator[list[Exact]]:
    for start in range(0, len(serials), _SLICE):
        found = store.many_sourced(entry, serials[start : start + _SLICE].tolist())
        yield [Exact(image) for image in store.images(entry, found.tolist()).values()]


def _group(store: Store, entry: Entry, shelf: Shelf, serials: Serials) -> Group | None:
    """The group of those that there are still; None when they are no longer two."""
    serials = _kept(store, entry, serials)
    held, rows = shelf.precise(serials[:1])
    if not len(held):
        return None
    found = shelf.compare(rows[0], MAX_LISTED, among=serials)
    listed, apart = found.serials[:MAX_LISTED], found.distances[:MAX_LISTED]
    # Equal vectors are at distance 0 like the first itself, and it is the oldest: by serial it stays in front.
    images = store.images(entry, listed.tolist())
    known = [
        (images[serial], far) for serial, far in zip(listed.tolist(), apart.tolist(), strict=True) if serial in images
    ]
    if len(known) < 2:
        return None
    return Group(tuple(image for image, _ in known), tuple(far for _, far in known), len(serials))


def _kept(store: Store, entry: Entry, serials: Serials) -> Serials:
    """Those that were not deleted meanwhile."""
    slices = [serials[start : start + _SLICE].tolist() for start in range(0, len(serials), _SLICE)]
    return np.concatenate([store.admitted(entry, Filter(), among=each) for each in slices])


def _random_pairs(shelf: Shelf, serials: Serials) -> Iterator[NDArray[np.float64]]:
    """Distances of pairs of different images, drawn by lot and none twice; always the same lot: rates repeat."""
    count = len(serials) * (len(serials) - 1) // 2
    chance = np.random.default_rng(0)
    drawn = chance.choice(count, min(count, RANDOM_PAIRS), replace=False, shuffle=False) if count else np.empty(0)
    for start in range(0, len(drawn), _SLICE):
        pair = drawn[start : start + _SLICE]
        # Pairs in the order (1, 0), (2, 0), (2, 1), (3, 0) and so on.
        later = ((1 + np.sqrt(1 + 8 * pair.astype(np.float64))) // 2).astype(np.int64)
        # As memory has the vectors, perhaps rounded: it is a rate that is wanted.
        yield measured(shelf.vectors.take, serials[later], serials[pair - later * (later - 1) // 2])[1]

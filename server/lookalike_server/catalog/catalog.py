"""The catalog: the only writer, and what keeps store and index one.

In come arrivals with their vectors, and queries; out go outcomes, records and matches. The store commits first, memory
follows, then the caller is told: what was acknowledged is on disk and is found by every search that begins later.
Calls block, and any thread may make them. Each raises BadRequest for what `limits` refuses, CollectionNotFound for a
name that is not there, and ShuttingDown after `close`; a change raises DiskFull when there is no room for it, and
DataFolderError when somebody has removed the folder, and then nothing was changed.
"""

import threading
from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from lookalike_server import plugins
from lookalike_server.catalog import duplicates, generations, limits, tokens
from lookalike_server.catalog.duplicates import Finding
from lookalike_server.catalog.forking import make_safe
from lookalike_server.catalog.gathering import Query
from lookalike_server.catalog.lock import FolderLock
from lookalike_server.catalog.searching import matches
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.shelves import Settings, Shelves
from lookalike_server.catalog.store import Added, Entry, Store, Taken, Unreadable
from lookalike_server.catalog.tuner import Tuner
from lookalike_server.catalog.vectors import unit
from lookalike_server.errors import BadRequest, DamagedCatalog, ImageNotFound, LookalikeError
from lookalike_server.records import (
    AS_IT_IS,
    Arrival,
    Collection,
    Filter,
    Image,
    IndexState,
    Matches,
    Outcome,
    Preference,
    Sighting,
    Turn,
    Vector,
)

_ALL = 2**31


class Catalog:
    """Opens the data folder for the served models; a context manager.

    `models` are their ids with the length of their vectors; new collections get the first. `index` and `store` name
    entry points. Collections of at most `small` images are compared whole; a graph's snapshot is written after
    `save_every` changes, once `rewrite_after` seconds have passed since a deletion without another, and at `close`.
    Raises DataFolderError when the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        models: Mapping[str, int],
        index: str = "hnsw",
        store: str = "sqlite",
        small: int = 2_000,
        save_every: int = 20_000,
        rewrite_after: float = 30.0,
        recall_target: float = 0.99,
    ) -> None:
        make_safe()
        self._models = dict(models)
        self._writing = threading.Lock()
        with ExitStack() as opened:
            self._lock = opened.enter_context(closing(FolderLock(folder)))
            self._store: Store = opened.enter_context(closing(plugins.load("lookalike.stores", store)(folder)))
            settings = Settings(self._models, index, small, save_every, rewrite_after)
            self._shelves = opened.enter_context(closing(Shelves(folder / "indexes", self._store, settings)))
            self._open_shelves()
            self._tuner = opened.enter_context(
                closing(
                    Tuner(
                        folder / "tuning.json",
                        self._shelves.standing,
                        lambda: self._shelves.settle(0),
                        recall_target,
                    )
                )
            )
            self._tuner.start()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes snapshots and lets go of the folder; again is nothing."""
        with self._writing:
            self._opened.close()

    def create_collection(self, name: str, description: str = "", model_id: str = "") -> Collection:
        """An empty collection of this served model, the first where none is named; CollectionExists."""
        limits.check_name(name)
        limits.check_description(description)
        with self._changing():
            model_id = model_id or next(iter(self._models))
            entry = self._store.create_collection(name, description, model_id, self._models[model_id])
            self._shelves.start(entry)
        return entry.record

    def collection(self, name: str) -> Collection:
        """One collection."""
        return self._shelves.entry(name).record

    def serving(self, name: str) -> Collection:
        """One collection that can be searched and added to; ModelMismatch when its model is not served. From memory."""
        entry = self._shelves.entry(name)
        self._shelves.expect(entry)
        return entry.record

    def collections(self, page_size: int, page_token: str = "") -> tuple[list[Collection], str]:
        """A page of collections by name, and the token of the next; empty after the last. BadPageToken."""
        limits.check_page_size(page_size)
        listing = tokens.scope("collections")
        entries = self._store.collections(tokens.position(page_token, listing), page_size + 1)
        records = [entry.record for entry in entries[:page_size]]
        more = len(entries) > page_size
        return records, tokens.token(listing, records[-1].name) if more else ""

    def update_collection(self, name: str, description: str) -> Collection:
        """The collection with another description."""
        limits.check_description(description)
        with self._changing():
            entry = self._store.update_collection(name, description)
            self._shelves.seen(entry)
        return entry.record

    def delete_collection(self, name: str) -> int:
        """Removes a collection and its images from disk; returns how many images went with it."""
        with self._changing():
            entry = self._store.delete_collection(name)
            self._shelves.drop(entry)
        return entry.record.image_count

    def missing(self, name: str, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that the collection does not hold, in the order asked, each once."""
        limits.check_ids(ids)
        held = self._store.serials_of(self._shelves.entry(name), ids)
        return [image_id for image_id in dict.fromkeys(ids) if image_id not in held]

    def image(self, name: str, image_id: str) -> Image:
        """One image's record; ImageNotFound."""
        limits.check_id(image_id)
        entry = self._shelves.entry(name)
        found = self._store.images(entry, list(self._store.serials_of(entry, [image_id]).values()))
        if not found:
            raise ImageNotFound(f"{name} does not hold {image_id}")
        return next(iter(found.values()))

    def vectors(self, name: str, ids: Sequence[str], *, allow_missing: bool = False) -> dict[str, Vector]:
        """Vectors by id; ImageNotFound when one is not held, unless `allow_missing`."""
        limits.check_ids(ids)
        found = self._vectors(name, ids)
        for image_id in ids:
            if image_id not in found and not allow_missing:
                raise ImageNotFound(f"{name} does not hold {image_id}")
        return found

    def images(self, name: str, wanted: Filter, page_size: int, page_token: str = "") -> tuple[list[Image], str]:
        """A page of the images that a filter admits, oldest first, and the next token; BadPageToken, BadFilter."""
        limits.check_page_size(page_size)
        limits.check_filter(wanted)
        entry = self._shelves.entry(name)
        if wanted.not_embedded_by == entry.record.model_id:
            return [], ""
        listing = tokens.scope(entry.uuid, wanted)
        after = tokens.serial_position(page_token, listing)
        serials = self._store.admitted(entry, wanted, after=after, limit=page_size + 1).tolist()
        more = len(serials) > page_size
        found = self._store.images(entry, serials[:page_size])
        return list(found.values()), tokens.token(listing, str(serials[page_size - 1])) if more else ""

    def update_image(self, name: str, image_id: str, labels: Mapping[str, str]) -> Image:
        """The image with these labels instead of its own; ImageNotFound."""
        limits.check_id(image_id)
        limits.check_labels(labels)
        with self._changing():
            image = self._store.update_labels(self._shelves.entry(name), image_id, dict(labels))
            self._shelves.seen(self._store.collection(name))
        return image

    def delete_images(self, name: str, ids: Sequence[str], *, allow_missing: bool = False) -> int:
        """Removes images from disk and from every later search, all or none; how many. ImageNotFound."""
        limits.check_ids(ids)
        if not ids:
            raise BadRequest("name at least one image to delete")
        with self._changing():
            entry = self._shelves.entry(name)
            gone = self._store.delete_images(entry, ids, allow_missing=allow_missing)
            self._removed(entry, gone)
        return len(gone)

    def sources(self, name: str, prefix: str, page_size: int, page_token: str = "") -> tuple[list[Sighting], str]:
        """A page of where images were seen, at paths that begin with `prefix`, and the next token; BadPageToken.

        In the order of paths, of one path in that in which the images came.
        """
        limits.check_page_size(page_size)
        limits.check_prefix(prefix)
        entry = self._shelves.entry(name)
        listing = tokens.scope(f"sources {entry.uuid}", Filter(path_prefix=prefix))
        after = tokens.source_position(page_token, listing, prefix)
        seen = self._store.sightings(entry, prefix, after, page_size + 1)
        more = len(seen) > page_size
        token = tokens.source_token(listing, seen[page_size - 1]) if more else ""
        return [each.sighting for each in seen[:page_size]], token

    def remove_sources(
        self, name: str, sightings: Sequence[Sighting], *, remove_images: bool = False
    ) -> tuple[int, int]:
        """Takes back that images were seen at these paths, all or none; how many sources went, and how many images.

        An image that would lose its last source keeps the one that it was seen at last, or goes with `remove_images`.
        """
        limits.check_sightings(sightings)
        paths: defaultdict[str, set[str]] = defaultdict(set)
        for sighting in sightings:
            paths[sighting.image_id].add(sighting.source.path)
        with self._changing():
            entry = self._shelves.entry(name)
            gone = self._store.remove_sources(entry, paths, with_images=remove_images)
            self._removed(entry, gone.serials)
        return gone.source_count, len(gone.serials)

    def add(self, arrivals: Sequence[Arrival]) -> list[Outcome | LookalikeError]:
        """Takes in images and sightings, for any collections, in one transaction; answers in the order asked.

        What is answered with an outcome is durable and searchable. An error costs its own arrival only: BadRequest,
        CollectionNotFound, ModelMismatch, ModelSwitched, DimensionMismatch, ImageNotFound (no content, and not held).
        """
        with self._changing():
            checked = [self._checked(arrival) for arrival in arrivals]
            good = [arrival for arrival in checked if isinstance(arrival, Arrival)]
            shelves = self._make_room(good)
            taken = self._store.add(good)
            self._publish(shelves, good, taken)
        answers = iter(taken.results)
        results = [next(answers) if isinstance(one, Arrival) else one for one in checked]
        return [one.outcome if isinstance(one, Added) else one for one in results]

    def unstaged(self, name: str, image_id: str, model_id: str) -> bool:
        """Whether a held image lacks a vector of another model; ImageNotFound, ModelMismatch for its own."""
        limits.check_id(image_id)
        entry = self._shelves.entry(name)
        generations.expect_other(entry, model_id)
        serials = self._store.serials_of(entry, [image_id])
        if not serials:
            raise ImageNotFound(f"{name} does not hold {image_id}: the picture has changed, or was deleted")
        wanted = Filter(not_embedded_by=model_id)
        return len(self._store.admitted(entry, wanted, among=list(serials.values()))) > 0

    def stage(self, arrivals: Sequence[Arrival]) -> list[LookalikeError | None]:
        """Keeps what other served models told of held images, in one transaction; answers in the order asked.

        What is answered with None is durable, and waits for `switch_model`. An error costs its own arrival only:
        CollectionNotFound, ImageNotFound, ModelMismatch (the collection's own model), DimensionMismatch.
        """
        with self._changing():
            checked = [self._stageable(arrival) for arrival in arrivals]
            good = [one for one in checked if isinstance(one, Arrival)]
            answers = iter(self._store.stage(good))
            for name in {one.collection for one in good}:
                self._shelves.seen(self._shelves.entry(name))  # filters may ask what is staged
        return [next(answers) if isinstance(one, Arrival) else one for one in checked]

    def switch_model(self, name: str, model_id: str, *, drop_missing: bool = False) -> tuple[Collection, int]:
        """Gives a collection to another served model whose vectors were staged; how many images were dropped.

        Searches that begin later see the new vectors only, those under way finish on the old ones or begin again.
        Raises ModelMismatch when it belongs to this model already, ReembedIncomplete when images lack a vector and may
        not be dropped.
        """
        with self._changing():
            old = self._shelves.entry(name)
            generations.expect_other(old, model_id)
            lacking = self._store.lacking(old, model_id)
            generations.expect_complete(old, model_id, lacking, drop_missing=drop_missing)
            new = generations.successor(old, model_id, self._models[model_id])
            renewed = generations.renew(self._store, self._shelves, old, new).record
            self._tuner.changed()
            return renewed, lacking

    def search(
        self,
        name: str,
        vector: Vector,
        *,
        limit: int = limits.DEFAULT_LIMIT,
        wanted: Filter | None = None,
        max_distance: float | None = None,
        exact: bool = False,
        with_vectors: bool = False,
        without: Several[str] = (),
        preference: Preference | None = None,
        model_id: str = "",
        group_distance: float | None = None,
        eventual: bool = False,
        turned: Mapping[Turn, Vector] | None = None,
    ) -> Matches:
        """The images nearest to `vector`, [dim], that pass `wanted` and are not named in `without`; best first.

        With `group_distance` what is so near to a better match stands among its `similar`. Every change that was
        acknowledged before is seen, unless the search is `eventual`: then images that the graph has not taken in may be
        missing.

        `turned` holds the vectors of the query turned otherwise: each image counts with the nearest of all.

        `model_id` says who made the vectors; empty: whichever model the collection belongs to. Raises ModelMismatch,
        ModelSwitched, DimensionMismatch, BadFilter.
        """
        limits.check_limit(limit)
        limits.check_filter(wanted or Filter())
        limits.check_max_distance(max_distance)
        limits.check_group_distance(group_distance)
        limits.check_ids(without)
        if preference is not None:
            limits.check_preference(preference.scenes, preference.weight)
        self._tuner.searched()

        def look(entry: Entry, shelf: Shelf) -> Matches:
            generations.expect_own(entry, model_id)
            every = {AS_IT_IS: vector, **(turned or {})}
            query = Query(
                {turn: unit(each, entry.record.dim) for turn, each in every.items()},
                limit,
                wanted or Filter(),
                max_distance,
                group_distance,
                exact,
                eventual,
                with_vectors,
                without,
                preference,
            )
            return matches(self._store, entry, shelf, query)

        return generations.looked_up(self._store, self._shelves, name, look)

    def duplicates(self, name: str, radius: float, wanted: Filter | None = None) -> Iterator[Finding]:
        """The duplicates among the images that `wanted` admits, in steps of milliseconds: see `duplicates.find`.

        Raises, before the first step, BadFilter, ModelMismatch.
        """
        limits.check_radius(radius)
        limits.check_filter(wanted or Filter())
        entry, shelf = generations.current(self._shelves, name)
        return self._searching(duplicates.find(self._store, entry, shelf, wanted or Filter(), radius))

    def _searching(self, steps: Iterator[Finding]) -> Iterator[Finding]:
        """The same steps; whoever takes one needs the machine."""
        self._tuner.searched()
        for step in steps:
            yield step
            self._tuner.searched()

    def _vectors(self, name: str, ids: Sequence[str]) -> dict[str, Vector]:
        """From the shelf, which may have them in memory; from the store where there is none."""
        entry = self._shelves.entry(name)
        if not self._shelves.serves(entry):
            return self._store.vectors_of(entry, ids)

        def look(entry: Entry, shelf: Shelf) -> dict[str, Vector]:
            serials = self._store.serials_of(entry, ids)
            held, rows = shelf.precise(np.array(sorted(serials.values()), np.int64))
            vectors = dict(zip(held.tolist(), rows, strict=True))
            return {image_id: vectors[serial] for image_id, serial in serials.items() if serial in vectors}

        return generations.looked_up(self._store, self._shelves, name, look)

    def settle(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds until the graphs cover all; whether they do. No search needs it."""
        return self._shelves.settle(timeout)

    def indexes(self) -> list[IndexState]:
        """How the collections that have a graph are searched, by name."""
        return self._shelves.indexes(self._tuner.target)

    def count(self) -> tuple[int, int]:
        """Images that can be searched, and those of them that no graph holds yet."""
        return self._shelves.count()

    def unserved(self) -> list[str]:
        """Names of the collections of other models: they are kept, and are neither in memory nor searched."""
        return [entry.record.name for entry in self._entries() if not self._shelves.serves(entry)]

    def verify(self, timeout: float = 600.0) -> list[str]:
        """Checks the store, and compares memory and graphs with it; what is wrong, a sentence each.

        Of the collections that `unserved` names only the store is checked. Writers wait meanwhile; before that it waits
        for the indexer, at most `timeout` seconds.
        """
        settled = self.settle(timeout)
        with self._writing:
            found = [] if settled else ["the indexer has not caught up"]
            found += self._store.check()
            try:
                for entry in self._entries():
                    if self._shelves.serves(entry):
                        found += self._shelves.findings(entry)
            except Unreadable as error:
                found.append(str(error))
        return list(dict.fromkeys(found))

    def _open_shelves(self) -> None:
        try:
            self._shelves.open(self._entries())
        except Unreadable as error:
            raise DamagedCatalog(str(error)) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A change, alone; DataFolderError when the folder is gone, where it would be acknowledged and lost."""
        with self._writing:
            self._lock.check()
            yield

    def _removed(self, entry: Entry, gone: Sequence[int]) -> None:
        """Takes from memory what the store has removed of a collection, and notes what the collection is now."""
        if gone and self._shelves.serves(entry):
            shelf = self._shelves.find(entry)
            shelf.remove(gone)
            self._shelves.shrunk(shelf)
            self._tuner.changed()
        self._shelves.seen(self._store.collection(entry.record.name))

    def _entries(self) -> list[Entry]:
        return self._store.collections("", _ALL)

    def _checked(self, arrival: Arrival) -> Arrival | LookalikeError:
        """The arrival with a unit vector, or why it cannot be taken in."""
        try:
            limits.check_arrival(arrival)
            entry = self._shelves.entry(arrival.collection)
            self._shelves.expect(entry)
            generations.expect_own(entry, arrival.content.model_id if arrival.content else "")
            return generations.normalised(arrival, entry.record.dim)
        except LookalikeError as error:
            return error

    def _stageable(self, arrival: Arrival) -> Arrival | LookalikeError:
        """The arrival with a unit vector, or why it cannot be staged."""
        try:
            limits.check_arrival(arrival)
            model_id = arrival.content.model_id if arrival.content else ""
            generations.expect_other(self._shelves.entry(arrival.collection), model_id)
            return generations.normalised(arrival, self._models[model_id])
        except LookalikeError as error:
            return error

    def _make_room(self, arrivals: Sequence[Arrival]) -> dict[str, Shelf]:
        """The shelves by collection, with the memory they will need: once the store has committed, nothing may fail."""
        names = {arrival.collection for arrival in arrivals}
        shelves = {name: self._shelves.find(self._shelves.entry(name)) for name in names}
        for shelf in shelves.values():
            shelf.vectors.reserve(len(arrivals))
        return shelves

    def _publish(self, shelves: Mapping[str, Shelf], arrivals: Sequence[Arrival], taken: Taken) -> None:
        """Makes what the store took in searchable, without asking the store again."""
        created: defaultdict[str, list[tuple[int, Vector]]] = defaultdict(list)
        for arrival, one in zip(arrivals, taken.results, strict=True):
            if isinstance(one, Added) and one.outcome is Outcome.CREATED and arrival.content is not None:
                created[arrival.collection].append((one.serial, arrival.content.vector))
        for name, rows in created.items():
            shelves[name].add(np.array([serial for serial, _ in rows]), np.stack([vector for _, vector in rows]))
            self._shelves.grown(shelves[name])
        sighted = {
            arrival.collection
            for arrival, one in zip(arrivals, taken.results, strict=True)
            if isinstance(one, Added) and one.outcome is not Outcome.CREATED
        }
        for entry in taken.changed:
            self._shelves.seen(entry, only_grew=entry.record.name not in sighted)
        self._tuner.changed()

"""The collections in memory: the record of each, and a shelf for each that belongs to a served model."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from lookalike_server import plugins
from lookalike_server.catalog.cover import Cover
from lookalike_server.catalog.index import Durable, ExactIndex, Index
from lookalike_server.catalog.indexer import Indexer
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.shelf import Saving, Shelf
from lookalike_server.catalog.snapshots import Identity, Snapshot, Snapshots, sweep
from lookalike_server.catalog.store import Entry, Store, no_collection
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.errors import CollectionNotFound, DataFolderError, ModelMismatch
from lookalike_server.records import IndexState

_RETRY_SECONDS = 30.0  # after which a snapshot that could not be written without deleted vectors is tried again


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served, and how."""

    models: Mapping[str, int]
    """Ids of the served models, with the length of their vectors; the first is the one that new collections get."""
    index: str
    """Name in the group `lookalike.indexes`."""
    small: int
    """Collections of at most so many images are compared whole, without a graph."""
    save_every: int
    """A snapshot is written after so many changes of a graph, or a tenth of its collection's size; and at close."""
    rewrite_after: float
    """Seconds without a further deletion after which a collection gets a snapshot again."""


class Shelves:
    """Makes, finds and drops shelves. One thread at a time may change which there are; any may look."""

    def __init__(self, folder: Path, store: Store, settings: Settings) -> None:
        self._folder = folder
        self._store = store
        self._settings = settings
        self._kind: type[Index] = plugins.load("lookalike.indexes", settings.index)
        self._shelves: dict[str, Shelf] = {}  # by uuid: each generation of vectors has one of its own
        self._entries: dict[str, Entry] = {}  # by name: what the store told last
        self._indexer = Indexer()
        self._scribe = Indexer("lookalike-scribe")  # waits for who writes snapshots, while graphs go on

    def open(self, entries: list[Entry]) -> None:
        """Fills a shelf from the store for each that belongs to a served model; DataFolderError."""
        sweep(self._folder, {entry.uuid for entry in entries})
        for entry in entries:
            self._entries[entry.record.name] = entry
            if self.serves(entry):
                self._restore(entry)

    def entry(self, name: str) -> Entry:
        """The collection of this name; CollectionNotFound."""
        try:
            return self._entries[name]
        except KeyError:
            raise no_collection(name) from None

    def fill(self, entry: Entry, slices: Iterable[tuple[Serials, Rows]]) -> None:
        """A shelf with these vectors, searchable at once; DataFolderError when one has the wrong length."""
        vectors = Matrix(entry.record.dim)
        vectors.reserve(entry.record.image_count)
        _pour(entry, slices, vectors)
        self._put(entry, self._shelf(entry, vectors, None))

    def serves(self, entry: Entry) -> bool:
        """Whether the collection's vectors are of a served model."""
        return entry.record.model_id in self._settings.models

    def expect(self, entry: Entry) -> None:
        """ModelMismatch unless the collection belongs to a served model."""
        if not self.serves(entry):
            raise ModelMismatch(
                f"the collection {entry.record.name!r} belongs to the model {entry.record.model_id}, and this server "
                f"runs {', '.join(self._settings.models)}: serve that model too, or give the collection vectors of "
                "another with `lookalike reembed`"
            )

    def start(self, entry: Entry) -> None:
        """An empty shelf for a new collection."""
        self._entries[entry.record.name] = entry
        self._shelves[entry.uuid] = self._shelf(entry, Matrix(entry.record.dim), None)

    def find(self, entry: Entry) -> Shelf:
        """The shelf of this generation; ModelMismatch, or CollectionNotFound when it was dropped just now."""
        self.expect(entry)
        try:
            return self._shelves[entry.uuid]
        except KeyError:
            raise CollectionNotFound(f"the collection {entry.record.name!r} was deleted just now") from None

    def grown(self, shelf: Shelf) -> None:
        """Has the indexer see to a shelf that vectors were added to."""
        self._indexer.feed(shelf)

    def shrunk(self, shelf: Shelf) -> None:
        """Has a graph with much waste rebuilt, and a snapshot written without what a deletion took.

        The latter once deletions pause: while they go on it would be wasted.
        """
        self._indexer.feed(shelf)
        self._scribe.feed(Saving(shelf, self._retry), after=self._settings.rewrite_after)

    def seen(self, entry: Entry, *, only_grew: bool = False) -> None:
        """The collection is now like this, and its shelf, if there is one, has taken in all up to here.

        `only_grew` says that all the change was new images, so that what filters admit of the others still holds.
        """
        self._entries[entry.record.name] = entry
        if entry.uuid in self._shelves:
            shelf = self._shelves[entry.uuid]
            shelf.generation = entry.record.generation
            if not only_grew:
                shelf.admitted.expire()

    def drop(self, entry: Entry) -> None:
        """The collection, or this generation of its vectors, is gone; searches that look at it finish."""
        if self._entries[entry.record.name].uuid == entry.uuid:
            del self._entries[entry.record.name]
        shelf = self._shelves.pop(entry.uuid, None)
        if shelf is not None:
            shelf.discard()
        self._snapshots(entry).drop()

    def indexes(self, target: float) -> list[IndexState]:
        """How the collections that have a graph are searched, by name, with the recall that is wanted."""
        known = [(entry, self._shelves.get(entry.uuid)) for _, entry in sorted(self._entries.copy().items())]
        return [shelf.state(entry.record.name, target) for entry, shelf in known if shelf and shelf.is_covered]

    def count(self) -> tuple[int, int]:
        """Images on all shelves, and those of them that their shelf's graph does not cover yet."""
        shelves = list(self._shelves.values())
        return sum(map(len, shelves)), sum(shelf.lag for shelf in shelves)

    def standing(self) -> dict[str, Shelf]:
        """All shelves by uuid."""
        return dict(self._shelves)

    def settle(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds for the indexer, and for snapshots that are due; whether all is done."""
        end = time.monotonic() + timeout
        return self._indexer.settle(timeout) and self._scribe.settle(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Stops the threads and writes snapshots."""
        for shelf in self._shelves.values():
            shelf.hurry()
        self._indexer.close()
        self._scribe.close()
        for shelf in self._shelves.values():
            shelf.save(last=True)

    def _restore(self, entry: Entry) -> None:
        """A shelf as a snapshot has it, with what the store did since: removals at once, and the rest beyond it."""
        found = self._snapshots(entry).read(self._kind) if issubclass(self._kind, Durable) else None
        vectors = Matrix(entry.record.dim, found.base if found else None)
        shelf = self._shelf(entry, vectors, found)
        if found is not None:
            shelf.remove(np.setdiff1d(found.base.serials, self._store.serials(entry), assume_unique=True).tolist())
        _pour(entry, self._store.vectors(entry, after=found.base.last if found else 0), vectors)
        self._put(entry, shelf)

    def _put(self, entry: Entry, shelf: Shelf) -> None:
        shelf.admitted.grew(int(shelf.vectors.serials().max(initial=0)))  # some came after the shelf was made
        self._shelves[entry.uuid] = shelf
        self._indexer.feed(shelf)
        if shelf.stale:
            self.shrunk(shelf)

    def _shelf(self, entry: Entry, vectors: Matrix, found: Snapshot | None) -> Shelf:
        cover = None
        if self._kind is not ExactIndex:  # it would only repeat what the shelf does by itself
            small = self._settings.small
            cover = Cover(vectors, entry.record.dim, self._kind, self._snapshots(entry), small, found=found)
        return Shelf(
            vectors,
            entry.record.generation,
            truth=partial(self._store.vectors_at, entry),
            cover=cover,
            small=self._settings.small,
            save_every=self._settings.save_every,
            background=self._indexer.feed,
            write=lambda shelf: self._scribe.feed(Saving(shelf, self._retry)),
        )

    def _snapshots(self, entry: Entry) -> Snapshots:
        return Snapshots(
            self._folder / entry.uuid,
            Identity(entry.uuid, entry.record.model_id, entry.record.dim, self._settings.index),
            mark=partial(self._store.mark, entry),
            marked=partial(self._store.marked, entry),
        )

    def _retry(self, saving: Saving) -> None:
        self._scribe.feed(saving, after=max(_RETRY_SECONDS, self._settings.rewrite_after))

    def findings(self, entry: Entry) -> list[str]:
        """How a collection's shelf and the store differ, when they should not; nobody may change either meanwhile."""
        shelf = self._shelves[entry.uuid]
        kept = 0
        found = []
        for serials, rows in self._store.vectors(entry):
            kept += len(serials)
            if not shelf.vectors.holds(serials, rows):
                found.append("the store holds vectors that memory lacks, or has otherwise")
        if len(shelf.vectors) > kept:
            found.append("memory holds images that the store does not")
        return [f"{entry.record.name}: {what}" for what in dict.fromkeys(found + shelf.findings())]


def _pour(entry: Entry, slices: Iterable[tuple[Serials, Rows]], vectors: Matrix) -> None:
    try:
        for serials, rows in slices:
            vectors.add(serials, rows)
    except ValueError as error:
        raise DataFolderError(f"the vectors of {entry.record.name!r} are damaged: {error}") from error

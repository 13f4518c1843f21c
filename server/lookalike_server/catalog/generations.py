"""One generation of a collection's vectors after another: who made them, and how the next takes the place of the last.

A vector enters with the id of its model, and is refused where the collection belongs to another by now. `renew` puts
the staged vectors in place of those in use, in the store and in memory.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.shelves import Shelves
from lookalike_server.catalog.store import Entry, Store, Superseded
from lookalike_server.catalog.vectors import unit
from lookalike_server.errors import CollectionNotFound, ModelMismatch, ReembedIncomplete
from lookalike_server.records import Arrival

T = TypeVar("T")


class ModelSwitched(ModelMismatch):
    """The collection was given to another model while a vector was made for it; made again, it fits."""


def expect_own(entry: Entry, model_id: str) -> None:
    """ModelSwitched unless the collection belongs to the model that made a vector; an empty id is anyone's."""
    if model_id not in ("", entry.record.model_id):
        raise ModelSwitched(
            f"the collection {entry.record.name!r} belongs to the model {entry.record.model_id} by now, "
            f"and the vector was made by {model_id}: send this again"
        )


def expect_other(entry: Entry, model_id: str) -> None:
    """ModelMismatch when the collection belongs to this model."""
    if entry.record.model_id == model_id:
        raise ModelMismatch(f"the collection {entry.record.name!r} belongs to the model {model_id} already")


def expect_complete(entry: Entry, model_id: str, lacking: int, *, drop_missing: bool) -> None:
    """ReembedIncomplete when so many images lack a vector of the model and may not be dropped.

    All of them may never be: their pictures were looked for in the wrong place, and nobody asked for a deletion.
    """
    name, count = entry.record.name, entry.record.image_count
    if lacking and lacking == count:
        raise ReembedIncomplete(
            f"none of the {count:,} images of {name!r} has a vector of {model_id}: re-embed them where their pictures "
            "lie; a switch drops some, and never all"
        )
    if lacking and not drop_missing:
        raise ReembedIncomplete(
            f"{lacking:,} of the {count:,} images of {name!r} have no vector of {model_id} yet: re-embed them, or have "
            "them dropped"
        )


def normalised(arrival: Arrival, dim: int) -> Arrival:
    """The arrival with a unit vector where it has one; DimensionMismatch."""
    if arrival.content is None:
        return arrival
    return replace(arrival, content=replace(arrival.content, vector=unit(arrival.content.vector, dim)))


def current(shelves: Shelves, name: str) -> tuple[Entry, Shelf]:
    """A collection and its shelf, of one generation, whatever becomes of it meanwhile."""
    entry = shelves.entry(name)
    try:
        return entry, shelves.find(entry)
    except CollectionNotFound:  # dropped since: the next generation is there by now, or the collection is not
        entry = shelves.entry(name)
        return entry, shelves.find(entry)


def looked_up(store: Store, shelves: Shelves, name: str, look: Callable[[Entry, Shelf], T]) -> T:
    """What `look` finds in a collection; it looks again where a switch took the vectors away under it."""
    entry, shelf = current(shelves, name)
    while True:
        try:
            return look(entry, shelf)
        except Superseded:
            # Asked of the store: that has switched, and so the new shelf stands, but `shelves` may not tell of it yet.
            entry = store.collection(name)
            shelf = shelves.find(entry)


def successor(old: Entry, model_id: str, dim: int) -> Entry:
    """The collection's next generation; its own uuid keeps all that was derived from the old vectors away from it."""
    record = replace(old.record, model_id=model_id, dim=dim, generation=old.record.generation + 1)
    return Entry(old.key, uuid4().hex, record)


def renew(store: Store, shelves: Shelves, old: Entry, new: Entry) -> Entry:
    """Puts what was staged for the model of `new` in place of `old`; nobody may change either meanwhile.

    The new shelf stands before the store commits: every search finds the shelf of the entry that it has read, and
    nothing can fail once the store has committed.
    """
    try:
        shelves.fill(new, store.staged(new))
        store.switch(new)
    except BaseException:
        shelves.drop(new)
        raise
    entry = store.collection(new.record.name)
    shelves.seen(entry)
    shelves.drop(old)
    store.forget()  # only now: it waits for all readers, and they would read new vectors by the old entry
    return entry

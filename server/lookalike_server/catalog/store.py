"""What the catalog asks of a store: the truth about collections and images, committed before a call returns.

A store checks nothing that a user wrote (`limits` has done that) and knows no index. Each call is one transaction:
whole or not at all. It is safe to call from many threads.
"""

from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.errors import CollectionNotFound, DataFolderError, LookalikeError
from lookalike_server.records import Arrival, Collection, Filter, Image, Outcome, Scene, Sighting, Vector


@dataclass(frozen=True, slots=True)
class Entry:
    """A collection as the store holds it; a collection of the same name made later has another key and uuid."""

    key: int
    uuid: str
    record: Collection


@dataclass(frozen=True, slots=True)
class Added:
    """What became of an arrival, and the serial of its image."""

    outcome: Outcome
    serial: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: of its arrivals, in their order, and of the collections that it changed."""

    results: list[Added | LookalikeError]
    changed: list[Entry]
    """As the transaction left them, so that nobody need ask again once it is committed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting, and the serial of its image."""

    serial: int
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Unseen:
    """What went with sightings that were taken back: so many sources, and the images of these serials, ascending."""

    source_count: int
    serials: list[int]


class Unreadable(DataFolderError):
    """What the store holds is damaged: it cannot be read."""


class Superseded(Exception):
    """The vectors of an entry are gone: its collection was given to another model since, or deleted."""


def no_collection(name: str) -> CollectionNotFound:
    """What to say when there is none of this name."""
    return CollectionNotFound(f"there is no collection {name!r}: create it first")


class Store(Protocol):
    """The truth. Every change raises DiskFull when there is no room for it, and then nothing was changed.

    Whatever reads raises Unreadable when it comes upon damage.
    """

    def __init__(self, folder: Path) -> None:
        """Opens or makes the store in an existing folder; DataFolderError when it cannot be used."""

    def close(self) -> None:
        """Lets go of the folder; later calls raise ShuttingDown."""

    def create_collection(self, name: str, description: str, model_id: str, dim: int) -> Entry:
        """An empty collection; CollectionExists."""

    def collection(self, name: str) -> Entry:
        """One collection; CollectionNotFound."""

    def collections(self, after: str, limit: int) -> list[Entry]:
        """The first `limit` collections by name, of those beyond `after`."""

    def update_collection(self, name: str, description: str) -> Entry:
        """The collection with another description; CollectionNotFound."""

    def delete_collection(self, name: str) -> Entry:
        """Removes a collection with all its images from disk and returns what it was; CollectionNotFound."""

    def add(self, arrivals: Sequence[Arrival]) -> Taken:
        """Takes in images and sightings in one transaction; errors cost their own arrival only.

        Those are CollectionNotFound, ImageNotFound (no content, and not held), BadRequest (too many labels in all).
        """

    def update_labels(self, entry: Entry, image_id: str, labels: dict[str, str]) -> Image:
        """The image with these labels instead of its own; ImageNotFound."""

    def delete_images(self, entry: Entry, ids: Several[str], *, allow_missing: bool) -> list[int]:
        """Removes images from disk, all or none, and returns their serials; ImageNotFound unless `allow_missing`."""

    def sightings(self, entry: Entry, prefix: str, after: tuple[str, int], limit: int) -> list[Seen]:
        """The first `limit` sightings at paths that begin with `prefix`, beyond `after`, by path and serial."""

    def remove_sources(self, entry: Entry, paths: Mapping[str, Several[str]], *, with_images: bool) -> Unseen:
        """Takes back that images, by id, were seen at these paths; what was not seen is passed over.

        An image that would lose its last source keeps the one that it was seen at last; `with_images` it goes instead,
        from disk like those of `delete_images`.
        """

    def serials_of(self, entry: Entry, ids: Several[str]) -> dict[str, int]:
        """Serials by id, of those that the collection holds."""

    def admitted(
        self,
        entry: Entry,
        wanted: Filter,
        *,
        after: int = 0,
        limit: int | None = None,
        among: Several[int] | None = None,
    ) -> Serials:
        """Serials that a filter admits, ascending: the first `limit` beyond `after`, of `among` where that is given."""

    def images(self, entry: Entry, serials: Several[int]) -> dict[int, Image]:
        """Records by serial, ascending, of those that the collection holds."""

    def many_sourced(self, entry: Entry, among: Several[int]) -> Serials:
        """Those of `among`, ascending, that were seen at several places."""

    def scenes_of(self, entry: Entry, serials: Several[int]) -> dict[int, tuple[Scene, ...]]:
        """Scenes by serial, most likely first, of those that the collection holds."""

    def vectors_of(self, entry: Entry, ids: Several[str]) -> dict[str, Vector]:
        """Vectors by id, of those that the collection holds."""

    def vectors_at(self, entry: Entry, serials: Serials) -> tuple[Serials, Rows]:
        """Those that are left of these serials of the entry's, ascending, with their vectors; Superseded."""

    def vectors(self, entry: Entry, after: int = 0) -> Iterator[tuple[Serials, Rows]]:
        """The vectors of a collection with serials beyond `after`, in ascending slices of one moment."""

    def serials(self, entry: Entry) -> Serials:
        """All serials of a collection, ascending, without looking at what they stand for."""

    def mark(self, entry: Entry) -> str:
        """Commits a random word for this moment of a collection; CollectionNotFound when the generation is gone.

        Whoever derives something from the collection notes the word with it. A database that knows the word has seen
        every change up to this moment; one restored from an older copy does not know it, whatever its clock, its
        serials and its generation number say. The last few words of a collection are kept.
        """

    def marked(self, entry: Entry, mark: str) -> bool:
        """Whether `mark` is one of this collection's words."""

    def stage(self, arrivals: Sequence[Arrival]) -> list[LookalikeError | None]:
        """Keeps what other models told of held images, in one transaction; errors cost their own arrival only.

        Those are CollectionNotFound and ImageNotFound. What is in use stays in use.
        """

    def lacking(self, entry: Entry, model_id: str) -> int:
        """How many of a collection's images nothing is staged of for this model."""

    def staged(self, new: Entry) -> Iterator[tuple[Serials, Rows]]:
        """All vectors staged for the model of `new`, as `vectors` gives those in use."""

    def switch(self, new: Entry) -> int:
        """Makes the collection of this key what `new` says: uuid, model, dim, generation, with what was staged for it.

        Images that nothing was staged of are removed, and so is what the model before told, and all else that was
        staged for the collection; returns how many images went. `forget` takes them from disk.
        """

    def forget(self) -> None:
        """Leaves nothing on disk of what a switch removed. Waits for readers."""

    def check(self) -> list[str]:
        """What is wrong with the store itself, a sentence each; empty when nothing is.

        This looks at the vectors of every collection, of whatever model: each image has one, of its collection's
        length, finite, a unit vector; and at those that are staged.
        """

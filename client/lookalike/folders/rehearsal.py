"""What bringing a collection in step would do: the same calls, of which none changes anything.

Pictures are hashed and the server is asked which it misses, as an import asks; none is sent. That a file is no picture
is only seen when it is.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from lookalike import pictures, types
from lookalike.client import Client
from lookalike.errors import CollectionNotFound, LookalikeError
from lookalike.folders.found import AsFound
from lookalike.importing import BATCH, Importable
from lookalike.types import ImportItem, ImportOutcome, ImportProgress, Sighting, SourcesRemoved


class Rehearsal:
    """Stands where a client would, for `keep.bring`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def server_info(self) -> types.ServerInfo:
        """The server's."""
        return self._client.server_info()

    def import_images(
        self, items: Iterable[Importable], *, collection: str = "default", labels: Mapping[str, str] | None = None
    ) -> Generator[ImportProgress, None, None]:
        """What would become of each, and the bytes that would be sent. Where nothing is held, nothing is hashed."""
        holds_any = self._holds_any(collection)
        limit = self.server_info().limits.max_image_bytes
        numbered, sent_bytes = enumerate(items), 0
        while batch := list(islice(numbered, BATCH)):
            looked = [_looked_at(item, limit, hashes=holds_any) for _, item in batch]
            missing = self._missing(looked, collection) if holds_any else {""}
            for (index, item), known in zip(batch, looked, strict=True):
                outcome = _outcome(known, missing)
                sent_bytes += _size(item) if outcome is ImportOutcome.CREATED else 0
                yield _progress(index, outcome, known, sent_bytes)

    def remove_sources(
        self, sightings: Iterable[Sighting], *, collection: str = "default", remove_images: bool = False
    ) -> SourcesRemoved:
        """Nothing is removed."""
        return SourcesRemoved(0, 0)

    def _holds_any(self, collection: str) -> bool:
        with suppress(CollectionNotFound):
            return self._client.collection(collection).image_count > 0
        return False

    def _missing(self, looked: Iterable[str | LookalikeError], collection: str) -> set[str]:
        ids = [known for known in looked if isinstance(known, str)]
        return set(self._client.missing_images(ids, collection=collection)) if ids else set()


def _looked_at(item: Importable, limit: int, *, hashes: bool) -> str | LookalikeError:
    """The id of what it holds, empty where that is not wanted, or why it has none."""
    if isinstance(item, Sighting):
        return item.image_id
    if not hashes:
        return ""
    try:
        return pictures.fingerprint(_picture(item), limit)
    except LookalikeError as error:
        return error


def _outcome(known: str | LookalikeError, missing: set[str]) -> ImportOutcome:
    if isinstance(known, LookalikeError):
        return ImportOutcome.FAILED
    return ImportOutcome.CREATED if known in missing else ImportOutcome.EXISTED


def _progress(index: int, outcome: ImportOutcome, known: str | LookalikeError, sent_bytes: int) -> ImportProgress:
    error = known if isinstance(known, LookalikeError) else None
    image_id = known or None if isinstance(known, str) else None
    return ImportProgress(index + 1, None, index, None, outcome, image_id, error, sent_bytes)


def _picture(item: Importable) -> pictures.Picture:
    if isinstance(item, Sighting):
        raise TypeError("a sighting has no picture")
    return item.picture if isinstance(item, ImportItem) else item


def _size(item: Importable) -> int:
    """Bytes of its picture."""
    picture = _picture(item)
    if isinstance(picture, AsFound):
        return picture.size_bytes
    return len(pictures.content(picture, 1 << 62))

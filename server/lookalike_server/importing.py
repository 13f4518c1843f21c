"""The use case of an import: one picture's bytes become a durable image.

Every picture of every stream goes the same way: hash, look whether the collection holds it, else decode, batch, embed;
then it waits for the next commit, which takes everything that is ready, whichever stream it came from; the answer is
given after it.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.generations import ModelSwitched
from lookalike_server.catalog.limits import check_id, check_labels, check_source
from lookalike_server.committing import PAUSE, Committer
from lookalike_server.errors import ImageNotFound, ModelMismatch
from lookalike_server.identity import AlreadyKnown, Identity
from lookalike_server.pipeline.embed import Embedder, Picture
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Arrival, Content, Outcome, Source


@dataclass(frozen=True, slots=True)
class Item:
    """One picture on its way in: its bytes, or an image's id, alone where the collection holds it, else `embedded`.

    That is what is known of an image whose picture stays where it is; it names the model that made it.
    """

    collection: str
    content: bytes | None = None
    image_id: str = ""
    embedded: Content | None = None
    source: Source | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


class Importer:
    """Stores pictures; `start` and `close` bracket its use on one event loop. `embedders` by the id of their model.

    `pause`: seconds that a commit waits for what is on its way.
    """

    def __init__(self, embedders: Mapping[str, Embedder], catalog: Catalog, pause: float = PAUSE) -> None:
        self._embedders = embedders
        self._catalog = catalog
        self._committer = Committer(self._add, pause)

    def start(self) -> None:
        """Begin to commit."""
        self._committer.start()

    async def close(self) -> None:
        """Commit what is ready, then end."""
        await self._committer.close()

    async def store(self, item: Item) -> tuple[str, Outcome]:
        """Store one picture durably; returns its id and what became of it.

        Raises every error that the proto lists for an item of ImportImages.
        """
        while True:
            with suppress(ModelSwitched):  # what was embedded for the model before is embedded for the one that is now
                return await self._stored(item)

    async def _stored(self, item: Item) -> tuple[str, Outcome]:
        check_labels(item.labels)
        if item.source is not None:
            check_source(item.source)
        if item.embedded is not None:
            return item.image_id, await self._committed(item, item.image_id, self._taken_over(item, item.embedded))
        if item.content is None:
            check_id(item.image_id)
            return item.image_id, await self._committed(item, item.image_id, None)
        identity = Identity(item.content, lambda image_id: not self._catalog.missing(item.collection, [image_id]))
        return await self._embedded(item, identity)

    async def _embedded(self, item: Item, identity: Identity) -> tuple[str, Outcome]:
        """What a picture's bytes tell, committed; without telling it again where the collection holds the picture."""
        collection = self._catalog.serving(item.collection)
        embedder = self._embedders[collection.model_id]
        try:
            with self._committer.coming():
                content = await embedder.embed(Picture(identity.content), Lane.BULK, check=identity.expect_new)
        except AlreadyKnown:
            # It may be deleted before the commit: then it is a new picture after all.
            with suppress(ImageNotFound):
                return identity.image_id, await self._committed(item, identity.image_id, None)
            content = await embedder.embed(Picture(identity.content), Lane.BULK)
        told = dated(replace(content, model_id=collection.model_id), item.source)
        return identity.image_id, await self._committed(item, identity.image_id, told)

    async def _committed(self, item: Item, image_id: str, content: Content | None) -> Outcome:
        """Wait for the commit that takes the arrival in."""
        arrival = Arrival(item.collection, image_id, content, item.source, item.labels)
        return await self._committer.committed(arrival)

    def _add(self, arrivals: Sequence[Arrival]) -> Sequence[Outcome | Exception]:
        return self._catalog.add(arrivals)

    def _taken_over(self, item: Item, embedded: Content) -> Content:
        """What is known without the picture. Raises ModelMismatch; the catalog checks the rest."""
        collection = self._catalog.serving(item.collection)
        if embedded.model_id != collection.model_id:
            raise ModelMismatch(
                f"the collection {item.collection!r} belongs to the model {collection.model_id}, and this embedding's "
                f"is {embedded.model_id or 'not named'}: import it into a collection of its own model"
            )
        return dated(embedded, item.source)


def dated(content: Content, source: Source | None) -> Content:
    """With the file's own time where nothing else tells when the picture was taken."""
    if content.captured is not None or source is None:
        return content
    return replace(content, captured=source.modified)

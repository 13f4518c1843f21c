"""The use case of an import: one picture's bytes become a durable image.

Every picture of every stream goes the same way: hash, look whether the collection holds it, else decode, batch, embed;
then it waits for the next commit. One commit takes everything that is ready, whichever stream it came from, so that the
cost of a durable write is shared (group commit); the answer is given after it.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from lookalike_server import stages
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.limits import check_id, check_labels, check_source
from lookalike_server.errors import DiskFull, ImageNotFound, ModelMismatch
from lookalike_server.pipeline.embed import Embedder, Picture
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Arrival, Content, Outcome, Scene, Source, Vector


@dataclass(frozen=True, slots=True)
class Embedded:
    """What is known of an image whose picture stays where it is: its embedding and scenes, and who made them."""

    vector: Vector
    model_id: str
    scenes: tuple[Scene, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One picture on its way in: its bytes, or an image's id, alone where the collection holds it, else `embedded`."""

    collection: str
    content: bytes | None = None
    image_id: str = ""
    embedded: Embedded | None = None
    source: Source | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


Waiting = tuple[Arrival, "asyncio.Future[Outcome]"]


class Importer:
    """Stores pictures; `start` and `close` bracket its use on one event loop. `embedders` by the id of their model."""

    def __init__(self, embedders: Mapping[str, Embedder], catalog: Catalog) -> None:
        self._embedders = embedders
        self._catalog = catalog
        self._ready: asyncio.Queue[Waiting] = asyncio.Queue()
        self._committer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to commit."""
        self._committer = asyncio.create_task(self._commit_forever(), name="committer")

    async def close(self) -> None:
        """Commit what is ready, then end."""
        await self._ready.join()
        if self._committer is not None:
            self._committer.cancel()

    async def store(self, item: Item) -> tuple[str, Outcome]:
        """Store one picture durably; returns its id and what became of it.

        Raises every error that the proto lists for an item of ImportImages.
        """
        check_labels(item.labels)
        if item.source is not None:
            check_source(item.source)
        if item.embedded is not None:
            content = await asyncio.to_thread(self._taken_over, item, item.embedded)
            return item.image_id, await self._committed(item, item.image_id, content)
        if item.content is None:
            check_id(item.image_id)
            return item.image_id, await self._committed(item, item.image_id, None)
        model_id, image_id, known = await asyncio.to_thread(self._identify, item.collection, item.content)
        if known:
            # It may be deleted before the commit: then it is a new picture after all.
            with suppress(ImageNotFound):
                return image_id, await self._committed(item, image_id, None)
        content = await self._content(model_id, item.content, item.source)
        return image_id, await self._committed(item, image_id, content)

    async def _committed(self, item: Item, image_id: str, content: Content | None) -> Outcome:
        """Wait for the commit that takes the arrival in."""
        arrival = Arrival(item.collection, image_id, content, item.source, item.labels)
        committed: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        await self._ready.put((arrival, committed))
        with stages.timed("index"):
            return await committed

    async def _content(self, model_id: str, content: bytes, source: Source | None) -> Content:
        """What the bytes tell; where they tell no time, the file's own stands in for it."""
        told = await self._embedders[model_id].embed(Picture(content), Lane.BULK)
        if told.captured is not None or source is None:
            return told
        return replace(told, captured=source.modified)

    def _taken_over(self, item: Item, embedded: Embedded) -> Content:
        """What is known without the picture. Raises ModelMismatch; the catalog checks the rest."""
        collection = self._catalog.serving(item.collection)
        if embedded.model_id != collection.model_id:
            raise ModelMismatch(
                f"the collection {item.collection!r} belongs to the model {collection.model_id}, and this embedding's "
                f"is {embedded.model_id or 'not named'}: import it into a collection of its own model"
            )
        captured = item.source.modified if item.source else None
        return Content(0, 0, 0, "", captured, embedded.vector, embedded.scenes)

    def _identify(self, collection: str, content: bytes) -> tuple[str, str, bool]:
        """The collection's model, the picture's id, and whether the collection holds it."""
        model_id = self._catalog.serving(collection).model_id
        image_id = hashlib.sha256(content).hexdigest()
        return model_id, image_id, not self._catalog.missing(collection, [image_id])

    async def _commit_forever(self) -> None:
        while True:
            group = [await self._ready.get()]
            while not self._ready.empty():
                group.append(self._ready.get_nowait())
            await self._commit(group)
            for _ in group:
                self._ready.task_done()

    async def _commit(self, group: list[Waiting]) -> None:
        outcomes = await asyncio.to_thread(self._outcomes, [arrival for arrival, _ in group])
        for (_, committed), outcome in zip(group, outcomes, strict=True):
            if committed.cancelled():
                continue  # the caller left; the image is stored all the same
            if isinstance(outcome, Outcome):
                committed.set_result(outcome)
            else:
                committed.set_exception(outcome)

    def _outcomes(self, arrivals: Sequence[Arrival]) -> Sequence[Outcome | Exception]:
        """What became of each arrival of a group; a fault that nobody foresaw costs only who brings it along."""
        try:
            return self._catalog.add(arrivals)
        except DiskFull as error:
            return [error] * len(arrivals)
        except Exception as error:  # nothing of the group was applied
            if len(arrivals) == 1:
                return [error]
            return [outcome for arrival in arrivals for outcome in self._outcomes([arrival])]

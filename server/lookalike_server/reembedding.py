"""The use case of a re-embedding: a held image's bytes become a vector of another model, durable beside the one in use.

A picture goes the way of an import: hash, look whether its vector is there already, else decode, batch, embed with the
other model, and wait for the next commit. Searches and imports go on meanwhile; `Catalog.switch_model` ends it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.committing import Committer
from lookalike_server.errors import LookalikeError
from lookalike_server.identity import AlreadyKnown, Identity
from lookalike_server.pipeline.embed import Embedder, Picture
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Arrival


class Reembedder:
    """Stages vectors; `start` and `close` bracket its use on one event loop. `embedders` by the id of their model."""

    def __init__(self, embedders: Mapping[str, Embedder], catalog: Catalog) -> None:
        self._embedders = embedders
        self._catalog = catalog
        self._committer: Committer[Arrival, LookalikeError | None] = Committer(catalog.stage)

    def start(self) -> None:
        """Begin to commit."""
        self._committer.start()

    async def close(self) -> None:
        """Commit what is ready, then end."""
        await self._committer.close()

    async def stage(self, collection: str, model_id: str, content: bytes) -> str:
        """Make one image's vector of a served model durable; returns the image's id.

        Raises every error that the proto lists for an item of ReembedImages.
        """
        identity = Identity(content, lambda image_id: not self._catalog.unstaged(collection, image_id, model_id))
        with suppress(AlreadyKnown):
            with self._committer.coming():
                told = await self._embedders[model_id].embed(Picture(content), Lane.BULK, check=identity.expect_new)
            await self._committer.committed(Arrival(collection, identity.image_id, replace(told, model_id=model_id)))
        return identity.image_id

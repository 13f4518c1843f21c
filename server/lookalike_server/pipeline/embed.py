"""Stage 3: the whole way of one picture, from bytes to an embedding."""

import asyncio
import math
from dataclasses import dataclass

from lookalike_server import stages
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.decode import Decoder, Region
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Content, Vector


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with a request; `path` is where the client says it lies."""

    content: bytes
    region: Region | None = None
    path: str = ""


class Embedder:
    """Decodes, batches, embeds. `deadline` is on the monotonic clock everywhere."""

    def __init__(self, decoder: Decoder, batcher: Batcher) -> None:
        self._decoder = decoder
        self._batcher = batcher

    async def embed(self, picture: Picture, lane: Lane, deadline: float = math.inf) -> Content:
        """What the bytes tell: facts and embedding.

        Raises the errors of decode and batch; cancelling it drops the work.
        """
        decoded = await self._decoder.decode(picture.content, picture.region, lane)
        computed = await asyncio.wrap_future(self._batcher.submit(decoded.pixels, lane, deadline))
        stages.spent("queue", computed.queue_seconds)
        stages.spent("embed", computed.embed_seconds)
        return Content(
            width=decoded.width,
            height=decoded.height,
            size_bytes=len(picture.content),
            format=decoded.format,
            captured=decoded.captured,
            vector=computed.vector,
        )

    async def vector(self, picture: Picture, deadline: float = math.inf) -> Vector:
        """The embedding alone, for somebody who waits."""
        return (await self.embed(picture, Lane.INTERACTIVE, deadline)).vector

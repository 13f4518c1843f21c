"""Stage 3: the whole way of one picture, from bytes to an embedding."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server import stages
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.decode import Decoder, Region
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Content, Scene, Vector

SCENES_KEPT = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with a request; `path` is where the client says it lies."""

    content: bytes
    region: Region | None = None
    path: str = ""


class Embedder:
    """Decodes, batches, embeds. `deadline` is on the monotonic clock everywhere."""

    def __init__(self, decoder: Decoder, batcher: Batcher, scenes: Sequence[str] = ()) -> None:
        """`scenes`: the kinds of place that the network tells apart."""
        self._decoder = decoder
        self._batcher = batcher
        self._scenes = scenes

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
            scenes=likeliest(self._scenes, computed.scenes),
        )

    async def vector(self, picture: Picture, deadline: float = math.inf) -> Vector:
        """The embedding alone, for somebody who waits."""
        return (await self.embed(picture, Lane.INTERACTIVE, deadline)).vector


def likeliest(names: Sequence[str], probabilities: NDArray[np.float32]) -> tuple[Scene, ...]:
    """The most likely scenes, at most `SCENES_KEPT`, most likely first; rounding may have put one above 1."""
    best = np.argsort(-probabilities, kind="stable")[:SCENES_KEPT]
    return tuple(Scene(names[place], min(float(probabilities[place]), 1.0)) for place in best)

"""Stage 3: the whole way of one picture, from bytes to an embedding."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lookalike_server import stages
from lookalike_server.errors import ShuttingDown
from lookalike_server.pipeline.admission import Admission, Bounds
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.decode import Decoded, Decoder, Region
from lookalike_server.pipeline.doorbell import Doorbell
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Computed
from lookalike_server.records import Content, Scene, Vector

SCENES_KEPT = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with a request; `path` is where the client says it lies."""

    content: bytes
    region: Region | None = None
    path: str = ""


class Embedder:
    """Admits, decodes, batches, embeds. `deadline` is on the monotonic clock everywhere."""

    def __init__(
        self, decoder: Decoder, batcher: Batcher, scenes: Sequence[str] = (), bounds: Bounds | None = None
    ) -> None:
        """`scenes`: the kinds of place that the network tells apart."""
        self.admission = Admission(bounds or Bounds(), decoder.seconds, batcher.room.seconds)
        self._decoder = decoder
        self._batcher = batcher
        self._scenes = scenes
        self._doorbell: Doorbell | None = None

    async def embed(
        self,
        picture: Picture,
        lane: Lane,
        deadline: float = math.inf,
        check: Callable[[], None] = lambda: None,
    ) -> Content:
        """What the bytes tell: facts and embedding.

        `check` is called in the decoding thread, before; what it raises ends the picture's way. Raises the errors of
        admission, decode and batch; cancelling it drops the work.
        """
        arrived = time.perf_counter()
        async with self.admission.passed(lane, deadline):
            decoded, computed = await self._embedded(picture, lane, deadline, check)
        stages.waited(decoded.began - arrived)
        return self._content(picture, decoded, computed)

    async def _embedded(
        self, picture: Picture, lane: Lane, deadline: float, check: Callable[[], None]
    ) -> tuple[Decoded, Computed]:
        embedding: Future[Computed] = Future()
        decoding = self._decoder.decode(picture.content, picture.region, lane, check, deadline)
        decoding.add_done_callback(partial(self._pass_on, embedding, lane, deadline))
        try:
            computed = await self._bell().wait(embedding)
        except asyncio.CancelledError:
            decoding.cancel()
            raise
        return decoding.result(), computed

    def _pass_on(self, embedding: "Future[Computed]", lane: Lane, deadline: float, decoding: "Future[Decoded]") -> None:
        """On the decoding thread: straight on to the batcher."""
        try:
            if decoding.cancelled():  # by whoever waits, or by the decoder's end
                raise ShuttingDown
            self._batcher.submit(decoding.result().pixels, lane, deadline, embedding)
        except Exception as error:
            if embedding.set_running_or_notify_cancel():
                embedding.set_exception(error)

    def _content(self, picture: Picture, decoded: Decoded, computed: Computed) -> Content:
        # One came right after the other, and all is told now that the last is over.
        stages.spent("decode", decoded.seconds, ago=computed.queue_seconds + computed.embed_seconds)
        stages.spent("queue", computed.queue_seconds, ago=computed.embed_seconds)
        stages.spent("embed", computed.embed_seconds)
        return Content(
            width=decoded.width,
            height=decoded.height,
            size_bytes=len(picture.content),
            format=decoded.format,
            captured=decoded.captured,
            vector=computed.vector,
            scenes=likeliest(self._scenes, computed.scenes),
            location=decoded.location,
        )

    def _bell(self) -> Doorbell:
        """Of the loop that all requests come from."""
        if self._doorbell is None:
            self._doorbell = Doorbell(asyncio.get_running_loop())
        return self._doorbell

    async def vector(self, picture: Picture, deadline: float = math.inf) -> Vector:
        """The embedding alone, for somebody who waits."""
        return (await self.embed(picture, Lane.INTERACTIVE, deadline)).vector


def likeliest(names: Sequence[str], probabilities: NDArray[np.float32]) -> tuple[Scene, ...]:
    """The most likely scenes, at most `SCENES_KEPT`, most likely first; rounding may have put one above 1."""
    best = np.argsort(-probabilities, kind="stable")[:SCENES_KEPT]
    return tuple(Scene(names[place], min(float(probabilities[place]), 1.0)) for place in best)

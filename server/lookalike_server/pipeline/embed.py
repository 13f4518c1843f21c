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
from lookalike_server.pipeline.turning import EVERY
from lookalike_server.pipeline.waiting import Computed
from lookalike_server.records import AS_IT_IS, Content, Scene, Turn, Vector

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
        decoded, (computed,) = await self._embedded(picture, lane, deadline, check, (AS_IT_IS,))
        return self._content(picture, decoded, computed)

    async def embed_turned(self, picture: Picture, deadline: float = math.inf) -> tuple[Content, dict[Turn, Vector]]:
        """For somebody who waits: what the bytes tell, and the embedding of the picture turned in every way.

        It is decoded once, and counts as so many pictures. Raises as `embed` does.
        """
        decoded, computed = await self._embedded(picture, Lane.INTERACTIVE, deadline, lambda: None, EVERY)
        vectors = {turn: each.vector for turn, each in zip(EVERY, computed, strict=True)}
        return self._content(picture, decoded, computed[0]), vectors

    async def _embedded(
        self, picture: Picture, lane: Lane, deadline: float, check: Callable[[], None], turns: Sequence[Turn]
    ) -> tuple[Decoded, list[Computed]]:
        """Through the door, decoded and computed, with the time that it took."""
        arrived = time.perf_counter()
        embeddings: list[Future[Computed]] = [Future() for _ in turns]
        async with self.admission.passed(lane, deadline, len(turns)):
            decoding = self._decoder.decode(picture.content, picture.region, lane, check, deadline, turns=turns)
            decoding.add_done_callback(partial(self._pass_on, embeddings, lane, deadline))
            try:
                computed = [await self._bell().wait(embedding) for embedding in embeddings]
            finally:
                decoding.cancel()  # of no effect on what is done
                for embedding in embeddings:
                    embedding.cancel()
        decoded = decoding.result()
        stages.waited(decoded.began - arrived)
        _spent(decoded, computed[-1])
        return decoded, computed

    def _pass_on(
        self, embeddings: "list[Future[Computed]]", lane: Lane, deadline: float, decoding: "Future[Decoded]"
    ) -> None:
        """On the decoding thread: straight on to the batcher."""
        try:
            if decoding.cancelled():  # by whoever waits, or by the decoder's end
                raise ShuttingDown
            self._batcher.submit_together(decoding.result().views, lane, deadline, embeddings)
        except Exception as error:
            for embedding in embeddings:
                if embedding.set_running_or_notify_cancel():
                    embedding.set_exception(error)

    def _content(self, picture: Picture, decoded: Decoded, computed: Computed) -> Content:
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


def _spent(decoded: Decoded, last: Computed) -> None:
    """One stage came right after the other, and all is told now that the last is over."""
    stages.spent("decode", decoded.seconds, ago=last.queue_seconds + last.embed_seconds)
    stages.spent("queue", last.queue_seconds, ago=last.embed_seconds)
    stages.spent("embed", last.embed_seconds)


def likeliest(names: Sequence[str], probabilities: NDArray[np.float32]) -> tuple[Scene, ...]:
    """The most likely scenes, at most `SCENES_KEPT`, most likely first; rounding may have put one above 1."""
    best = np.argsort(-probabilities, kind="stable")[:SCENES_KEPT]
    return tuple(Scene(names[place], min(float(probabilities[place]), 1.0)) for place in best)

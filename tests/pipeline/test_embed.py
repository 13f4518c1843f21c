"""The whole way of one picture, with a model whose preparation is behind a door and an engine that notes what comes."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image
from tests.pictures import encoded
from tests.plugged import Door

from lookalike_server.errors import DeadlineExceeded, QueueFull, ShuttingDown
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.pipeline.admission import Bounds
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.embed import Embedder, Picture, likeliest
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.turning import EVERY
from lookalike_server.records import AS_IT_IS, Scene


def until(moment: float) -> None:
    """Return when the clock is past it."""
    while time.monotonic() <= moment:
        pass


def grey(value: int) -> Picture:
    return Picture(encoded(Image.new("RGB", (32, 32), (value, value, value)), "PNG"))


class Gated:
    """A model that prepares a picture when its door is open, and notes its first pixel."""

    honours_orientation = False
    draft_size = None

    def __init__(self) -> None:
        self.door = Door()
        self.prepared: list[int] = []

    def prepare(self, image: Image.Image) -> Inputs:
        pixels = np.asarray(image)
        self.prepared.append(int(pixels[0, 0, 0]))
        self.door.pass_through()
        return pixels


@dataclass
class Way:
    """The parts of the way, with one thread that decodes."""

    model: Gated = field(default_factory=Gated)
    computed: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.decoder = Decoder(self.model, threads=1, max_bytes=10**6, max_pixels=10**6)  # type: ignore[arg-type]
        self.batcher = Batcher(self._compute)
        self.embedder = Embedder(self.decoder, self.batcher, bounds=Bounds(max_batch=1, max_wait=0.0))

    def _compute(self, pixels: Inputs) -> Outputs:
        numbers = pixels[:, 0, 0, 0]
        self.computed += numbers.tolist()
        self.batches.append(len(pixels))
        return Outputs.of([numbers.astype(np.float32)[:, np.newaxis]])

    async def set_out(self, *values: int, lane: Lane = Lane.BULK) -> list["asyncio.Task[object]"]:
        """Pictures on their way, of which a thread has begun to decode the first."""
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(self.embedder.embed(grey(value), lane)) for value in values
        ]
        assert await asyncio.to_thread(self.model.door.reached.wait, 10)
        return tasks


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    made = Way()
    made.batcher.start()
    yield made
    made.batcher.close()
    made.decoder.close()


async def test_a_picture_comes_back_with_its_own_embedding(way: Way) -> None:
    contents = await asyncio.gather(*(way.embedder.embed(grey(value), Lane.BULK) for value in (7, 8)))
    assert [content.vector.tolist() for content in contents] == [[7.0], [8.0]]


CORNERS = Picture(encoded(Image.fromarray(np.array([[[1] * 3, [2] * 3], [[3] * 3, [4] * 3]], np.uint8)), "PNG"))
"""Its upper left pixel is 1, 2, 3 or 4, as it is turned."""


async def test_turned_in_every_way_it_shares_one_batch(way: Way) -> None:
    content, vectors = await way.embedder.embed_turned(CORNERS)
    assert way.batches == [8]
    assert [int(vectors[turn][0]) for turn in EVERY] == [1, 3, 4, 2, 2, 4, 3, 1]
    assert content.vector.tolist() == vectors[AS_IT_IS].tolist()


async def test_turned_in_every_way_it_counts_as_eight(way: Way) -> None:
    with way.model.door.shut():
        turning = asyncio.create_task(way.embedder.embed_turned(CORNERS))
        assert await asyncio.to_thread(way.model.door.reached.wait, 10)
        assert len(way.embedder.admission) == 8
    await turning
    assert len(way.embedder.admission) == 0
    assert way.decoder.seconds(8) > 0


async def test_who_leaves_while_it_is_turned_is_not_computed(way: Way) -> None:
    with way.model.door.shut():
        leaving = asyncio.create_task(way.embedder.embed_turned(CORNERS))
        assert await asyncio.to_thread(way.model.door.reached.wait, 10)
        leaving.cancel()
        await asyncio.wait([leaving])
    await way.embedder.embed(grey(9), Lane.BULK)
    assert way.computed == [9]


async def test_who_leaves_before_decoding_is_not_decoded(way: Way) -> None:
    with way.model.door.shut():
        first, leaving, last = await way.set_out(1, 2, 3)
        leaving.cancel()
        await asyncio.wait([leaving])
    await asyncio.gather(first, last)
    assert way.model.prepared == [1, 3]


async def test_who_leaves_while_decoding_is_not_computed(way: Way) -> None:
    with way.model.door.shut():
        leaving, last = await way.set_out(1, 2)
        leaving.cancel()
        await asyncio.wait([leaving])
    await last
    assert way.computed == [2]


async def test_whose_deadline_passes_before_decoding_is_not_decoded(way: Way) -> None:
    with way.model.door.shut():
        (first,) = await way.set_out(1)
        deadline = time.monotonic() + 0.2
        late = asyncio.create_task(way.embedder.embed(grey(2), Lane.BULK, deadline))
        await asyncio.to_thread(until, deadline)
    await first
    with pytest.raises(DeadlineExceeded):
        await late
    assert way.model.prepared == [1]
    assert way.decoder.drops == {("deadline", Lane.BULK): 1}


async def test_what_decoding_takes_is_part_of_the_wait_that_people_are_told(way: Way) -> None:
    for rows in (1, 2):
        way.batcher.room.cost.learn(rows, 0.0)  # the engine takes no time at all
    with way.model.door.shut():
        tasks = await way.set_out(1, 2, lane=Lane.INTERACTIVE)
        with pytest.raises(QueueFull) as refused:
            await asyncio.wait_for(way.embedder.vector(grey(3)), 10)
        assert refused.value.retry_after
        assert len(way.embedder.admission) == 2
    await asyncio.gather(*tasks)


async def test_a_decoding_that_the_decoders_end_dropped_says_that_the_server_is_shutting_down(way: Way) -> None:
    with way.model.door.shut():
        first, dropped = await way.set_out(1, 2)
        way.decoder.close()
        with pytest.raises(ShuttingDown):
            await dropped
    await first
    assert way.model.prepared == [1]


def test_a_probability_that_rounding_put_above_one_is_one() -> None:
    assert likeliest(["pier", "beach"], np.array([0.0, 1.0000001], np.float32)) == (
        Scene("beach", 1.0),
        Scene("pier", 0.0),
    )

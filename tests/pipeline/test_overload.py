"""Door, room and engine together under more work than they can do, on a clock of the test's own."""

import math
import random
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import pytest

from lookalike_server.errors import LookalikeError, QueueFull
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.pipeline.admission import Admission, Bounds
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Computed, Rules

SECONDS_A_ROW, SECONDS_A_BATCH = 0.01, 0.005
MAX_BATCH = 16
CAPACITY = MAX_BATCH / (MAX_BATCH * SECONDS_A_ROW + SECONDS_A_BATCH)
"""Pictures a second."""


@dataclass
class Guest:
    """Somebody who was let in."""

    lane: Lane
    deadline: float
    future: "Future[Computed]"
    inside: AsyncExitStack
    answered: float = math.inf

    @property
    def is_served(self) -> bool:
        return self.answered <= self.deadline and self.future.exception() is None


class House:
    """A door and a batcher, with an engine whose time varies by a third."""

    def __init__(self) -> None:
        self.now = 0.0
        self.chance = random.Random(0)  # noqa: S311
        clock = lambda: self.now  # noqa: E731
        self.batcher = Batcher(self._embed, rules=Rules(max_batch=MAX_BATCH), clock=clock)
        self.door = Admission(Bounds(max_batch=MAX_BATCH), self.batcher.room.seconds, clock=clock)
        self.rows = 0
        self.inside: list[Guest] = []
        self.gone: list[Guest] = []
        self.refusals: list[QueueFull] = []
        self.is_over = False

    def _embed(self, pixels: Inputs) -> Outputs:
        self.rows += len(pixels)
        self.now += self.chance.uniform(0.67, 1.33) * (len(pixels) * SECONDS_A_ROW + SECONDS_A_BATCH)
        return Outputs.of([pixels.astype(np.float32)])

    async def come(self, lane: Lane, patience: float) -> None:
        stack, deadline = AsyncExitStack(), self.now + patience
        try:
            await stack.enter_async_context(self.door.passed(lane, deadline))
        except QueueFull as refusal:
            self.refusals.append(refusal)
            return
        future = self.batcher.submit(np.zeros(1), lane, deadline)
        self.inside.append(Guest(lane, deadline, future, stack))

    async def step(self) -> None:
        if not self.batcher.step():
            self.now += 0.001
        for guest in [guest for guest in self.inside if guest.future.done()]:
            guest.answered = self.now
            await guest.inside.aclose()
            self.inside.remove(guest)
            self.gone.append(guest)
            if guest.lane is Lane.BULK and not self.is_over:  # an import sends the next when one is done
                await self.come(Lane.BULK, math.inf)

    async def run(self, rate: float, seconds: float, patience: float) -> None:
        """People who come at a rate, whether or not others have been answered; then until all have gone."""
        due = self.chance.expovariate(rate)
        while due < seconds or self.inside:
            while due < min(self.now, seconds):
                await self.come(Lane.INTERACTIVE, patience)
                due += self.chance.expovariate(rate)
            self.is_over = self.now >= seconds
            await self.step()


@pytest.mark.parametrize("patience", [0.3, 1.0, 10.0, math.inf])
@pytest.mark.parametrize("times", [2, 5])
async def test_at_a_multiple_of_the_capacity_nine_tenths_of_it_are_served_in_time(times: int, patience: float) -> None:
    house, seconds = House(), 30.0
    await house.run(times * CAPACITY, seconds, patience)
    served = sum(guest.is_served for guest in house.gone)
    assert served >= 0.9 * CAPACITY * seconds
    assert house.rows - served <= 0.05 * served, "hardly anything is computed for nobody"
    assert len(house.refusals) >= 0.9 * (times - 1) * CAPACITY * seconds, "the others were refused"
    assert all(refusal.retry_after and refusal.retry_after <= 2.0 for refusal in house.refusals)


@pytest.mark.parametrize("patience", [0.5, math.inf])
async def test_below_the_capacity_nobody_is_refused(patience: float) -> None:
    house = House()
    await house.run(0.7 * CAPACITY, 30.0, patience)
    assert len(house.refusals) <= 0.01 * len(house.gone)
    assert all(guest.is_served for guest in house.gone)


async def test_under_overload_an_import_has_its_quarter_and_people_the_rest() -> None:
    house, seconds = House(), 30.0
    for _ in range(64):
        await house.come(Lane.BULK, math.inf)
    await house.run(2 * CAPACITY, seconds, 2.0)
    served = [guest.lane for guest in house.gone if guest.answered <= seconds]
    assert len(served) >= 0.9 * CAPACITY * seconds
    assert served.count(Lane.BULK) == pytest.approx(0.25 * len(served), rel=0.2)


async def test_what_is_refused_is_told_in_the_domains_words() -> None:
    house = House()
    await house.run(3 * CAPACITY, 5.0, 0.5)
    assert all(isinstance(refusal, LookalikeError) and "retry" in refusal.message for refusal in house.refusals)

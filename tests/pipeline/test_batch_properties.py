"""Whatever comes, leaves and passes in whatever order: what holds of the batcher always."""

import math
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookalike_server.errors import DeadlineExceeded
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Computed, Rules

SECONDS_A_ROW = 0.01
PATIENCE = 0.1


@dataclass
class Comer:
    """Somebody who submitted a picture, and what the engine saw of it."""

    lane: Lane
    deadline: float
    future: "Future[Computed]"
    computed_at: list[float] = field(default_factory=list)


class House:
    """A batcher with an engine that tells when it computed whose picture."""

    def __init__(self, max_batch: int, lanes: bool) -> None:
        self.now = 0.0
        self.comers: list[Comer] = []
        rules = Rules(max_batch=max_batch, lanes=lanes, patience=PATIENCE)
        self.batcher = Batcher(self._embed, rules=rules, clock=lambda: self.now)

    def _embed(self, pixels: Inputs) -> Outputs:
        for number in pixels[:, 0]:
            self.comers[number].computed_at.append(self.now)
        self.now += SECONDS_A_ROW * len(pixels)
        return Outputs.of([pixels.astype(np.float32)])

    def come(self, lane: Lane, patience: float) -> None:
        deadline = self.now + patience
        pixels = np.array([len(self.comers)], np.int32)
        self.comers.append(Comer(lane, deadline, self.batcher.submit(pixels, lane, deadline)))

    def leave(self, number: int) -> None:
        if self.comers:
            self.comers[number % len(self.comers)].future.cancel()

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def step(self, _: None = None) -> None:
        self.batcher.step()


patience = st.one_of(st.just(math.inf), st.floats(0.005, 1.0))
events = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.tuples(st.sampled_from(Lane), patience)),
        st.tuples(st.just("leave"), st.tuples(st.integers(0, 200))),
        st.tuples(st.just("wait"), st.tuples(st.floats(0, 0.2))),
        st.tuples(st.just("step"), st.tuples()),
    ),
    max_size=150,
)


@given(events=events, max_batch=st.integers(1, 8), lanes=st.booleans())
def test_each_is_answered_once_and_none_is_computed_for_nobody(
    events: list[tuple[str, tuple[object, ...]]], max_batch: int, lanes: bool
) -> None:
    house = House(max_batch, lanes)
    for name, arguments in events:
        getattr(house, name)(*arguments)
    while house.batcher.room:
        house.step()
    assert len(house.batcher.room) == 0
    computed = 0
    for number, comer in enumerate(house.comers):
        assert comer.future.done()
        if comer.future.cancelled() or isinstance(comer.future.exception(), DeadlineExceeded):
            assert comer.computed_at == []
        else:
            (computed_at,) = comer.computed_at
            assert computed_at < comer.deadline
            assert comer.future.result().vector.tolist() == [number]
            computed += 1
    assert house.batcher.room.drops.total() == len(house.comers) - computed


@given(crowds=st.lists(st.integers(1, 6), min_size=60, max_size=60), max_batch=st.integers(1, 4))
def test_however_many_people_come_bulk_gets_on_within_a_bound(crowds: list[int], max_batch: int) -> None:
    house = House(max_batch, lanes=True)
    house.come(Lane.BULK, math.inf)
    for crowd in crowds:
        for _ in range(crowd + max_batch):  # never fewer than a batch holds
            house.come(Lane.INTERACTIVE, math.inf)
        house.step()
    (computed_at,) = house.comers[0].computed_at
    # Once aged, it is owed a quarter of each batch's rows: a whole one after four batches at most.
    assert computed_at <= PATIENCE + 5 * max_batch * SECONDS_A_ROW

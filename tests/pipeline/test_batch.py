"""Each rule of the batcher, with a fake engine and a clock that the test moves."""

import math
import threading
import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.errors import DeadlineExceeded, EngineFailed, ShuttingDown
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Rules

SECONDS_A_ROW = 0.01


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Engine:
    """Gives each picture its own number back, and takes time on the clock for it."""

    def __init__(self, clock: Clock, seconds_a_row: float = SECONDS_A_ROW) -> None:
        self.clock = clock
        self.seconds_a_row = seconds_a_row
        self.batches: list[list[int]] = []

    def __call__(self, pixels: Inputs) -> Outputs:
        numbers = pixels[:, 0, 0, 0]
        self.batches.append(numbers.tolist())
        self.clock.now += self.seconds_a_row * len(pixels)
        return Outputs.of([numbers.astype(np.float32)[:, np.newaxis]])


def picture(number: int) -> NDArray[np.uint8]:
    return np.full((2, 2, 3), number, np.uint8)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(clock)


def batcher_with(engine: Engine, **rules: float) -> Batcher:
    return Batcher(engine, rules=Rules(**{"max_batch": 4, **rules}), clock=engine.clock)  # type: ignore[arg-type]


def drain(batcher: Batcher) -> None:
    while batcher.step():
        pass


def teach(batcher: Batcher) -> None:
    """Let the batcher learn what a row costs."""
    for rows in (1, 4, 2, 4):
        batcher.room.cost.learn(rows, rows * SECONDS_A_ROW)


def test_each_picture_gets_its_own_vector(engine: Engine) -> None:
    batcher = batcher_with(engine)
    futures = [batcher.submit(picture(number), Lane.BULK) for number in range(6)]
    drain(batcher)
    assert [future.result(0).vector.tolist() for future in futures] == [[n] for n in range(6)]
    assert engine.batches == [[0, 1, 2, 3], [4, 5]]


def test_a_batch_forms_of_whoever_is_there_without_waiting_for_more(engine: Engine) -> None:
    batcher = batcher_with(engine)
    batcher.submit(picture(7), Lane.BULK)
    assert batcher.step() == 1


def test_people_go_before_bulk_and_do_not_wait_for_rows_of_it(engine: Engine) -> None:
    batcher = batcher_with(engine, slice=10.0)
    for number in range(4):
        batcher.submit(picture(number), Lane.BULK)
    for number in (100, 101):
        batcher.submit(picture(number), Lane.INTERACTIVE)
    drain(batcher)
    assert engine.batches == [[100, 101], [0, 1, 2, 3]]


def test_the_earliest_deadline_goes_first(engine: Engine) -> None:
    batcher = batcher_with(engine, max_batch=1, slice=10.0, max_wait=1000.0)
    for number, deadline in ((1, 300.0), (2, 200.0), (3, math.inf), (4, 250.0)):
        batcher.submit(picture(number), Lane.INTERACTIVE, deadline)
    drain(batcher)
    assert engine.batches == [[2], [4], [1], [3]]


def test_a_batch_is_cut_to_a_slice_while_people_are_about(engine: Engine) -> None:
    batcher = batcher_with(engine, slice=0.025)
    teach(batcher)
    batcher.submit(picture(100), Lane.INTERACTIVE)
    for number in range(8):
        batcher.submit(picture(number), Lane.BULK)
    drain(batcher)
    assert engine.batches == [[100], [0, 1], [2, 3], [4, 5], [6, 7]], "25 ms at 10 ms a row are two rows"


def test_what_a_row_costs_is_learnt_from_the_batches(clock: Clock) -> None:
    batcher = batcher_with(Engine(clock, seconds_a_row=0.03), max_batch=16, slice=0.1)
    for rows in (1, 4, 2):
        for number in range(rows):
            batcher.submit(picture(number), Lane.INTERACTIVE)
        batcher.step()
    for number in range(16):
        batcher.submit(picture(number), Lane.BULK)
    assert batcher.step() == 3, "100 ms at 30 ms a row; before it learnt it would have thought of ten"
    assert batcher.room.seconds(16) == pytest.approx(0.48)


def test_whole_batches_are_predicted_and_the_rest_as_one_more(engine: Engine) -> None:
    batcher = batcher_with(engine, max_batch=4)
    for rows in (1, 4, 2, 4):
        batcher.room.cost.learn(rows, rows * 0.01 + 0.005)
    predicted = [batcher.room.seconds(pictures) for pictures in (0, 3, 4, 8, 10)]
    assert predicted == pytest.approx([0.0, 0.035, 0.045, 0.09, 0.115]), "10 ms a row and 5 ms a batch"


def test_a_person_who_waited_longer_than_recent_still_counts(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine, slice=0.025, recent=1.0)
    teach(batcher)
    batcher.submit(picture(100), Lane.INTERACTIVE)
    clock.now += 1.5
    for number in range(4):
        batcher.submit(picture(number), Lane.BULK)
    drain(batcher)
    assert engine.batches == [[100], [0, 1], [2, 3]]


def test_a_slice_has_no_more_rows_than_a_batch(engine: Engine) -> None:
    batcher = batcher_with(engine, max_batch=4, slice=10.0)
    batcher.submit(picture(100), Lane.INTERACTIVE)
    for number in range(8):
        batcher.submit(picture(number), Lane.BULK)
    drain(batcher)
    assert engine.batches == [[100], [0, 1, 2, 3], [4, 5, 6, 7]]


def test_batches_are_full_again_when_people_have_gone(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine, slice=0.025, recent=1.0)
    teach(batcher)
    batcher.submit(picture(100), Lane.INTERACTIVE)
    batcher.step()
    clock.now += 1.1
    for number in range(4):
        batcher.submit(picture(number), Lane.BULK)
    drain(batcher)
    assert engine.batches[1:] == [[0, 1, 2, 3]]


def test_bulk_ages_and_gets_rows_of_its_own_under_saturating_interactive(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine, slice=10.0, patience=0.5)
    batcher.submit(picture(1), Lane.BULK)
    for _ in range(4):
        batcher.submit(picture(100), Lane.INTERACTIVE)
    batcher.step()
    assert engine.batches == [[100] * 4], "young bulk waits"
    clock.now += 0.5
    for _ in range(4):
        batcher.submit(picture(100), Lane.INTERACTIVE)
    batcher.step()
    assert 1 in engine.batches[1]


def test_the_cancelled_are_never_computed(engine: Engine) -> None:
    batcher = batcher_with(engine)
    futures = [batcher.submit(picture(number), Lane.BULK) for number in range(4)]
    futures[1].cancel()
    futures[2].cancel()
    drain(batcher)
    assert engine.batches == [[0, 3]]
    assert batcher.room.drops == {("cancelled", Lane.BULK): 2}


def test_whose_deadline_passed_counts_as_late_even_when_the_transport_has_cancelled(
    engine: Engine, clock: Clock
) -> None:
    batcher = batcher_with(engine)
    batcher.submit(picture(1), Lane.INTERACTIVE, clock.now + 1).cancel()
    clock.now += 2
    drain(batcher)
    assert engine.batches == []
    assert batcher.room.drops == {("deadline", Lane.INTERACTIVE): 1}


def test_who_cancels_leaves_no_pixels_in_the_room(engine: Engine) -> None:
    batcher = batcher_with(engine)
    pixels = picture(1)
    held = weakref.ref(pixels)
    future = batcher.submit(pixels, Lane.BULK)
    del pixels
    assert held() is not None
    future.cancel()
    assert held() is None


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_aged_bulk_gets_a_quarter_of_all_rows_and_people_the_rest(engine: Engine, clock: Clock, rows: int) -> None:
    batcher = batcher_with(engine, max_batch=rows, slice=10.0, patience=0.5)
    for _ in range(100):
        batcher.submit(picture(1), Lane.BULK)
    clock.now += 1
    for _ in range(100):
        batcher.submit(picture(100), Lane.INTERACTIVE)
    for _ in range(40 // rows):
        batcher.step()
    served = [number for batch in engine.batches for number in batch]
    assert served.count(100) == 30
    assert served.count(1) == 10
    assert 100 in [number for batch in engine.batches[:2] for number in batch], "a person does not wait for a turn"


def test_a_person_without_a_deadline_is_never_passed_over(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine, max_batch=1, slice=10.0, max_wait=2.0)
    batcher.submit(picture(1), Lane.INTERACTIVE)
    for _ in range(300):
        batcher.submit(picture(100), Lane.INTERACTIVE, clock.now + 1.0)  # faster than the engine takes them
        batcher.submit(picture(100), Lane.INTERACTIVE, clock.now + 1.0)
        batcher.step()
        if 1 in engine.batches[-1]:
            break
    assert clock.now < 100.0 + 2.0 + 2 * SECONDS_A_ROW, "served in the order of a deadline of max_wait"


def test_saturating_people_leave_bulk_its_share_over_many_batches(engine: Engine) -> None:
    batcher = batcher_with(engine, max_batch=16)
    teach(batcher)
    for _ in range(2000):
        batcher.submit(picture(1), Lane.BULK)
    for _ in range(300):
        for _ in range(16):
            batcher.submit(picture(100), Lane.INTERACTIVE)
        batcher.step()
    served = [number for batch in engine.batches for number in batch]
    assert served.count(1) / len(served) == pytest.approx(0.25, abs=0.02)
    assert len(batcher.room) > 0


def test_people_are_not_cut_to_a_slice(engine: Engine) -> None:
    batcher = batcher_with(engine, slice=0.025)
    teach(batcher)
    for number in range(4):
        batcher.submit(picture(number), Lane.INTERACTIVE)
    assert batcher.step() == 4


@pytest.mark.parametrize(("step", "rows"), [(1, 5), (2, 4), (4, 4), (8, 8)])
def test_a_slice_has_whole_steps(engine: Engine, step: int, rows: int) -> None:
    batcher = batcher_with(engine, max_batch=16, slice=0.055, step=step)
    teach(batcher)
    batcher.submit(picture(100), Lane.INTERACTIVE)
    for number in range(16):
        batcher.submit(picture(number), Lane.BULK)
    batcher.step()
    assert batcher.step() == rows, "55 ms at 10 ms a row"


def test_in_order_of_arrival_nobody_is_preferred_and_nothing_is_cut(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine, max_batch=4, slice=0.001, lanes=False)
    teach(batcher)
    clock.now += 1
    for number in range(8):
        lane = Lane.INTERACTIVE if number % 2 else Lane.BULK
        batcher.submit(picture(number), lane, clock.now + 50 - number)
    clock.now += 1
    drain(batcher)
    assert engine.batches == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_who_comes_too_late_is_told_so_at_once(engine: Engine, clock: Clock) -> None:
    batcher = batcher_with(engine)
    with pytest.raises(DeadlineExceeded):
        batcher.submit(picture(1), Lane.INTERACTIVE, clock.now)
    assert batcher.room.drops == {("deadline", Lane.INTERACTIVE): 1}


@pytest.mark.parametrize("lane", Lane)
def test_those_past_their_deadline_are_never_computed(engine: Engine, clock: Clock, lane: Lane) -> None:
    batcher = batcher_with(engine)
    late = batcher.submit(picture(1), lane, clock.now + 1)
    early = batcher.submit(picture(2), lane, clock.now + 3)
    clock.now += 2
    drain(batcher)
    assert engine.batches == [[2]]
    assert isinstance(late.exception(0), DeadlineExceeded)
    assert early.result(0).vector.tolist() == [2]
    assert batcher.room.drops == {("deadline", lane): 1}


def test_an_engine_error_fails_its_batch_only(clock: Clock) -> None:
    engine = Engine(clock)

    def brittle(pixels: Inputs) -> Outputs:
        if 3 in pixels:
            raise ValueError("a secret of the engine's")
        return engine(pixels)

    batcher = Batcher(brittle, rules=Rules(max_batch=2), clock=clock)
    futures = [batcher.submit(picture(number), Lane.BULK) for number in (1, 2, 3, 4, 5, 6)]
    drain(batcher)
    assert [future.exception(0) is None for future in futures] == [True, True, False, False, True, True]
    error = futures[2].exception(0)
    assert isinstance(error, EngineFailed)
    assert "secret" not in str(error)


def test_an_engine_that_gives_too_few_vectors_fails_its_batch(clock: Clock) -> None:
    batcher = Batcher(lambda pixels: Outputs.of([pixels[1:, 0, 0, :1]]), clock=clock)
    futures = [batcher.submit(picture(number), Lane.BULK) for number in range(3)]
    drain(batcher)
    assert [type(future.exception(0)) for future in futures] == [EngineFailed] * 3


class Fatal(BaseException):
    """What ends a thread."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_engine_thread_fails_every_waiter_and_is_reported() -> None:
    entered, release, reported = threading.Event(), threading.Event(), threading.Event()

    def dying(_pixels: Inputs) -> Outputs:
        entered.set()
        release.wait()
        raise Fatal

    batcher = Batcher(dying, rules=Rules(max_batch=1), on_death=reported.set)
    batcher.start()
    futures = [batcher.submit(picture(number), Lane.BULK) for number in range(3)]
    assert entered.wait(10)
    futures[2].cancel()
    release.set()
    assert isinstance(futures[0].exception(10), EngineFailed)
    assert isinstance(futures[1].exception(10), EngineFailed)
    assert reported.wait(10)
    with pytest.raises(EngineFailed):
        batcher.submit(picture(9), Lane.BULK)
    batcher.close()


def test_closing_finishes_what_waits_and_takes_nothing_new() -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(pixels: Inputs) -> Outputs:
        entered.set()
        release.wait()
        return Outputs.of([pixels[:, 0, 0, :1]])

    batcher = Batcher(slow, rules=Rules(max_batch=1))
    batcher.start()
    futures = [batcher.submit(picture(number), Lane.BULK) for number in range(3)]
    assert entered.wait(10)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    release.set()
    closing.join(10)
    assert [future.result(0).vector.tolist() for future in futures] == [[0], [1], [2]]
    with pytest.raises(ShuttingDown):
        batcher.submit(picture(9), Lane.BULK)


def test_the_next_batch_forms_while_the_engine_computes() -> None:
    entered, release = threading.Semaphore(0), threading.Semaphore(0)
    sizes: list[int] = []

    def slow(pixels: Inputs) -> Outputs:
        sizes.append(len(pixels))
        entered.release()
        release.acquire()
        return Outputs.of([pixels[:, 0, 0, :1]])

    batcher = Batcher(slow, rules=Rules(max_batch=4, slice=10.0))
    batcher.start()
    first = batcher.submit(picture(0), Lane.INTERACTIVE)
    assert entered.acquire(timeout=10)
    rest = [batcher.submit(picture(number), Lane.INTERACTIVE) for number in (1, 2, 3)]
    release.release(2)
    first.result(10)
    for future in rest:
        future.result(10)
    batcher.close()
    assert sizes == [1, 3]


def test_queue_and_compute_times_are_told(engine: Engine, clock: Clock) -> None:
    batches: list[tuple[Sequence[Lane], float]] = []
    batcher = Batcher(engine, clock=clock, on_batch=lambda lanes, seconds: batches.append((lanes, seconds)))
    future = batcher.submit(picture(1), Lane.BULK)
    clock.now += 0.3
    batcher.step()
    computed = future.result(0)
    assert computed.queue_seconds == pytest.approx(0.3)
    assert computed.embed_seconds == pytest.approx(SECONDS_A_ROW)
    ((lanes, seconds),) = batches
    assert lanes == [Lane.BULK]
    assert seconds == pytest.approx(SECONDS_A_ROW)


@pytest.mark.parametrize("arrays", [1, 3])
def test_an_engine_of_other_outputs_fails_its_batch_only(clock: Clock, arrays: int) -> None:
    engine = Engine(clock)
    batcher = Batcher(lambda pixels: (np.zeros((len(pixels), 1)),) * arrays, clock=clock)  # type: ignore[arg-type, return-value]
    future = batcher.submit(picture(1), Lane.BULK)
    batcher.step()
    with pytest.raises(EngineFailed):
        future.result(0)
    assert engine.batches == []


def test_a_fault_behind_the_pass_fails_its_batch_too(engine: Engine) -> None:
    def broken(_lanes: object, _seconds: float) -> None:
        raise RuntimeError("the counters are broken")

    batcher = Batcher(engine, clock=engine.clock, on_batch=broken)
    future = batcher.submit(picture(1), Lane.BULK)
    batcher.step()
    with pytest.raises(EngineFailed):
        future.result(0)

"""Each rule of the door before decoding, with predictions and a clock that the test gives."""

import asyncio
import math
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from lookalike_server.errors import DeadlineExceeded, QueueFull
from lookalike_server.pipeline.admission import SHORTEST_RETRY, Admission, Bounds
from lookalike_server.pipeline.lane import Lane

NOW = 100.0
SECONDS_A_PICTURE = 0.01


def clock() -> float:
    return NOW


def engine(pictures: int) -> float:
    return pictures * SECONDS_A_PICTURE


def door(**bounds: float) -> Admission:
    """Of an engine that takes 10 ms a picture; two batches, which may always wait, are two pictures."""
    return Admission(Bounds(**{"max_batch": 1, **bounds}), engine, clock=clock)  # type: ignore[arg-type]


async def let_in(admission: Admission, inside: AsyncExitStack, *, most: int = 1000, left: float = math.inf) -> int:
    """Let people in, to stay, until one is refused; how many there are."""
    for number in range(most):
        try:
            await inside.enter_async_context(admission.passed(Lane.INTERACTIVE, NOW + left))
        except QueueFull:
            return number
    return most


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_as_many_may_wait_as_the_bound_says_besides_the_batch_in_the_engine() -> None:
    admission = door(max_images=3, max_batch=2)
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside) == 5
        assert len(admission) == 5
        async with admission.passed(Lane.BULK):
            assert len(admission) == 6, "bulk waits for a place of its own, however many people there are"
        assert admission.drops == {("queue_full", Lane.INTERACTIVE): 1}
    assert len(admission) == 0
    async with admission.passed(Lane.INTERACTIVE):
        assert len(admission) == 1


async def test_people_are_refused_when_the_predicted_wait_is_longer_than_theirs_and_told_when_to_come_back() -> None:
    admission = door(max_wait=0.105)
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside) == 10, "100 ms at 10 ms a picture"
        with pytest.raises(QueueFull) as refused:
            await inside.enter_async_context(admission.passed(Lane.INTERACTIVE))
    assert refused.value.retry_after == pytest.approx(0.11 / 2), "when half of what waits is done"


async def test_a_query_of_many_pictures_counts_as_many() -> None:
    admission = door(max_images=10, max_batch=2)
    async with AsyncExitStack() as inside:
        await inside.enter_async_context(admission.passed(Lane.INTERACTIVE, NOW + 7, 8))
        assert len(admission) == 8
        with pytest.raises(QueueFull):
            await inside.enter_async_context(admission.passed(Lane.INTERACTIVE, pictures=8))
        assert await let_in(admission, inside) == 4
    assert len(admission) == 0
    async with admission.passed(Lane.INTERACTIVE, pictures=100):
        assert len(admission) == 100, "nobody was there"


async def test_the_predicted_wait_is_that_of_all_its_pictures() -> None:
    admission = door(max_wait=0.105)
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside, most=3) == 3
        with pytest.raises(QueueFull):
            await inside.enter_async_context(admission.passed(Lane.INTERACTIVE, pictures=8))
        await inside.enter_async_context(admission.passed(Lane.INTERACTIVE, pictures=7))
        assert len(admission) == 10


async def test_a_retry_is_never_at_once() -> None:
    admission = door(max_images=1, max_batch=1)
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside) == 2
        with pytest.raises(QueueFull) as refused:
            await inside.enter_async_context(admission.passed(Lane.INTERACTIVE))
    assert refused.value.retry_after == SHORTEST_RETRY


async def test_two_batches_may_wait_however_slow_the_engine_is() -> None:
    slow = Admission(Bounds(max_batch=16, max_wait=2.0), lambda pictures: 0.5 * pictures, clock=clock)
    async with AsyncExitStack() as inside:
        assert await let_in(slow, inside) == 32, "or a query of 32 examples could never be answered"


async def test_the_stages_predictions_add_up() -> None:
    admission = Admission(Bounds(max_batch=1, max_wait=0.105), engine, engine, clock=clock)
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside) == 5, "100 ms at 10 ms each for decoding and for the network"


async def test_bulks_share_of_the_rows_is_counted_while_it_is_there() -> None:
    admission = door(max_wait=0.105)
    async with AsyncExitStack() as inside:
        await inside.enter_async_context(admission.passed(Lane.BULK))
        assert await let_in(admission, inside) == 7, "people have three quarters of the rows"


async def test_who_cannot_be_served_before_the_deadline_is_refused_at_once() -> None:
    admission = door()
    async with AsyncExitStack() as inside:
        assert await let_in(admission, inside, left=0.105) == 8, "80 ms at 10 ms a picture, and a margin"


async def test_only_those_who_go_first_are_ahead_of_a_deadline() -> None:
    admission = door()
    async with AsyncExitStack() as inside:
        await let_in(admission, inside, most=50)
        assert await let_in(admission, inside, left=0.055) == 4, "40 ms and a margin, before all without a deadline"


@pytest.mark.parametrize("leavers", [0.045, math.inf], ids=["who goes first", "who goes last"])
async def test_who_leaves_takes_nobody_elses_deadline_along(leavers: float) -> None:
    admission = door()
    async with AsyncExitStack() as inside:
        await let_in(admission, inside, most=3, left=0.05)
        await let_in(admission, inside, most=1)
        async with admission.passed(Lane.INTERACTIVE, NOW + leavers):
            pass
        assert await let_in(admission, inside, left=0.055) == 1, "three are ahead, and there is time for four"


async def test_who_comes_too_late_is_told_so_at_once() -> None:
    admission = door()
    for lane in Lane:
        with pytest.raises(DeadlineExceeded):
            async with admission.passed(lane, NOW):
                pass
    assert admission.drops == {("deadline", Lane.INTERACTIVE): 1, ("deadline", Lane.BULK): 1}


async def test_with_nobody_ahead_a_wrong_prediction_keeps_nobody_out() -> None:
    mistaken = Admission(Bounds(), lambda pictures: 60.0 * pictures, clock=clock)
    async with mistaken.passed(Lane.INTERACTIVE, NOW + 1), mistaken.passed(Lane.INTERACTIVE):
        assert len(mistaken) == 2


async def test_bulk_waits_for_a_place_in_turn_and_is_not_refused() -> None:
    admission = door(bulk_places=2, max_wait=0.0)
    entered: list[int] = []
    leave = asyncio.Semaphore(0)

    async def one(number: int) -> None:
        async with admission.passed(Lane.BULK):
            entered.append(number)
            await leave.acquire()

    tasks = [asyncio.create_task(one(number)) for number in range(6)]
    await settle()
    assert entered == [0, 1]
    tasks[2].cancel()
    leave.release()
    await settle()
    assert entered == [0, 1, 3], "who left has no turn"
    for _ in range(5):
        leave.release()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert entered == [0, 1, 3, 4, 5]
    assert len(admission) == 0


async def test_two_imports_share_the_places_evenly_whoever_came_first() -> None:
    admission = door(bulk_places=4)
    done: Counter[str] = Counter()

    async def stream(name: str) -> None:
        """One place of a stream's window: the next picture when the one before is done."""
        while done.total() < 400:
            async with admission.passed(Lane.BULK):
                await asyncio.sleep(0)
            done[name] += 1

    async with asyncio.TaskGroup() as tasks:
        for name in ("first", "second"):
            for _ in range(8):
                tasks.create_task(stream(name))
    assert abs(done["first"] - done["second"]) <= 8


async def test_who_leaves_gives_the_place_back_whenever_that_is() -> None:
    admission = door(bulk_places=1)

    async def stay(lane: Lane) -> None:
        async with admission.passed(lane):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay(lane)) for lane in (*Lane, *Lane)]
    await settle()
    assert len(admission) == 3, "the second of bulk waits outside"
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(admission) == 0
    async with admission.passed(Lane.BULK):
        assert len(admission) == 1

"""How work that threads have finished comes back: on the test's own event loop, with futures that the test settles."""

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any

import pytest

from lookalike_server.pipeline.doorbell import Doorbell


@pytest.fixture
async def bell() -> Doorbell:
    return Doorbell(asyncio.get_running_loop())


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(bell: Doorbell, *futures: "Future[int]") -> list["asyncio.Task[int]"]:
    """Tasks that wait for the futures by now."""
    tasks = [asyncio.create_task(bell.wait(future)) for future in futures]
    await settle()
    return tasks


async def test_what_a_thread_made_of_it_comes_back(bell: Doorbell) -> None:
    good: Future[int] = Future()
    bad: Future[int] = Future()
    first, second = await waiting(bell, good, bad)
    await asyncio.to_thread(good.set_result, 7)
    await asyncio.to_thread(bad.set_exception, ValueError("its own"))
    assert await first == 7
    with pytest.raises(ValueError, match="its own"):
        await second


async def test_a_future_that_was_settled_before_is_not_waited_for(bell: Doorbell) -> None:
    future: Future[int] = Future()
    future.set_result(7)
    assert await bell.wait(future) == 7


async def test_one_ring_wakes_all_who_lie_at_the_door(bell: Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    calling, rings = loop.call_soon_threadsafe, []

    def counted(*given: Any, **others: Any) -> asyncio.Handle:
        rings.append(given)
        return calling(*given, **others)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    for _ in range(2):  # the door is shut again when all are in
        futures: list[Future[int]] = [Future() for _ in range(16)]
        tasks = await waiting(bell, *futures)
        for number, future in enumerate(futures):
            future.set_result(number)
        await settle()
        assert [task.result() for task in tasks] == list(range(16))
    assert len(rings) == 2


async def test_who_arrives_while_the_door_is_being_shut_is_let_in(bell: Doorbell) -> None:
    early: Future[int] = Future()
    late: Future[int] = Future()

    class Door(deque[Any]):
        """The late one comes in the moment in which nobody is seen at the door any more."""

        def __bool__(self) -> bool:
            if not len(self) and not late.done():
                late.set_result(2)
                return False
            return len(self) > 0

    bell._arrived = Door()
    tasks = await waiting(bell, early, late)
    early.set_result(1)
    await settle()
    assert late.done()
    assert [task.done() for task in tasks] == [True, True], "a lost ring would leave the late one outside for ever"


async def test_who_stops_waiting_cancels_the_work(bell: Doorbell) -> None:
    future: Future[int] = Future()
    (task,) = await waiting(bell, future)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert future.cancelled()


async def test_who_leaves_with_the_answer_at_the_door_keeps_nobody_else_outside(bell: Doorbell) -> None:
    futures: list[Future[int]] = [Future(), Future()]
    leaving, staying = await waiting(bell, *futures)
    for future in futures:
        future.set_result(7)
    leaving.cancel()
    await settle()
    assert leaving.cancelled()
    assert staying.result() == 7


async def test_many_threads_may_ring_at_once(bell: Doorbell) -> None:
    futures: list[Future[int]] = [Future() for _ in range(2000)]
    tasks = await waiting(bell, *futures)
    together = threading.Barrier(8)

    def settle_some(first: int) -> None:
        together.wait(10)
        for number in range(first, len(futures), 8):
            futures[number].set_result(number)

    threads = [threading.Thread(target=settle_some, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    async with asyncio.timeout(30):
        assert await asyncio.gather(*tasks) == list(range(2000))
    for thread in threads:
        thread.join()

"""The rules of a stream of independent items, without a network."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lookalike.v1 import search_service_pb2 as spb
from lookalike_server.errors import QueueFull, ShuttingDown
from lookalike_server.pipeline.budget import ByteBudget
from lookalike_server.rpc.streams import answer_each

Request = spb.SearchStreamRequest


async def numbered(count: int) -> AsyncIterator[Request]:
    for tag in range(1, count + 1):
        yield Request(tag=tag)


class Stream:
    """One stream under way, and what came of it."""

    def __init__(self, count: int, *, window: int = 4, limit: int = 1_000) -> None:
        self.budget = ByteBudget(limit)
        self.closing = asyncio.Event()
        self.begun: list[int] = []
        self.written: list[int] = []
        self.may_answer, self.may_write = asyncio.Event(), asyncio.Event()
        requests = numbered(count)
        work = answer_each(requests, self.answer, self.write, window=window, budget=self.budget, closing=self.closing)
        self.task = asyncio.create_task(work)

    async def answer(self, request: Request) -> int:
        self.begun.append(request.tag)
        await self.may_answer.wait()
        return request.tag

    async def write(self, tag: int) -> None:
        await self.may_write.wait()
        self.written.append(tag)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_no_more_than_the_window_is_under_way_until_answers_are_taken() -> None:
    stream = Stream(10, window=4)
    stream.may_answer.set()
    await settle()
    assert stream.begun == [1, 2, 3, 4], "a reader that does not read stalls its stream"
    stream.may_write.set()
    await stream.task
    assert sorted(stream.written) == list(range(1, 11))


async def test_a_reader_that_does_not_read_keeps_no_bytes_from_others() -> None:
    stream = Stream(4)
    await settle()
    assert stream.budget.held > 0
    stream.may_answer.set()
    await settle()
    assert stream.written == []
    assert stream.budget.held == 0
    stream.task.cancel()


@pytest.mark.parametrize("rounds", range(8))
async def test_a_stream_that_is_left_gives_its_bytes_back_whenever_that_is(rounds: int) -> None:
    stream = Stream(4)
    for _ in range(rounds):
        await asyncio.sleep(0)
    stream.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream.task
    assert stream.budget.held == 0


async def test_streams_share_the_bytes() -> None:
    size = Request(tag=1).ByteSize()
    stream = Stream(4, limit=2 * size)
    await settle()
    assert stream.begun == [1, 2]
    stream.may_answer.set()
    stream.may_write.set()
    await stream.task
    assert len(stream.written) == 4


async def test_draining_answers_what_was_read_and_then_ends() -> None:
    stream = Stream(10, window=3)
    await settle()
    stream.closing.set()
    await settle()
    stream.may_answer.set()
    stream.may_write.set()
    with pytest.raises(ShuttingDown):
        await stream.task
    assert sorted(stream.written) == [1, 2, 3]


async def test_a_stream_that_has_ended_before_the_drain_is_whole() -> None:
    stream = Stream(2)
    await settle()
    stream.closing.set()
    stream.may_answer.set()
    stream.may_write.set()
    await stream.task
    assert stream.written == [1, 2]


async def test_a_large_request_is_not_passed_over_by_small_ones_for_ever() -> None:
    budget = ByteBudget(10)
    first = await budget.hold(6)
    large = asyncio.create_task(budget.hold(9))
    await settle()
    small = asyncio.create_task(budget.hold(1))
    await settle()
    assert not small.done(), "though there is room for it: it came later"
    first.release()
    await settle()
    assert large.done()
    assert small.done()


async def test_who_does_not_wait_for_room_is_refused() -> None:
    budget = ByteBudget(10)
    hold = budget.hold_now(100)
    assert budget.is_full, "a single larger one may be held alone"
    with pytest.raises(QueueFull) as refused:
        budget.hold_now(1)
    assert refused.value.retry_after
    hold.release()
    budget.hold_now(10).release()
    assert budget.held == 0

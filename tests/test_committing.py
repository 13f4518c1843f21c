"""Group commit by itself: a `commit` that records its groups, and a pause that either never ends or is none."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from tests.plugged import Door

from lookalike_server.committing import Committer
from lookalike_server.errors import DiskFull

ENDLESS = 3600.0
"""Seconds: a pause that no test waits for."""


class Ledger:
    """Writes groups down behind a door, each thing in capitals. What brings a fault along fails the whole group."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.door = Door()
        self.faults: dict[str, Exception] = {}

    def __call__(self, group: Sequence[str]) -> Sequence[str | Exception]:
        self.groups.append(list(group))
        self.door.pass_through()
        for work in group:
            if work in self.faults:
                raise self.faults[work]
        return [ValueError(work) if work == "refused" else work.upper() for work in group]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@asynccontextmanager
async def committing(ledger: Ledger, pause: float = ENDLESS) -> AsyncIterator[Committer[str, str]]:
    """At work while the block runs, which may take ten seconds: what would wait for ever fails."""
    committer: Committer[str, str] = Committer(ledger, pause)
    committer.start()
    async with asyncio.timeout(10):
        yield committer
        await committer.close()


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def bring(committer: Committer[str, str], *works: str) -> list["asyncio.Task[str]"]:
    """Tasks that have brought the works."""
    tasks = [asyncio.create_task(committer.committed(work)) for work in works]
    await settle()
    return tasks


async def test_what_comes_alone_is_committed_at_once(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        assert await committer.committed("a") == "A"
    assert ledger.groups == [["a"]]


async def test_each_gets_its_own_result_or_error(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        with committer.coming():
            tasks = await bring(committer, "a", "refused", "c")
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["A", "refused", "C"]
    assert ledger.groups == [["a", "refused", "c"]]


async def test_what_is_brought_during_a_commit_shares_the_next(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        with ledger.door.shut():
            tasks = await bring(committer, "a")
            assert await asyncio.to_thread(ledger.door.reached.wait, 10)
            tasks += await bring(committer, "b", "c")
        await asyncio.gather(*tasks)
    assert ledger.groups == [["a"], ["b", "c"]]


async def test_a_commit_waits_for_all_that_is_on_its_way_every_time(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        for _ in range(2):  # the second time must not take the first for its own
            with committer.coming():
                with committer.coming():
                    tasks = await bring(committer, "a")
                tasks += await bring(committer, "b")
            await asyncio.gather(*tasks)
    assert ledger.groups == [["a", "b"], ["a", "b"]]


async def test_what_fails_on_its_way_is_waited_for_no_longer(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        with suppress(ValueError), committer.coming():
            (task,) = await bring(committer, "a")
            raise ValueError("undecodable")
        assert await task == "A"


async def test_what_never_comes_is_waited_for_no_longer_than_the_pause(ledger: Ledger) -> None:
    async with committing(ledger, pause=0.0) as committer:
        with committer.coming():
            assert await committer.committed("a") == "A"


async def test_closing_commits_all_that_was_brought_and_ends(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        with ledger.door.shut():
            tasks = await bring(committer, "a")
            assert await asyncio.to_thread(ledger.door.reached.wait, 10)
            tasks += await bring(committer, "b", "c")
            closing = asyncio.create_task(committer.close())
            await settle()
            assert not closing.done()
        await closing
        assert await asyncio.gather(*tasks) == ["A", "B", "C"]
        await settle()
        assert "committer" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_who_leaves_hurts_nobody_and_is_committed_all_the_same(ledger: Ledger) -> None:
    async with committing(ledger) as committer:
        with committer.coming():
            leaving, staying = await bring(committer, "a", "b")
            leaving.cancel()
            await settle()
        assert await staying == "B"
        assert leaving.cancelled()
        assert await committer.committed("c") == "C", "it goes on"
    assert ledger.groups == [["a", "b"], ["c"]]


async def test_a_full_disk_is_told_to_all_and_not_tried_again_for_each(ledger: Ledger) -> None:
    ledger.faults["b"] = DiskFull("no room")
    async with committing(ledger) as committer:
        with committer.coming():
            tasks = await bring(committer, "a", "b", "c")
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [DiskFull] * 3
    assert ledger.groups == [["a", "b", "c"]]


async def test_a_fault_that_nobody_foresaw_costs_only_who_brings_it(ledger: Ledger) -> None:
    ledger.faults["b"] = KeyError("b")
    async with committing(ledger) as committer:
        with committer.coming():
            tasks = await bring(committer, "a", "b", "c")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert await committer.committed("d") == "D", "it goes on"
    assert [type(result) for result in results] == [str, KeyError, str]


async def test_commits_do_not_hold_up_the_event_loop(ledger: Ledger) -> None:
    threads: list[threading.Thread] = []
    ledger.door.pass_through = lambda: threads.append(threading.current_thread())  # type: ignore[method-assign]
    async with committing(ledger) as committer:
        await committer.committed("a")
    assert threading.current_thread() not in threads

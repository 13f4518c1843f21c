"""Group commit: one durable write takes everything that is ready, whoever brought it, and so its cost is shared.

Where more is on its way, a write waits a moment for it: with large photographs, which come one by one, each would else
be a write of its own. What comes alone is written at once.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from lookalike_server import stages
from lookalike_server.errors import DiskFull

PAUSE = 0.1
"""Seconds."""

Work = TypeVar("Work")
Result = TypeVar("Result")


class Committer(Generic[Work, Result]):
    """Hands on what many tasks bring to `commit`, which blocks, and answers each item with a result or its error.

    `start` and `close` bracket its use on one event loop. `pause`: seconds that a write waits for what is on its way.
    """

    def __init__(self, commit: Callable[[Sequence[Work]], Sequence[Result | Exception]], pause: float = PAUSE) -> None:
        self._commit = commit
        self._pause = pause
        self._ready: asyncio.Queue[tuple[Work, asyncio.Future[Result]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._coming = 0
        self._all_here = asyncio.Event()

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._commit_forever(), name="committer")

    async def close(self) -> None:
        """Commit what is ready, then end."""
        await self._ready.join()
        if self._task is not None:
            self._task.cancel()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While the block runs, something is on its way that will be brought at its end, unless it fails."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            if not self._coming:
                self._all_here.set()

    async def committed(self, work: Work) -> Result:
        """Wait for the commit that takes this in; its result."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        await self._ready.put((work, done))
        with stages.timed("index"):
            return await done

    async def _commit_forever(self) -> None:
        while True:
            group = [await self._ready.get()]
            await self._wait_for_others()
            while not self._ready.empty():
                group.append(self._ready.get_nowait())
            results = await asyncio.to_thread(self._results, [work for work, _ in group])
            for (_, done), result in zip(group, results, strict=True):
                settle(done, result)
                self._ready.task_done()

    async def _wait_for_others(self) -> None:
        self._all_here.clear()
        if self._coming:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_here.wait(), self._pause)

    def _results(self, group: Sequence[Work]) -> Sequence[Result | Exception]:
        """What became of each item of a group; a fault that nobody foresaw costs only who brings it along."""
        try:
            return self._commit(group)
        except DiskFull as error:
            return [error] * len(group)
        except Exception as error:  # nothing of the group was applied
            if len(group) == 1:
                return [error]
            return [result for work in group for result in self._results([work])]


def settle(done: "asyncio.Future[Result]", result: Result | Exception) -> None:
    """Answer who waits; who has left needs no answer, what was brought is committed all the same."""
    if done.cancelled():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)

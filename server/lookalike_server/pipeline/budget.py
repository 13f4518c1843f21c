"""How much may be held at once: the bounds on the memory that pictures take, encoded and decoded."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lookalike_server.errors import QueueFull


class PixelBudget:
    """Shared by all decoding threads; whoever needs more than is left waits until others have finished.

    Small ones may pass a large one, but for `patience` seconds only: then nobody begins before it.
    """

    def __init__(self, pixels: int, patience: float = 0.5) -> None:
        self._left = pixels
        self._all = pixels
        self._patience = patience
        self._waiting: list[float] = []
        self._freed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Hold so many pixels while the block runs; one picture larger than the whole budget holds all of it."""
        pixels = min(pixels, self._all)
        arrived = time.monotonic()
        with self._freed:
            self._waiting.append(arrived)
            self._freed.wait_for(lambda: self._left >= pixels and self._may_pass(arrived))
            self._waiting.remove(arrived)
            self._left -= pixels
        try:
            yield
        finally:
            with self._freed:
                self._left += pixels
                self._freed.notify_all()

    def _may_pass(self, arrived: float) -> bool:
        first = min(self._waiting)
        return arrived == first or time.monotonic() - first < self._patience


def no_room() -> QueueFull:
    """What to say when as many bytes are held as may be."""
    return QueueFull("the server holds as many bytes as it may: retry later", retry_after=0.5)


class ByteBudget:
    """Bytes of requests that may be held at once, by all calls together; a single larger one may be held alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()
        self.held = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a single byte."""
        return self.held >= self._limit

    async def hold(self, size: int) -> "Hold":
        """Hold so many bytes, when there is room for them: in turn, or small ones would pass a large one for ever."""
        async with self._turn:
            while not self._has_room(size):
                self._freed.clear()
                await self._freed.wait()
            return self._taken(size)

    def hold_now(self, size: int) -> "Hold":
        """Hold so many bytes. Raises QueueFull where there is no room for them."""
        if not self._has_room(size):
            raise no_room()
        return self._taken(size)

    def _has_room(self, size: int) -> bool:
        return not self.held or self.held + size <= self._limit

    def _taken(self, size: int) -> "Hold":
        self.held += size
        return Hold(self, size)

    def give_back(self, size: int) -> None:
        """Make room; `Hold.release` calls this."""
        self.held -= size
        self._freed.set()


class Hold:
    """Some bytes of a budget, until they are released."""

    def __init__(self, budget: ByteBudget, size: int) -> None:
        self._budget = budget
        self._size = size

    def release(self, _task: object = None) -> None:
        """Give the bytes back; again is nothing. May be a task's callback."""
        self._budget.give_back(self._size)
        self._size = 0

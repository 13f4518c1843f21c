"""How work that threads have finished comes back to the event loop: one ring wakes it for all that lies at the door.

A ring for each picture, as `asyncio.wrap_future` has it, costs a system call and a turn of the loop every time; a batch
of sixteen comes back with one.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


class Doorbell:
    """Waits on one event loop for futures that threads settle."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[asyncio.Future[None]] = deque()
        self._rung = False

    async def wait(self, future: "Future[Result]") -> Result:
        """What a thread makes of the future; who stops waiting cancels it."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(lambda _: self._ring(waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            future.cancel()
            raise
        return future.result()

    def _ring(self, waiter: "asyncio.Future[None]") -> None:
        self._arrived.append(waiter)
        if not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._open)

    def _open(self) -> None:
        self._rung = False  # before looking: who arrives from now on rings again
        while self._arrived:
            waiter = self._arrived.popleft()
            if not waiter.done():
                waiter.set_result(None)

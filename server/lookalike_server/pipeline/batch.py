"""Stage 2: prepared pixels enter, wait in the waiting room, and leave through the one engine thread in batches.

There is no fixed wait: the next batch forms while the engine computes. An engine's error fails its batch only; a dead
engine thread fails every waiter and is reported.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from lookalike_server import yielding
from lookalike_server.errors import EngineFailed, LookalikeError, ShuttingDown
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.pipeline.cost import CostModel
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Computed, Rules, Ticket, WaitingRoom

log = logging.getLogger("lookalike.batch")

Clock = Callable[[], float]
Embed = Callable[[Inputs], Outputs]


class Batcher:
    """The one engine thread: whenever it falls free it takes the next batch and runs it.

    `embed` runs a network on n prepared pictures. `on_batch` is told the lanes of a batch's pictures and its seconds.
    `on_death` is called, on the dying thread, when the thread ends for any other reason than `close`.
    """

    def __init__(
        self,
        embed: Embed,
        *,
        rules: Rules | None = None,
        clock: Clock = time.monotonic,
        on_batch: Callable[[Sequence[Lane], float], None] = lambda lanes, seconds: None,
        on_death: Callable[[], None] = lambda: None,
    ) -> None:
        self.room = WaitingRoom(rules or Rules(), CostModel())
        self._embed = embed
        self._clock = clock
        self._on_batch = on_batch
        self._on_death = on_death
        self._wakeup = threading.Condition()
        self._closing = self._dead = False
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(
        self, pixels: Inputs, lane: Lane, deadline: float = math.inf, future: "Future[Computed] | None" = None
    ) -> "Future[Computed]":
        """Queue one prepared picture; the future, the given one if there is one, is as `submit_together` says."""
        future = future or Future()
        self.submit_together([pixels], lane, deadline, [future])
        return future

    def submit_together(
        self, pictures: Sequence[Inputs], lane: Lane, deadline: float, futures: Sequence["Future[Computed]"]
    ) -> None:
        """Queue prepared pictures at once, so that they share a batch; the deadline is on the batcher's clock.

        Raises DeadlineExceeded or ShuttingDown. The futures, one for each, fail with DeadlineExceeded or EngineFailed;
        cancel them to leave.
        """
        with self._wakeup:
            if self._dead:
                raise EngineFailed("the engine has stopped")
            if self._closing:
                raise ShuttingDown
            now = self._clock()
            for pixels, future in zip(pictures, futures, strict=True):
                self.room.admit(Ticket(pixels, lane, now, deadline, future))
            self._wakeup.notify()

    def step(self) -> int:
        """Form one batch of those who wait and run it; returns its rows."""
        with self._wakeup:
            batch = self.room.next_batch(self._clock())
        if batch:
            self._run(batch)
        return len(batch)

    def close(self) -> None:
        """Take nothing new, finish everything that waits, and end the thread."""
        with self._wakeup:
            self._closing = True
            self._wakeup.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        try:
            yielding.to_others(yielding.ENGINE)
            while self._wait_for_work():
                self.step()
        except BaseException:
            log.exception("the engine thread died")
            self._die()

    def _wait_for_work(self) -> bool:
        with self._wakeup:
            while not self.room and not self._closing:
                self._wakeup.wait()
            return bool(self.room)

    def _run(self, batch: list[Ticket]) -> None:
        start = self._clock()
        try:
            vectors, scenes = self._embed(np.stack([ticket.pixels for ticket in batch]))
            if not len(vectors) == len(scenes) == len(batch):
                raise ValueError(f"{len(vectors)} embeddings and {len(scenes)} scenes for {len(batch)} pictures")
            seconds = self._clock() - start
            self.room.cost.learn(len(batch), seconds)
            self._on_batch([ticket.lane for ticket in batch], seconds)
        except Exception:
            log.exception("the engine failed on a batch of %d", len(batch))
            fail(batch, EngineFailed("the network failed on this picture's batch"))
            return
        except BaseException:
            fail(batch, EngineFailed("the engine has stopped"))
            raise
        for ticket, vector, told in zip(batch, vectors, scenes, strict=True):
            ticket.future.set_result(Computed(vector, told, start - ticket.arrived, seconds))

    def _die(self) -> None:
        with self._wakeup:
            self._dead = True
            waiters = self.room.clear()
        running = [ticket for ticket in waiters if ticket.future.set_running_or_notify_cancel()]
        fail(running, EngineFailed("the engine has stopped"))
        self._on_death()


def fail(tickets: list[Ticket], error: LookalikeError) -> None:
    """Give every ticket the same error."""
    for ticket in tickets:
        ticket.future.set_exception(error)

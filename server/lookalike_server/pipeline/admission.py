"""The door before decoding: who may set out on the way from bytes to an embedding.

A refusal must come at once and cost nothing, so it comes before decoding, which takes longer than all the rest of a
refused call. People are refused when the work ahead of them takes longer than they can wait; QueueFull says when to
come back. Bulk is not refused but waits for one of a few places, first come, first served, and so slows down whoever
sends it. Bytes are not counted here: requests are held in `budget.py` before they come to this door.
"""

import asyncio
import math
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from lookalike_server.errors import DeadlineExceeded, QueueFull
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import BULK_SHARE, TOO_LATE, Drops

SURE = 0.8
"""Of the time left: predictions err, and who is served just too late costs as much as anyone."""
SHORTEST_RETRY = 0.05
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many may be on the way, and how long it may take; times in seconds."""

    max_batch: int = 16
    max_images: int = 1024
    """Besides the batch in the engine."""
    max_wait: float = 2.0
    """Of a person; longer than that few look at the answer. Two batches may always wait: a query of many pictures."""
    bulk_places: int = 64
    """As many as one stream has under way; enough for a batch in the engine, one in the room and one being decoded."""


class Admission:
    """Lets pictures pass, and counts them until they have their embedding. Used on one event loop.

    Each of `stages` predicts the seconds that it takes for a number of pictures. Decoding and the network share the
    cores, so the predictions add up.
    """

    def __init__(
        self, bounds: Bounds, *stages: Callable[[int], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.bounds = bounds
        self.drops: Drops = Counter()
        self._stages = stages
        self._clock = clock
        self._due: list[float] = []
        self._bulk_places = asyncio.Semaphore(bounds.bulk_places)
        self._bulk = 0

    def __len__(self) -> int:
        """Pictures on the way."""
        return len(self._due) + self._bulk

    @asynccontextmanager
    async def passed(self, lane: Lane, deadline: float = math.inf, pictures: int = 1) -> AsyncIterator[None]:
        """Be on the way while the block runs, with so many pictures of a person's, or one of bulk's.

        The deadline is on the clock. Raises QueueFull, DeadlineExceeded.
        """
        now = self._clock()
        due = min(deadline, now + self.bounds.max_wait)
        self._check(lane, deadline - now, bisect_right(self._due, due), pictures)
        if lane is Lane.INTERACTIVE:
            with self._counted(due, pictures):
                yield
        else:
            async with self._bulk_places:
                self._bulk += 1
                try:
                    yield
                finally:
                    self._bulk -= 1

    def _check(self, lane: Lane, left: float, ahead: int, pictures: int) -> None:
        """Refuse who has no time left, or not enough to wait for so many people ahead."""
        if left <= 0:
            self.drops["deadline", lane] += 1
            raise DeadlineExceeded(TOO_LATE)
        if lane is Lane.BULK:
            return
        # Whoever comes meanwhile may share the batch, which is answered as a whole.
        seconds = self._seconds(ahead + min(ahead + pictures, max(pictures, self.bounds.max_batch)))
        # An empty house takes in whoever comes, however many they are: nobody else would ever be there.
        is_full = bool(self._due) and len(self._due) + pictures > self.bounds.max_images + self.bounds.max_batch
        if is_full or self._is_too_long(seconds, left, ahead):
            self.drops["queue_full", lane] += 1
            retry_after = max(seconds / 2, SHORTEST_RETRY)
            raise QueueFull("more pictures wait than can be embedded in good time: retry later", retry_after)

    def _is_too_long(self, seconds: float, left: float, ahead: int) -> bool:
        """Whether nobody would be there any more, or few would care."""
        if not ahead:  # whatever is predicted: only who is let in can prove it wrong
            return False
        return seconds > SURE * left or (seconds > self.bounds.max_wait and ahead >= 2 * self.bounds.max_batch)

    def _seconds(self, pictures: int) -> float:
        """Predicted time until so many people's pictures are done, while bulk has its share of the rows."""
        share = 1 - BULK_SHARE if self._bulk else 1.0
        return sum(stage(pictures) for stage in self._stages) / share

    @contextmanager
    def _counted(self, due: float, pictures: int) -> Iterator[None]:
        for _ in range(pictures):
            insort(self._due, due)
        try:
            yield
        finally:
            first = bisect_left(self._due, due)
            del self._due[first : first + pictures]

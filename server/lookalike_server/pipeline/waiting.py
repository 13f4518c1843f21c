"""The waiting room before the engine: who goes next. No threads, so that each rule can be tested.

1. Whatever is cancelled or past its deadline is dropped before compute.
2. Interactive work goes first, earliest deadline first, in passes of its own: a row more would keep people waiting.
3. A forward pass cannot be interrupted, so while interactive traffic is recent, a pass of bulk is cut to a slice of
   time. People are not cut: small passes are dear, and who waited for the next one would gain nothing.
4. Bulk ages: once its oldest has waited `patience`, a quarter of all rows is its own.

Who may come in at all is decided before decoding (`admission.py`).
"""

import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import DeadlineExceeded
from lookalike_server.pipeline.cost import CostModel
from lookalike_server.pipeline.lane import Lane

TOO_LATE = "the deadline passed before the picture could be embedded"

BULK_SHARE = 0.25
"""Of all rows, once bulk has aged."""

Drops = Counter[tuple[str, Lane]]
"""Pictures that left without an embedding, by reason and lane; the reasons are cancelled, deadline, queue_full."""

NOTHING: NDArray[Any] = np.empty(0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits."""

    images: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Computed:
    """What a ticket is exchanged for."""

    vector: NDArray[np.float32]
    """The embedding, [dim]."""
    scenes: NDArray[np.float32]
    """Probabilities of the model's scenes; empty when it tells none."""
    queue_seconds: float
    embed_seconds: float


@dataclass(slots=True, eq=False)
class Ticket:
    """One picture in the waiting room. `deadline` and `arrived` are on the room's clock."""

    pixels: NDArray[Any]
    lane: Lane
    arrived: float
    deadline: float = math.inf
    future: "Future[Computed]" = field(default_factory=Future)

    def let_go(self, _future: "Future[Computed]") -> None:
        """Give up the pixels: called when the future is done, so that who cancels leaves no memory in the room."""
        self.pixels = NOTHING


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers behind the rules; times in seconds."""

    max_batch: int = 16
    lanes: bool = True
    """Otherwise first come, first served: neither lanes nor slices, to compare with."""
    max_wait: float = 2.0
    """A person without a deadline, or with a later one, goes in the order of this one, and so is never passed over."""
    slice: float = 0.025
    step: int = 1
    """Rows that are computed at once: a slice has whole steps, since a row less would save no time."""
    recent: float = 1.0
    patience: float = 0.5


class WaitingRoom:
    """Who waits, and who goes next. Not thread-safe: the batcher's lock guards it."""

    def __init__(self, rules: Rules, cost: CostModel) -> None:
        self.rules = rules
        self.cost = cost
        self.drops: Drops = Counter()
        self._interactive: list[tuple[float, int, Ticket]] = []
        self._bulk: deque[Ticket] = deque()
        self._arrivals = itertools.count()
        self._last_interactive = -math.inf
        self._owed = 0.0

    def __len__(self) -> int:
        return len(self._interactive) + len(self._bulk)

    def admit(self, ticket: Ticket) -> None:
        """Let a ticket in, or raise DeadlineExceeded."""
        if ticket.deadline <= ticket.arrived:
            self.drops["deadline", ticket.lane] += 1
            raise DeadlineExceeded(TOO_LATE)
        ticket.future.add_done_callback(ticket.let_go)
        if ticket.lane is Lane.INTERACTIVE and self.rules.lanes:
            due = min(ticket.deadline, ticket.arrived + self.rules.max_wait)
            heapq.heappush(self._interactive, (due, next(self._arrivals), ticket))
        else:
            self._bulk.append(ticket)

    def next_batch(self, now: float) -> list[Ticket]:
        """Take the tickets of the next batch; empty when everybody who waited has left."""
        if self._interactive:  # however long ago they came
            self._last_interactive = now
        batch = self._take(self._pop_bulk, self._reserved(now), now)
        batch += self._take(self._pop_interactive, self.rules.max_batch - len(batch), now)
        return batch or self._take(self._pop_bulk, self._rows(now), now)

    def seconds(self, pictures: int) -> float:
        """Predicted time of the engine for so many pictures. May be asked from any thread."""
        batches, rest = divmod(pictures, self.rules.max_batch)
        return batches * self.cost.seconds(self.rules.max_batch) + self.cost.seconds(rest)

    def waiting(self, lane: Lane) -> Waiting:
        """What waits in one lane. May be asked from any thread: the copies are made in one step."""
        everybody = (*(entry[2] for entry in self._interactive.copy()), *self._bulk.copy())
        sizes = [ticket.pixels.nbytes for ticket in everybody if ticket.lane is lane]
        return Waiting(len(sizes), sum(sizes))

    def clear(self) -> list[Ticket]:
        """Send everybody out of the room."""
        everybody = [entry[2] for entry in self._interactive] + list(self._bulk)
        self._interactive.clear()
        self._bulk.clear()
        return everybody

    def _rows(self, now: float) -> int:
        """Rows of a pass of bulk alone: a slice of time while people are about, else as many as the engine likes."""
        if now - self._last_interactive > self.rules.recent:
            return self.rules.max_batch
        steps = max(1, self.cost.rows_within(self.rules.slice) // self.rules.step)
        return min(self.rules.max_batch, steps * self.rules.step)

    def _reserved(self, now: float) -> int:
        """Rows of a pass of people that are aged bulk's. What is less than a row is owed to it for a later pass."""
        if not self._bulk or now - self._bulk[0].arrived < self.rules.patience:
            return 0
        rows = min(len(self._interactive) / (1 - BULK_SHARE), self.rules.max_batch)
        self._owed += rows * BULK_SHARE
        reserved = int(self._owed)
        self._owed -= reserved
        return reserved

    def _take(self, pop: Callable[[], Ticket | None], rows: int, now: float) -> list[Ticket]:
        taken: list[Ticket] = []
        while len(taken) < rows and (ticket := pop()) is not None:
            if self._still_wanted(ticket, now):
                taken.append(ticket)
        return taken

    def _still_wanted(self, ticket: Ticket, now: float) -> bool:
        is_late = ticket.deadline <= now
        is_awaited = ticket.future.set_running_or_notify_cancel()
        if is_awaited and not is_late:
            return True
        # The transport cancels whose deadline has passed: that is the deadline's doing.
        self.drops["deadline" if is_late else "cancelled", ticket.lane] += 1
        if is_awaited:
            ticket.future.set_exception(DeadlineExceeded(TOO_LATE))
        return False

    def _pop_interactive(self) -> Ticket | None:
        return heapq.heappop(self._interactive)[2] if self._interactive else None

    def _pop_bulk(self) -> Ticket | None:
        return self._bulk.popleft() if self._bulk else None

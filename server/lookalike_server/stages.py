"""Where the time of one request goes: a clock for each stage, carried along with the request.

The rpc layer calls `begin` once per request (or per item of a stream); whoever does the work, in whichever task, says
`spent`. The answer, the log line, the metrics and the traces all read the same clocks.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from lookalike_server.errors import LookalikeError

STAGES = ("decode", "queue", "embed", "index")


class Trace(Protocol):
    """Who wants to know when each stage was, and not only how long (`tracing.py`)."""

    @property
    def id(self) -> str:
        """The name under which it is found."""

    def stage(self, name: str, start: float, end: float) -> None:
        """A stage is over; times are of `time.perf_counter`."""

    def item(self, name: str) -> "Trace | None":
        """The same for an item of this request."""

    def end(self, failure: LookalikeError | None) -> None:
        """The request is over."""


class Timings:
    """Seconds by stage; several pictures' stages add up, so parts may exceed the total.

    One is made for every item of an import, hence the plain statements instead of loops over names.
    """

    __slots__ = ("decode", "embed", "index", "queue", "started", "trace")

    def __init__(self, trace: Trace | None = None) -> None:
        self.decode = self.queue = self.embed = self.index = 0.0
        self.started = time.perf_counter()
        self.trace = trace

    @property
    def total(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self.started

    def add(self, other: "Timings") -> None:
        """Count an item's stages towards its stream's."""
        self.decode += other.decode
        self.queue += other.queue
        self.embed += other.embed
        self.index += other.index

    def passed(self) -> list[tuple[str, float]]:
        """The stages that were passed, with their seconds."""
        times = (self.decode, self.queue, self.embed, self.index)
        return [(stage, seconds) for stage, seconds in zip(STAGES, times, strict=True) if seconds > 0]

    def as_dict(self) -> dict[str, float]:
        """Seconds by stage name, the total among them."""
        return {**{stage: getattr(self, stage) for stage in STAGES}, "total": self.total}


_current: ContextVar[Timings] = ContextVar("timings")


def begin(trace: Trace | None = None) -> Timings:
    """Start the clocks of this task's request; tasks that it starts share them."""
    timings = Timings(trace)
    _current.set(timings)
    return timings


def current() -> Timings:
    """The clocks of the request that this task works for; fresh ones outside of any request."""
    return _current.get(None) or begin()


def spent(stage: str, seconds: float, ago: float = 0.0) -> None:
    """Add `seconds`, which ended `ago` seconds before now, to a stage of the current request."""
    timings = current()
    setattr(timings, stage, getattr(timings, stage) + seconds)
    if timings.trace is not None:
        end = time.perf_counter() - ago
        timings.trace.stage(stage, end - seconds, end)


def waited(seconds: float) -> None:
    """Count time before the first stage as queueing; it has no span, since it is what lies between the spans."""
    current().queue += seconds


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Add the time that the block takes to a stage of the current request."""
    start = time.perf_counter()
    try:
        yield
    finally:
        spent(stage, time.perf_counter() - start)

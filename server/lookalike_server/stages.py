"""Where the time of one request goes: a clock for each stage, carried along with the request.

The rpc layer calls `begin` once per request (or per item of a stream); whoever does the work, in whichever task, says
`spent`. The answer, the log line and the metrics all read the same clocks.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Timings:
    """Seconds by stage; several pictures' stages add up, so parts may exceed the total."""

    decode: float = 0.0
    queue: float = 0.0
    embed: float = 0.0
    index: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @property
    def total(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self.started

    def add(self, other: "Timings") -> None:
        """Count an item's stages towards its stream's."""
        for stage in STAGES:
            setattr(self, stage, getattr(self, stage) + getattr(other, stage))

    def as_dict(self) -> dict[str, float]:
        """Seconds by stage name, the total among them."""
        return {**{stage: getattr(self, stage) for stage in STAGES}, "total": self.total}


STAGES = ("decode", "queue", "embed", "index")
_current: ContextVar[Timings] = ContextVar("timings")


def begin() -> Timings:
    """Start the clocks of this task's request; tasks that it starts share them."""
    timings = Timings()
    _current.set(timings)
    return timings


def current() -> Timings:
    """The clocks of the request that this task works for; fresh ones outside of any request."""
    return _current.get(None) or begin()


def spent(stage: str, seconds: float) -> None:
    """Add `seconds` to a stage of the current request."""
    timings = current()
    setattr(timings, stage, getattr(timings, stage) + seconds)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Add the time that the block takes to a stage of the current request."""
    start = time.perf_counter()
    try:
        yield
    finally:
        spent(stage, time.perf_counter() - start)

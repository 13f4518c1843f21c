"""What a server has done and what it holds: one reading of `server_load`, and what lies between two of them.

Counts and histograms only grow, from the start of the server's process. What happens now is the difference of two:

    before = looks.server_load()
    ...
    after = looks.server_load()
    rate = (after.answered("Search") - before.answered("Search")) / (after.uptime - before.uptime)
    p99 = (after.request_seconds("Search") - before.request_seconds("Search")).quantile(0.99)
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate


class Lane(StrEnum):
    """The two lanes in which work travels."""

    INTERACTIVE = "interactive"
    """Somebody waits for the answer."""
    BULK = "bulk"
    """An import, which fills the room that is left."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Measurements sorted into ranges: `counts[n]` of them lie above `bounds[n - 1]` and at most at `bounds[n]`.

    There is one count more than there are bounds, for what lies beyond the last. Without any, it is empty.
    """

    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = (0,)
    sum: float = 0.0

    @property
    def count(self) -> int:
        """How many measurements."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Their mean; None when there are none."""
        return self.sum / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """What so large a share of them (0 to 1) does not exceed, by interpolation within a range.

        The last bound for what lies beyond it; None when there are none.
        """
        if not self.count:
            return None
        rank, below = share * self.count, [0, *accumulate(self.counts)]
        place = bisect_left(below, max(rank, 1)) - 1  # the range in which that measurement lies
        if place >= len(self.bounds):
            return self.bounds[-1] if self.bounds else None
        start = self.bounds[place - 1] if place else 0.0
        return start + (self.bounds[place] - start) * (rank - below[place]) / max(self.counts[place], 1)

    def __add__(self, other: "Histogram") -> "Histogram":
        """Both together; ValueError where their ranges differ."""
        return self._with(other, 1)

    def __sub__(self, earlier: "Histogram") -> "Histogram":
        """What came after an earlier reading; ValueError where their ranges differ."""
        return self._with(earlier, -1)

    def _with(self, other: "Histogram", sign: int) -> "Histogram":
        if not other.bounds:
            return self
        if not self.bounds:
            return Histogram(other.bounds, tuple(sign * count for count in other.counts), sign * other.sum)
        if self.bounds != other.bounds:
            raise ValueError("these histograms have other ranges: they are not of the same server's version")
        counts = tuple(mine + sign * theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return Histogram(self.bounds, counts, self.sum + sign * other.sum)


@dataclass(frozen=True, slots=True)
class RequestCount:
    """How many requests ended in one way; an item of a stream is `ImportImages/item` or the like."""

    method: str
    code: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class RequestTimes:
    """How long requests of one kind took, from arrival to answer; streams as a whole are not among them."""

    method: str
    seconds: Histogram


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long requests spent in one stage: decode, queue, embed or index."""

    stage: str
    lane: Lane
    seconds: Histogram


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """One lane of a model: pictures embedded so far, and those decoded that wait for the engine now."""

    lane: Lane
    embedded: int
    waiting: int
    waiting_bytes: int


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """Forward passes with pictures of one lane, or of both: how many pictures each had, and how long it took."""

    lanes: tuple[Lane, ...]
    rows: Histogram
    seconds: Histogram


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One model in service, and the engine that runs it."""

    model_id: str
    engine: str
    lanes: tuple[LaneLoad, ...]
    batches: tuple[BatchTimes, ...]


@dataclass(frozen=True, slots=True)
class DropCount:
    """Pictures that left without an embedding: `cancelled`, `deadline` or `queue_full`."""

    reason: str
    lane: Lane
    count: int


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """One reading. Another `started` means another process, whose counts have begun anew."""

    started: datetime
    uptime: float
    """Seconds, by a clock that nobody sets: the time between two readings is the difference of theirs."""
    requests: tuple[RequestCount, ...]
    request_times: tuple[RequestTimes, ...]
    stages: tuple[StageTimes, ...]
    models: tuple[ModelLoad, ...]
    """Empty while they load."""
    drops: tuple[DropCount, ...]
    held_bytes: int
    """Of requests that were read and not answered."""
    images: int
    """That can be searched."""
    unindexed: int
    """Of these, images that no graph holds yet: searches compare them one by one."""
    memory_bytes: int
    cpu_seconds: float
    """Of all cores together."""

    def answered(self, method: str) -> int:
        """How many requests of this kind, however they ended."""
        return sum(each.count for each in self.requests if each.method == method)

    def request_seconds(self, method: str) -> Histogram:
        """How long they took."""
        return _total(each.seconds for each in self.request_times if each.method == method)

    def stage_seconds(self, stage: str, lane: Lane) -> Histogram:
        """How long requests of a lane spent in a stage."""
        return _total(each.seconds for each in self.stages if (each.stage, each.lane) == (stage, lane))


def _total(histograms: Iterable[Histogram]) -> Histogram:
    return sum(histograms, start=Histogram())

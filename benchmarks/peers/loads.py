"""The loads that every server bears in its turn, and the figures that come of them, by key.

Open loops are shares of one capacity, the bare loop's of the same run, so that all servers get the same arrivals. A
call is in time when its answer comes within `patience` of when it was due; callers give up then, and tell the server so
where its protocol can.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.load import Call, Sample, closed_loop, milliseconds, open_loop, poisson, rate
from benchmarks.peers.callers import Caller

CALLERS = (1, 8, 32)
SHARES = (30, 60, 90)
"""Percent of capacity."""
INTERACTIVE = 10.0
"""Calls a second of people while bulk work goes on."""
OVERLOAD = 2.0
"""Times the capacity."""


@dataclass(frozen=True, slots=True)
class Loads:
    """One run's loads."""

    pictures: Sequence[bytes]
    capacity: float
    """Images a second of the bare loop in this run."""
    seconds: float
    """Of each closed and open loop; the mixed load takes twice as long, the overload as long after a ramp."""
    patience: float
    seed: int = 0
    """The run's number: each has other arrivals."""

    def all(self, caller: Caller) -> dict[str, float]:
        """Every figure of one server."""
        self.warm(caller)
        found: dict[str, float] = {}
        for callers in CALLERS:
            found |= self.closed(caller, callers)
        for share in SHARES:
            found |= self.open(caller, share)
        return found | self.mixed(caller) | self.overload(caller)

    def tuning(self, caller: Caller) -> tuple[float, float]:
        """What a setting is chosen by: images/s at 32 callers, p99 at 60% of capacity in ms."""
        self.warm(caller)
        return self.closed(caller, 32)["closed 32 rate"], self.open(caller, 60)["open 60 p99"]

    def warm(self, caller: Caller) -> None:
        """Let every process of the server, and what it learns, settle; not measured."""
        closed_loop(self._calls(caller), 8, min(self.seconds, 1.0))

    def closed(self, caller: Caller, callers: int) -> dict[str, float]:
        """So many callers, each waiting for its answer."""
        samples = closed_loop(self._calls(caller), callers, self.seconds)
        return {f"closed {callers} rate": rate(samples)} | percentiles(f"closed {callers}", samples)

    def open(self, caller: Caller, share: int) -> dict[str, float]:
        """Arrivals at a share of capacity."""
        times = poisson(self.capacity * share / 100, self.seconds, self.seed)
        samples = open_loop(self._calls(caller), times, threads=self._most)
        in_time = 100 * len(self.in_time(samples)) / max(1, len(samples))
        return {f"open {share} in time": in_time} | percentiles(f"open {share}", samples)

    def mixed(self, caller: Caller) -> dict[str, float]:
        """As much bulk work as the server takes, and people who come now and then."""
        seconds = 2 * self.seconds
        with ThreadPoolExecutor(1, "bulk") as pool:
            bulk = pool.submit(caller.bulk, self.pictures, seconds)
            samples = open_loop(self._calls(caller), poisson(INTERACTIVE, seconds, self.seed))
            return {"mixed bulk": bulk.result()} | percentiles("mixed", samples)

    def overload(self, caller: Caller) -> dict[str, float]:
        """Arrivals at twice the capacity; counted once a queue without bounds would be longer than patience."""
        ramp = 2 * self.patience
        until = ramp + self.seconds
        times = poisson(OVERLOAD * self.capacity, until, self.seed)
        samples = open_loop(self._calls(caller), times, threads=self._most)
        good = [sample for sample in self.in_time(samples) if ramp <= sample.done < until]
        late = [sample for sample in samples if sample.due >= ramp]
        return {"overload goodput": 100 * len(good) / self.seconds / self.capacity} | percentiles("overload", late)

    def in_time(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those answered before their callers gave up."""
        return [sample for sample in samples if not sample.error and sample.seconds <= self.patience]

    @property
    def _most(self) -> int:
        """Threads of which one is always free: calls of twice the capacity, until all have given up."""
        return min(1024, int(OVERLOAD * self.capacity * self.patience * 1.5) + 64)

    def _calls(self, caller: Caller) -> Call:
        def call(number: int) -> None:
            caller.embed(self.pictures[number % len(self.pictures)], self.patience)

        return call


def percentiles(key: str, samples: Sequence[Sample]) -> dict[str, float]:
    """Milliseconds."""
    return {f"{key} p50": milliseconds(samples, 50), f"{key} p99": milliseconds(samples, 99)}

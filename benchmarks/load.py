"""Load for a server: callers that wait for their answer (closed loop), or arrivals that do not wait (open loop).

An open loop's latency counts from when a call was due, not from when somebody was free to make it, so that a server
that stalls cannot hide the calls that it kept from being made (coordinated omission). Calls block, each in a thread.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

OPEN_LOOP_THREADS = 128
"""Calls under way at once; those that are due beyond it wait, and their wait counts."""

Call = Callable[[int], None]
"""Makes the call of this number; raises when it is refused or fails."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call; times are seconds on one clock that began with the load."""

    due: float
    done: float
    error: str = ""
    """Name of what was raised; empty: it was answered."""

    @property
    def seconds(self) -> float:
        """From when it was due until it was answered."""
        return self.done - self.due


def poisson(rate: float, seconds: float, seed: int = 0) -> list[float]:
    """When calls are due that arrive independently, `rate` a second on average."""
    chance = random.Random(seed)  # noqa: S311 - arrivals are no secret
    times: list[float] = []
    due = chance.expovariate(rate)
    while due < seconds:
        times.append(due)
        due += chance.expovariate(rate)
    return times


def open_loop(call: Call, times: Sequence[float], threads: int = OPEN_LOOP_THREADS) -> list[Sample]:
    """Make a call at each of `times`, whether or not those before have been answered."""
    with ThreadPoolExecutor(threads, "load") as pool:
        began = time.perf_counter()
        under_way: list[Future[Sample]] = []
        for number, due in enumerate(times):
            time.sleep(max(0.0, began + due - time.perf_counter()))
            under_way.append(pool.submit(_timed, call, number, began, due))
        return [each.result() for each in under_way]


def closed_loop(call: Call, callers: int, seconds: float) -> list[Sample]:
    """Let `callers` each make one call after the other, until `seconds` have passed."""
    numbers = count()
    began = time.perf_counter()

    def caller(_: int) -> list[Sample]:
        samples = []
        while (due := time.perf_counter() - began) < seconds:
            samples.append(_timed(call, next(numbers), began, due))
        return samples

    with ThreadPoolExecutor(callers, "load") as pool:
        return [sample for samples in pool.map(caller, range(callers)) for sample in samples]


def in_turn(call: Call, calls: int, callers: int = 1) -> list[Sample]:
    """Let `callers` each make so many calls, one after the other."""
    began = time.perf_counter()

    def caller(first: int) -> list[Sample]:
        return [_timed(call, first + turn, began, time.perf_counter() - began) for turn in range(calls)]

    with ThreadPoolExecutor(callers, "load") as pool:
        return [sample for samples in pool.map(caller, range(0, callers * calls, calls)) for sample in samples]


def _timed(call: Call, number: int, began: float, due: float) -> Sample:
    error = ""
    try:
        call(number)
    except Exception as failure:
        error = type(failure).__name__
    return Sample(due, time.perf_counter() - began, error)


def answered(samples: Sequence[Sample]) -> list[Sample]:
    """Those that were answered."""
    return [sample for sample in samples if not sample.error]


def rate(samples: Sequence[Sample]) -> float:
    """Answers a second, over the time from the first call to the last answer."""
    good = answered(samples)
    return len(good) / (max(sample.done for sample in samples) - min(sample.due for sample in samples)) if good else 0.0


def milliseconds(samples: Sequence[Sample], percent: float) -> float:
    """The percentile of the latency of what was answered; NaN when nothing was."""
    times = sorted(sample.seconds for sample in answered(samples))
    if len(times) < 2:
        return 1000 * times[0] if times else float("nan")
    return 1000 * statistics.quantiles(times, n=1000, method="inclusive")[min(998, max(0, round(percent * 10) - 1))]

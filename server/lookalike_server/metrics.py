"""What the server counts while it works: cheap enough for every item of an import.

The doors say what they answered and where its time went, on the event loop; each engine thread says what it ran.
`load.py` reads the counts, for Prometheus and for GetServerLoad alike. They are plain numbers, each with one writer,
and not prometheus_client's own, whose locks and label look-ups took 11 of the 14 microseconds that an item cost here.
"""

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial

from lookalike_server.errors import LookalikeError
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Drops
from lookalike_server.stages import STAGES, Timings

SECONDS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.04, 0.065),
    *(0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Bounds of times: steps of about 1.6 up to a second; a percentile that is read from them lies in the right step."""
ROWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128)
"""Bounds of the pictures in a forward pass."""

INTERACTIVE, BULK, MIXED = Lane.INTERACTIVE.label, Lane.BULK.label, "mixed"
MIXES = (INTERACTIVE, BULK, MIXED)
"""Whose pictures were in a forward pass: of one lane, or of both."""


class Histogram:
    """Measurements sorted into ranges; a bound belongs to the range that it ends."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """One more than there are bounds: the last is for what is beyond them."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Take in one measurement."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Passes:
    """The forward passes of one model, written by its engine thread alone."""

    def __init__(self) -> None:
        self.embedded: Counter[Lane] = Counter()
        """Pictures by lane."""
        self.rows = {mix: Histogram(ROWS) for mix in MIXES}
        self.seconds = {mix: Histogram(SECONDS) for mix in MIXES}

    def ran(self, lanes: Sequence[Lane], seconds: float) -> None:
        """Count one pass of pictures of these lanes."""
        bulk = sum(lanes)  # Lane.BULK is 1
        self.embedded[Lane.BULK] += bulk
        self.embedded[Lane.INTERACTIVE] += len(lanes) - bulk
        mix = MIXED if 0 < bulk < len(lanes) else BULK if bulk else INTERACTIVE
        self.rows[mix].observe(len(lanes))
        self.seconds[mix].observe(seconds)


class Metrics:
    """One server's counts since it started."""

    def __init__(self) -> None:
        self.started = time.time()
        """Seconds since 1970."""
        self._began = time.monotonic()
        self.requests: Counter[tuple[str, str, str]] = Counter()
        """Calls and stream items answered, by method, code and reason."""
        self.seconds: defaultdict[str, Histogram] = defaultdict(partial(Histogram, SECONDS))
        """How long they took, by method; streams as a whole are left out."""
        self.drops: Drops = Counter()
        """Pictures that were refused before they came to any queue, by reason and lane."""
        self.stages = {lane: {stage: Histogram(SECONDS) for stage in STAGES} for lane in Lane}

    @property
    def uptime(self) -> float:
        """Seconds since it started, by a clock that nobody sets."""
        return time.monotonic() - self._began

    def answered(self, method: str, failure: LookalikeError | None) -> None:
        """Count one call or one item of a stream."""
        self.requests[(method, failure.code, failure.reason) if failure else (method, "OK", "")] += 1

    def dropped(self, reason: str, lane: Lane) -> None:
        """Count one picture that was refused before it came to any queue."""
        self.drops[reason, lane] += 1

    def timed(self, method: str, lane: Lane, timings: Timings) -> None:
        """Count how long one call or item took, and where its time went."""
        self.seconds[method].observe(timings.total)
        stages = self.stages[lane]
        for stage, seconds in timings.passed():
            stages[stage].observe(seconds)

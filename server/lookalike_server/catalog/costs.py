"""What the parts of a filtered search cost on this machine: seconds a unit of each kind of work.

In go measured pieces of real searches, out come predictions for the planner. What it starts with was measured at 256
numbers a vector; what decides between two ways is how their costs compare, and that differs little.
"""

import math
import threading
from collections.abc import Mapping
from enum import StrEnum

_GUESSES = {"compare": 2e-7, "hold": 2.5e-6, "call": 4e-6, "fetch": 2e-6, "look": 3e-6}
_WEIGHT = 0.1  # of a measurement: the last twenty or so decide
_MOST = math.log(4)  # a measurement counts as at most four times off: a pause of the machine is no price
_FORGETTING = 0.002  # so much nearer to its guess comes what is not measured meanwhile
_LEAST = 1.5e-4  # seconds, by the guess: less work tells what a call costs, not what a unit does


class Work(StrEnum):
    """Kinds of work, and their units."""

    COMPARE = "compare"
    """A vector, by the matrix."""
    HOLD = "hold"
    """A candidate that the graph holds while it searches."""
    CALL = "call"
    """A candidate that the graph comes by and asks us about."""
    FETCH = "fetch"
    """A serial, out of all that the store admits."""
    LOOK = "look"
    """A serial that the store is asked whether it admits it."""


class Costs:
    """Means of the logarithms of measurements, with the past fading out; any thread may learn and ask.

    What is dear is not done, and so not measured again: it drifts back to its guess while other work is measured, so
    that one slow hour does not bar a way for ever.
    """

    def __init__(self, guesses: Mapping[str, float] = _GUESSES) -> None:
        self._guesses = {work: math.log(guesses[work]) for work in Work}
        self._rates = dict(self._guesses)
        self._lock = threading.Lock()

    def learn(self, work: Work, units: float, seconds: float) -> None:
        """Takes in a measurement; too small a one tells nothing."""
        if units * math.exp(self._guesses[work]) < _LEAST or seconds <= 0:
            return
        with self._lock:
            off = math.log(seconds / units) - self._rates[work]
            self._rates[work] += _WEIGHT * min(max(off, -_MOST), _MOST)
            for other in self._rates.keys() - {work}:
                self._rates[other] += _FORGETTING * (self._guesses[other] - self._rates[other])

    def seconds(self, work: Work, units: float) -> float:
        """What so much work is likely to take."""
        return units * math.exp(self._rates[work])

    def rates(self) -> dict[str, float]:
        """Seconds a unit, by kind of work."""
        return {work.value: math.exp(rate) for work, rate in self._rates.items()}

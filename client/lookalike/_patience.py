"""When to try again what a busy or vanished server did not take, and when to give up.

gRPC by itself repeats a call that nobody took, or whose answer had not begun (`_channel`). What is left is here:
answers that broke off midway, and what is under way in streams and listings.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from lookalike._calls import Call
from lookalike.errors import ConnectionBroken, LookalikeError

ATTEMPTS = 9
"""Setbacks in a row, without any progress between them, before the last one is raised: about 40 seconds."""

_FIRST, _LONGEST = 0.25, 10.0  # seconds
_PASSING = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED"})


def is_passing(error: LookalikeError) -> bool:
    """Whether the same may work later."""
    return error.code in _PASSING


def is_refusal(error: LookalikeError) -> bool:
    """Whether the server did not take an item on, for reasons that are not the item's."""
    return error.code in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


class Patience:
    """Counts setbacks and says how long to pause after each; progress starts the count again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, attempts: int = ATTEMPTS) -> None:
        self._clock = clock
        self._attempts = attempts
        self._setbacks = 0
        self._until = clock()
        # Many clients that lost the same server must not all come back at once.
        self._jitter = random.SystemRandom()

    @property
    def pause(self) -> float:
        """Seconds still to wait."""
        return max(0.0, self._until - self._clock())

    def setback(self, error: LookalikeError) -> None:
        """Wait before the next try. Raises the error where no try is left, or where trying again cannot help."""
        if not is_passing(error):
            raise error
        if self.pause:
            # A whole window is refused together: that is one setback.
            return
        self._setbacks += 1
        if self._setbacks > self._attempts:
            raise error
        wait = min(_LONGEST, _FIRST * 2 ** (self._setbacks - 1)) * self._jitter.uniform(0.5, 1.0)
        self._until = self._clock() + max(wait, error.retry_after or 0.0)

    def progress(self) -> None:
        """Something was done."""
        self._setbacks = 0


class Tries:
    """A unary call that is made again where the connection broke before its answer was there, within its deadline."""

    def __init__(self, call: Call[Any], timeout: float | None) -> None:
        self._deadline = time.monotonic() + call.deadline(timeout)
        self._is_repeatable = call.repeatable
        self._patience = Patience(attempts=4)

    @property
    def seconds_left(self) -> float:
        """Until its deadline."""
        return self._deadline - time.monotonic()

    def pause_after(self, error: ConnectionBroken) -> float:
        """Seconds to wait before it is made again. Raises the error where it must not be, or no try is left."""
        if not self._is_repeatable:
            raise error
        self._patience.setback(error)
        return min(self._patience.pause, max(0.0, self.seconds_left))

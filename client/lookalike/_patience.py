"""When to try again what a busy or vanished server did not take, and when to give up."""

import random
import time
from collections.abc import Callable

from lookalike.errors import LookalikeError

ATTEMPTS = 9
"""Setbacks in a row, without any progress between them, before the last one is raised: about 40 seconds."""

_FIRST, _LONGEST = 0.25, 10.0  # seconds
_PASSING = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED"})


def is_refusal(error: LookalikeError) -> bool:
    """Whether the server did not take an item on, for reasons that are not the item's."""
    return error.code in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


class Patience:
    """Counts setbacks and says how long to pause after each; progress starts the count again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
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
        if error.code not in _PASSING:
            raise error
        if self.pause:
            # A whole window is refused together: that is one setback.
            return
        self._setbacks += 1
        if self._setbacks > ATTEMPTS:
            raise error
        wait = min(_LONGEST, _FIRST * 2 ** (self._setbacks - 1)) * self._jitter.uniform(0.5, 1.0)
        self._until = self._clock() + max(wait, error.retry_after or 0.0)

    def progress(self) -> None:
        """Something was done."""
        self._setbacks = 0

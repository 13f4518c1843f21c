"""Files that were touched, until they stand still: what is being written waits, and a burst becomes one pass."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LONGEST = 5
"""A file that never stands still keeps the others waiting for so many times as long as they have to stand still."""

State = tuple[int, float, int] | None


@dataclass(slots=True)
class _Waiting:
    state: State
    since: float


class Settling:
    """Paths that wait until their size and time have stayed the same for so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    def touch(self, paths: Iterable[str]) -> None:
        """Something happened to these."""
        for path in paths:
            self._waiting[path] = _Waiting(_state(path), self._clock())

    def take(self) -> list[str]:
        """Those that are to be looked at now; they wait no longer.

        They go together, once all stand still, or when some did for long. What is gone goes only with all: it may have
        moved to a path where it still is being written.
        """
        now = self._clock()
        still = {path: now - self._still_since(path, now) for path in self._waiting}
        ready = [path for path, seconds in still.items() if seconds >= self._seconds]
        if len(ready) < len(still):
            ready = [path for path in ready if self._waiting[path].state is not None]
            if max((still[path] for path in ready), default=0.0) < self._seconds * LONGEST:
                return []
        for path in ready:
            del self._waiting[path]
        return ready

    def _still_since(self, path: str, now: float) -> float:
        waiting = self._waiting[path]
        state = _state(path)
        if state != waiting.state:
            waiting.state, waiting.since = state, now
        return waiting.since


def _state(path: str) -> State:
    try:
        status = os.stat(path)  # noqa: PTH116 - for each of many, again and again
    except OSError:
        return None
    return status.st_size, status.st_mtime, status.st_ino

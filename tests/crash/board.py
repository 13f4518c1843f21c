"""What the callers are doing at this moment, so that a kill can be aimed at it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Board:
    """Names of what is under way, such as "import"."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Under way while the block runs."""
        self._count(what, +1)
        try:
            yield
        finally:
            self._count(what, -1)

    def under_way(self) -> set[str]:
        """All of it."""
        with self._changed:
            return {what for what, count in self._running.items() if count}

    def wait(self, what: str, timeout: float) -> bool:
        """Return once it is under way, or after so many seconds; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running[what] > 0, timeout)

    def _count(self, what: str, change: int) -> None:
        with self._changed:
            self._running[what] += change
            self._changed.notify_all()

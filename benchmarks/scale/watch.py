"""Notes when a server has a child process: it has one while it writes a snapshot."""

import threading
import time
from pathlib import Path
from typing import Self

PERIOD = 0.02
"""Seconds."""


class Watch:
    """A context manager that looks while its block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._seen: list[float] = []
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def saw_child(self, first: float, last: float) -> bool:
        """Whether there was a child between these moments of `time.time`."""
        return any(first - PERIOD <= moment <= last + PERIOD for moment in self._seen)

    def _look(self) -> None:
        while not self._over.wait(PERIOD):
            if children(self._pid):
                self._seen.append(time.time())


def children(pid: int) -> bool:
    """Whether any thread of a process has a child."""
    return any((task / "children").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir())

"""A lock that many readers share and one writer has alone; neither side starves the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ReadWriteLock:
    """Phase-fair: a waiting writer holds back new readers, and when it leaves, those who waited go before the next.

    Not re-entrant: who holds it must not ask for it again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reading = 0
        self._writing = False
        self._writers_waiting = 0
        self._readers_waiting = 0
        self._passes = 0  # readers who waited out a writer and may go ahead of the next one

    @contextmanager
    def read(self) -> Iterator[None]:
        """Holds the lock together with other readers."""
        with self._changed:
            self._readers_waiting += 1
            try:
                self._changed.wait_for(self._reader_may_go)
                self._reading += 1
            finally:
                self._readers_waiting -= 1
                self._passes = min(max(self._passes - 1, 0), self._readers_waiting)
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Holds the lock alone."""
        with self._changed:
            self._writers_waiting += 1
            try:
                self._changed.wait_for(self._writer_may_go)
                self._writing = True
            finally:
                self._writers_waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._passes = self._readers_waiting
                self._changed.notify_all()

    def _reader_may_go(self) -> bool:
        return not self._writing and (not self._writers_waiting or self._passes > 0)

    def _writer_may_go(self) -> bool:
        return not self._writing and not self._reading and not self._passes

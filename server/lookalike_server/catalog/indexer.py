"""The one thread that feeds graphs, so that nobody who adds an image waits for one."""

import logging
import threading
from typing import Protocol

log = logging.getLogger("lookalike.catalog")


class Hungry(Protocol):
    """Something that is behind and catches up by steps."""

    def advance(self) -> bool:
        """Does a step of some milliseconds; False when nothing is left to do."""


class Indexer:
    """Takes turns with all that is behind, a step each, until nothing is."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._behind: dict[Hungry, bool] = {}  # in order of their turns; whether fed since the last began
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="lookalike-indexer", daemon=True)
        self._thread.start()

    def feed(self, hungry: Hungry) -> None:
        """Gives it turns until it has caught up."""
        with self._changed:
            self._behind[hungry] = True
            self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds until nothing is behind; whether that came about."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._behind, timeout)

    def close(self) -> None:
        """Stops after the step under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (hungry := self._next()) is not None:
            more = self._step(hungry)
            with self._changed:
                if self._behind.pop(hungry) or more:
                    self._behind[hungry] = False
                self._changed.notify_all()

    def _next(self) -> Hungry | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._behind) or self._stopping)
            if self._stopping:
                return None
            hungry = next(iter(self._behind))
            self._behind[hungry] = False
            return hungry

    def _step(self, hungry: Hungry) -> bool:
        try:
            return hungry.advance()
        except Exception:
            # It stays behind, and its searches compare the rest one by one: slower, never wrong.
            log.exception("indexing stopped for a collection")
            return False

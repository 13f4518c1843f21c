"""A thread for what nobody waits for: one feeds graphs, another sees snapshots written."""

import logging
import threading
import time
from typing import Protocol

log = logging.getLogger("lookalike.catalog")


class Hungry(Protocol):
    """Something that is behind and catches up by steps."""

    def advance(self) -> bool:
        """Does a step of some milliseconds; False when nothing is left to do."""


class Indexer:
    """Takes turns with all that is behind, a step each, until nothing is; what can wait joins when its time comes."""

    def __init__(self, name: str = "lookalike-indexer") -> None:
        self._changed = threading.Condition()
        self._behind: dict[Hungry, bool] = {}  # in order of their turns; whether fed since the last began
        self._later: dict[Hungry, float] = {}  # when it falls behind, by the monotonic clock
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def feed(self, hungry: Hungry, *, after: float = 0.0) -> None:
        """Gives it turns until it has caught up, from when it has not been fed for `after` seconds."""
        with self._changed:
            if after > 0:
                self._later[hungry] = time.monotonic() + after
            else:
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
            while not self._stopping and not self._ripe():
                self._changed.wait(min(self._later.values()) - time.monotonic() if self._later else None)
            if self._stopping:
                return None
            hungry = next(iter(self._behind))
            self._behind[hungry] = False
            return hungry

    def _ripe(self) -> bool:
        """Whether anything is behind, now that what was to wait until now has joined."""
        now = time.monotonic()
        for hungry in [one for one, due in self._later.items() if due <= now]:
            del self._later[hungry]
            self._behind[hungry] = True
        return bool(self._behind)

    def _step(self, hungry: Hungry) -> bool:
        try:
            return hungry.advance()
        except Exception:
            # It stays behind, and its searches compare the rest one by one: slower, never wrong.
            log.exception("indexing stopped for a collection")
            return False

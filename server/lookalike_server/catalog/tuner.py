"""Keeps graphs tuned to a target while nobody needs the machine.

Once nothing was searched or changed for a while and the indexer has nothing to do, each collection that was not
measured yet, or that has changed much since, is measured a query at a time (`tuning.py`), at the lowest priority and
for a part of the time only. When all are measured the thread sleeps until something changes. What was measured is kept
in one small file beside the store, which may be lost: then it is measured again.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from lookalike_server import yielding
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.store import Superseded
from lookalike_server.catalog.tuning import Tuning, measure

log = logging.getLogger("lookalike.catalog")

QUIET = 1.0
"""Seconds without a search or a change after which the machine counts as idle."""
SHARE = 0.25
"""Of one core's time, at most."""

Shelves = Callable[[], Mapping[str, Shelf]]
"""The shelves by uuid."""


class _Measuring(NamedTuple):
    """A shelf, by its uuid, that is being measured."""

    uuid: str
    steps: Generator[None, None, Tuning]


class Tuner:
    """Measures one collection after the other; `advance` does a step, `start` has a thread take them.

    `settled` tells whether all graphs have taken in what there is. Any thread may call `searched` and `changed`.
    """

    def __init__(
        self,
        file: Path,
        shelves: Shelves,
        settled: Callable[[], bool],
        target: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = target
        self._file = file
        self._shelves = shelves
        self._settled = settled
        self._clock = clock
        self._stirred = clock()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._resting = threading.Event()
        self._turning = threading.Lock()  # from the one to the other
        self._under_way: _Measuring | None = None
        self._thread = threading.Thread(target=self._run, name="lookalike-tuner", daemon=True)
        self._recall()

    def start(self) -> None:
        """Has its thread begin."""
        self._thread.start()
        self.changed()

    def close(self) -> None:
        """Stops after the step under way."""
        self._stopping.set()
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def searched(self) -> None:
        """Somebody needs the machine."""
        self._stirred = self._clock()

    def changed(self) -> None:
        """Something came or went, and may have to be measured."""
        self._stirred = self._clock()
        with self._turning:
            self._resting.clear()
            self._changed.set()

    def settle(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds until its thread has nothing left to measure; whether that came about."""
        return self._resting.wait(timeout)

    def advance(self) -> float | None:
        """Does a step if nobody needs the machine; seconds until the next, None: not before something changes."""
        waiting = self._stirred + QUIET - self._clock()
        if waiting > 0:
            return waiting
        if not self._settled():
            return QUIET
        began = self._clock()
        if not self._step():
            return None
        return (self._clock() - began) * (1 / SHARE - 1)

    def _run(self) -> None:
        yielding.to_others(yielding.IDLE)
        while self._changed.wait() and not self._stopping.is_set():
            self._changed.clear()
            while (pause := self._advanced()) is not None and not self._stopping.wait(pause):
                pass
            with self._turning:
                if not self._changed.is_set():
                    self._resting.set()

    def _advanced(self) -> float | None:
        try:
            return self.advance()
        except Superseded:
            self._under_way = None
            return QUIET
        except Exception:
            # Searches go on with the effort that they have.
            log.exception("a graph could not be measured")
            self._under_way = None
            return None

    def _step(self) -> bool:
        """Measures a little of a shelf that needs it; whether there was one."""
        shelves = dict(self._shelves())
        if self._under_way is None or self._under_way.uuid not in shelves:
            untuned = (
                _Measuring(uuid, measure(shelf, self.target)) for uuid, shelf in shelves.items() if shelf.is_untuned
            )
            self._under_way = next(untuned, None)
        if self._under_way is None:
            return False
        try:
            next(self._under_way.steps)
        except StopIteration as done:
            self._tuned(shelves, self._under_way.uuid, done.value)
            self._under_way = None
        return True

    def _tuned(self, shelves: Mapping[str, Shelf], uuid: str, tuning: Tuning) -> None:
        shelves[uuid].tuning = tuning
        facts = {"effort": tuning.effort, "recall": round(tuning.recall, 4), "target": self.target}
        log.log(logging.INFO if tuning.recall >= self.target else logging.WARNING, "a graph was measured", extra=facts)
        self._keep({uuid: asdict(shelf.tuning) for uuid, shelf in shelves.items() if shelf.tuning})

    def _keep(self, tunings: Mapping[str, Mapping[str, float]]) -> None:
        aside = self._file.with_suffix(".aside")
        try:
            aside.write_text(json.dumps({"target": self.target, "tunings": tunings}))
            aside.replace(self._file)
        except OSError as error:
            log.warning("what was measured could not be kept", extra={"why": str(error)})

    def _recall(self) -> None:
        """Gives the shelves what was measured for them, if that was for the same target."""
        try:
            kept = json.loads(self._file.read_text())
            if kept["target"] == self.target:
                for uuid, shelf in self._shelves().items():
                    shelf.tuning = Tuning(**kept["tunings"][uuid]) if uuid in kept["tunings"] else None
        except FileNotFoundError:
            pass
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.warning("what was measured before is of no use", extra={"why": str(error)})

"""Following folders: a first pass over everything, then one over what was touched, once that stands still.

Folders enter; steps, passes and remarks leave, for as long as somebody asks for the next. A pass that the server did
not live through is made again, and nothing that was touched meanwhile is forgotten.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from lookalike._patience import is_passing
from lookalike.client import Client
from lookalike.errors import LookalikeError, SourceChanged
from lookalike.folders.difference import compare
from lookalike.folders.emptied import emptied
from lookalike.folders.keep import bring
from lookalike.folders.roots import Roots
from lookalike.folders.scan import Rules
from lookalike.folders.settling import Settling
from lookalike.folders.steps import Outcome, Step
from lookalike.folders.touched import Unwatchable, narrowed, touches

MANY = 2_000
"""Touched paths that make a pass over everything: one by one would take longer, and the system may have lost some."""

_SHORTEST, _LONGEST = 1.0, 60.0
"""Seconds before a pass is made again, at first and at most."""


@dataclass(slots=True)
class Pass:
    """One pass that is done. The first is whole: it goes over everything."""

    is_whole: bool
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unchanged: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person should know, told once: a server or folder that is away, or back; polling."""

    text: str


Event: TypeAlias = Step | Pass | Remark


class Watch:
    """Keeps a collection in step with folders while its events are asked for; interrupting it at any moment is fine."""

    def __init__(
        self,
        client: Client,
        folders: Sequence[Path],
        *,
        collection: str,
        rules: Rules | None = None,
        labels: Mapping[str, str] | None = None,
        prune: bool = False,
        settle: float = 2.0,
        poll: bool = False,
    ) -> None:
        self._client = client
        self._folders = [Path(folder).absolute() for folder in folders]
        self._collection = collection
        self._rules = rules or Rules()
        self._labels = labels
        self._prune = prune
        self._settle = settle
        self._poll = poll
        self._settling = Settling(settle)
        self._is_whole_due = True
        self._setbacks = 0
        self._try_at = 0.0

    def events(self) -> Iterator[Event]:
        """What happens, without end.

        Raises LookalikeError for what waiting does not help against, OSError where folders cannot be watched.
        """
        while True:
            try:
                with closing(touches(self._folders, poll=self._poll, wait=min(self._settle, 0.5))) as batches:
                    yield from self._passes(batches)
            except Unwatchable as error:
                if self._poll:
                    raise
                self._poll = True
                yield Remark(f"{_UNWATCHABLE} ({error})")
            except FileNotFoundError:
                if not self._lost():
                    raise
            yield from self._waited()

    def _waited(self) -> Iterator[Event]:
        """Until all folders are there."""
        if lost := self._lost():
            yield Remark(f"{lost} is not there: waiting for its disk")
            while self._lost():
                time.sleep(min(self._settle, 1.0))
            yield Remark("all folders are there again")
            self._is_whole_due = True

    def _passes(self, batches: Iterator[set[str]]) -> Iterator[Event]:
        """Until a folder is lost."""
        for touched in batches:
            if self._lost():
                return
            self._settling.touch(touched)
            if time.monotonic() < self._try_at:
                continue
            ready = self._settling.take()
            if len(ready) > MANY:
                self._is_whole_due = True
            if ready or self._is_whole_due:
                yield from self._tried(ready)

    def _tried(self, ready: Sequence[str]) -> Iterator[Event]:
        """One pass, or the promise of another where the server is away."""
        try:
            yield from self._passed(ready)
            if self._setbacks:
                yield Remark("the server is back")
            self._setbacks = 0
        except LookalikeError as error:
            if not is_passing(error):
                raise
            self._settling.touch(ready)
            self._setbacks += 1
            self._try_at = time.monotonic() + min(_LONGEST, _SHORTEST * 2 ** (self._setbacks - 1))
            if self._setbacks == 1:
                yield Remark(f"waiting for the server: {error.message}")

    def _passed(self, ready: Sequence[str]) -> Iterator[Event]:
        named = Roots.named(self._folders)
        done = Pass(self._is_whole_due)
        begin = time.perf_counter()
        difference = compare(
            self._client,
            named if done.is_whole else narrowed(ready, named, self._rules),
            collection=self._collection,
            rules=self._rules,
            with_unchanged=done.is_whole and bool(self._labels),
            settle=self._settle,
        )
        bare = emptied(difference, named, self._rules) if self._prune else None
        if bare:
            yield Remark(f"no picture lies in {bare}, though some did: nothing is pruned, as its disk may be away")
        prune = self._prune and not bare
        for step in bring(self._client, difference, collection=self._collection, labels=self._labels, prune=prune):
            done.outcomes[step.outcome] += 1
            done.sent_bytes = step.sent_bytes
            if isinstance(step.error, SourceChanged):
                self._settling.touch([step.path])
            yield step
        self._settling.touch(difference.young)
        self._is_whole_due = False
        done.unchanged, done.seconds = difference.unchanged_count, time.perf_counter() - begin
        if done.is_whole or done.outcomes:
            yield done

    def _lost(self) -> Path | None:
        """A folder that is not there."""
        return next((folder for folder in self._folders if not folder.is_dir()), None)


_UNWATCHABLE = (
    "the system does not tell of changes here: looking through all folders again and again instead, which costs more; "
    "where its limits are too low, raise fs.inotify.max_user_watches or max_user_instances with sysctl"
)

"""The graph over the settled part of a collection: everything up to its watermark.

The indexer moves the watermark on in small steps; what lies beyond it is compared one by one by whoever searches. So
the graph may lag, or be thrown away, and no search is wrong for it. A graph that carries too many removed nodes is
built anew beside the one in use, in steps as small, and then takes its place.
"""

import logging
import threading
from collections.abc import Callable
from collections.abc import Collection as Several
from dataclasses import replace
from typing import cast

from lookalike_server import memory
from lookalike_server.catalog.drafts import Draft
from lookalike_server.catalog.index import Durable, Index, Selective, Tunable
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.reach import Beyond, Reach
from lookalike_server.catalog.snapshots import Snapshot, Snapshots
from lookalike_server.catalog.twins import Twins
from lookalike_server.catalog.vectors import Serials
from lookalike_server.errors import LookalikeError
from lookalike_server.records import Vector

log = logging.getLogger("lookalike.catalog")

_STEP = 16  # vectors: 20 ms at 1,280 numbers, which a deletion may have to wait
_MAX_WASTE = 0.25  # a graph with more removed nodes is slow enough to be worth building anew
_HEAVY_WASTE = 0.5  # one with more is built anew before it takes in more: an import without end must not put it off
_WORTH_WRITING = 0.01  # of a collection: fewer new vectors are sooner read at the next start than all is written now


class Cover:
    """A graph of class `kind` over `matrix`, begun once its vectors number more than `small`.

    `found` is a snapshot of both; what was removed from the matrix since must be removed here too.
    """

    def __init__(
        self,
        matrix: Matrix,
        dim: int,
        kind: type[Index],
        snapshots: Snapshots,
        small: int,
        *,
        found: Snapshot | None = None,
    ) -> None:
        self._matrix = matrix
        self._dim = dim
        self._kind = kind
        self._snapshots = snapshots
        self._small = small
        self.is_selective = issubclass(kind, Selective)
        """Whether the graph can look among admitted images only."""
        self._reach = self._empty() if found is None else found.reach
        self._fresh: Reach | None = None  # grows until it reaches as far as the one in use
        self._lock = threading.Lock()  # one change of the graphs, or of the snapshots, at a time
        self._draft: Draft | None = None
        self._ending = False
        self._discarded = False
        self._failures = 0
        self._forgone = 0  # changes that there were when a snapshot could not be written
        self._written = found is not None  # whether there may be snapshots, or one on its way
        self.is_tunable = issubclass(kind, Tunable)
        """Whether the graph finds more with more effort."""
        self.unsaved = 0
        """Changes of the graph since its last snapshot."""
        self.stale = False
        """Whether snapshots may hold vectors that were removed."""

    def __len__(self) -> int:
        """Different vectors that the graph can find."""
        return len(self._reach.graph)

    def behind(self) -> bool:
        """Whether there is something to take in."""
        if self._discarded or self._failures > 1 or len(self._matrix) <= self._small:
            return False
        return self._matrix.count_beyond(self._reach.watermark) > 0

    @property
    def lag(self) -> int:
        """Vectors that it will take in."""
        return self._matrix.count_beyond(self._reach.watermark) if self.behind() else 0

    def advance(self, beyond: Beyond) -> bool:
        """Takes in a few vectors of those that `beyond` gives, or rebuilds a little; whether there is more to do."""
        with self._lock:
            try:
                if self._wasteful(_HEAVY_WASTE) or (self._wasteful() and not self.behind()):
                    self._rebuild(beyond)
                elif self.behind():
                    self._take_in(beyond)
            except Exception:
                # Half of a step may be in the graph, or more than there should be: it can take in nothing again.
                self._begin_anew()
                if self._failures > 1:
                    raise
                log.exception("a graph could not be extended, and is built anew")
        return self.behind() or self._wasteful()

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later finds these, and the next snapshot is the only one: without their vectors."""
        with self._lock:
            self.unsaved += self._reach.remove(serials)
            self.stale |= self._written and len(serials) > 0
            if self._fresh is not None:
                self._fresh.remove(serials)

    def search(self, query: Vector, k: int, effort: int) -> tuple[Serials, int]:
        """Serials of nearly the `k` nearest that the graph covers, at least, and up to which serial it does.

        What enters the graph meanwhile is beyond that serial, and may be among the found all the same. A graph that is
        tunable holds `effort` candidates at least.
        """
        reach = self._reach
        return reach.search(query, k, effort if self.is_tunable else None), reach.watermark

    def held(self, query: Vector, width: int) -> tuple[Serials, int]:
        """As `search`, with all candidates of a search that holds `width` of them."""
        reach = self._reach
        if not isinstance(reach.graph, Selective):
            return self.search(query, width, width)
        return reach.twins.of(reach.graph.held(query, width)), reach.watermark

    def select(self, query: Vector, width: int, admits: Callable[[int], bool]) -> tuple[Serials, int]:
        """As `held`, of nodes that stand for an admitted image; only where the graph is selective."""
        reach = self._reach
        graph = cast(Selective, reach.graph)
        nodes = graph.select(query, width, lambda node: reach.twins.any_of(node, admits))
        return reach.twins.of(nodes), reach.watermark

    def due(self, changes: int) -> bool:
        """Whether a snapshot is due that is to be written after so many changes, or a tenth of the collection's."""
        return self.unsaved - self._forgone >= max(changes, len(self._matrix) // 10)

    def save(self, *, last: bool = False) -> bool:
        """Writes a snapshot if anything changed since the last; False when it could not, which is logged.

        Others go on: a child process writes. The `last` is written by this thread, if it is worth it.
        """
        draft = None
        try:
            with self._lock:
                if not self._worth_writing(last=last):
                    return True
                saved, self.unsaved = self.unsaved, 0
                alone, self.stale = self.stale, False
                self._written = True
                self._draft = draft = self._snapshots.draft(self._reach, self._matrix, apart=not last)
            self._publish(draft, alone=alone)
        except (OSError, LookalikeError) as error:
            with self._lock:
                self.unsaved += saved
                self.stale |= alone
                self._forgone = self.unsaved
            if last or not (self._ending or self._discarded):
                log.warning("a snapshot could not be written; the one before is kept", extra={"why": str(error)})
            return False
        finally:
            self._draft = None
            if draft is not None:
                draft.remove()
        self._forgone = 0
        return True

    def hurry(self) -> None:
        """Gives up a snapshot that is being written, and begins no other but the last."""
        with self._lock:
            self._ending = True
            draft = self._draft
        if draft is not None:
            draft.give_up()

    def discard(self) -> None:
        """Stops for good, and removes the snapshots."""
        self.hurry()
        with self._lock:
            self._discarded = True
            self._drop()

    def findings(self) -> list[str]:
        """What the graph holds and should not, or lacks; nobody may add or delete meanwhile."""
        with self._lock:
            return self._reach.findings(self._matrix)

    def _take_in(self, beyond: Beyond) -> None:
        self._reach, taken = self._reach.take_in(beyond, _STEP)
        self.unsaved += taken

    def _wasteful(self, limit: float = _MAX_WASTE) -> bool:
        return not self._discarded and self._reach.graph.waste() > limit

    def _rebuild(self, beyond: Beyond) -> None:
        """A step of the fresh graph; once it has all that the one in use has, it is the one in use."""
        fresh, taken = (self._fresh or self._empty()).take_in(beyond, _STEP)
        self._fresh = fresh
        if not taken or fresh.watermark >= self._reach.watermark:
            self._reach, self._fresh = replace(fresh, watermark=max(fresh.watermark, self._reach.watermark)), None
            self.unsaved += len(fresh.graph)

    def _begin_anew(self) -> None:
        self._failures += 1
        self._reach, self._fresh = self._empty(), None
        self._drop()

    def _drop(self) -> None:
        self._snapshots.drop()
        self.unsaved, self.stale, self._written = 0, False, False

    def _empty(self) -> Reach:
        return Reach(self._kind(self._dim), Twins())

    def _worth_writing(self, *, last: bool) -> bool:
        if self._discarded or (self._ending and not last) or not isinstance(self._reach.graph, Durable):
            return False
        if last and not self.stale:
            return self.unsaved >= max(1, _WORTH_WRITING * len(self._matrix))
        return self.unsaved > 0 or self.stale

    def _publish(self, draft: Draft, *, alone: bool) -> None:
        told = self._snapshots.finished(draft)
        with self._lock:
            if not self._discarded:
                self._matrix.rebase(self._snapshots.publish(draft, told, alone=alone))
        memory.give_back()

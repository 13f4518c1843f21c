"""The parts of a loaded server, as the doors see them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.config import Settings
from lookalike_server.duplicates import DuplicateFinder
from lookalike_server.errors import ModelLoading, QueueFull, ShuttingDown
from lookalike_server.hosting import Hosted, named
from lookalike_server.importing import Importer
from lookalike_server.info import ServerInfo, server_info
from lookalike_server.load import ServerLoad, server_load
from lookalike_server.metrics import Metrics
from lookalike_server.pipeline.budget import ByteBudget
from lookalike_server.pipeline.lane import Lane
from lookalike_server.reembedding import Reembedder
from lookalike_server.searching import Searcher


@dataclass(frozen=True, slots=True)
class Parts:
    """What is built once the models have loaded, and taken down in the other order."""

    hosted: tuple[Hosted, ...]
    """The models in service; new collections get the first."""
    catalog: Catalog
    searcher: Searcher
    importer: Importer
    reembedder: Reembedder
    finder: DuplicateFinder

    def model(self, model: str) -> Hosted:
        """The model in service with this id or name; the first where neither is given. Raises BadRequest."""
        return named(self.hosted, model)


class Gate:
    """Between the doors and the parts: shut while the model loads, and again while the server drains."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.closing = asyncio.Event()
        """Set when the server begins to drain: streams finish what they hold and end."""
        # Half for each lane: an import of large photographs must not fill what searches need.
        self.budgets = {lane: ByteBudget(settings.max_waiting_bytes // len(Lane)) for lane in Lane}
        """What requests with pictures may take while they are not answered, all together."""
        self._parts: Parts | None = None

    def open(self, parts: Parts) -> None:
        """Let requests through."""
        self._parts = parts

    @property
    def is_crowded(self) -> bool:
        """Whether a search that is still to be received would be refused for its bytes."""
        return self.budgets[Lane.INTERACTIVE].is_full

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Hold the bytes of a call by somebody who waits. Raises QueueFull."""
        try:
            hold = self.budgets[Lane.INTERACTIVE].hold_now(size)
        except QueueFull:
            self.metrics.dropped("queue_full", Lane.INTERACTIVE)
            raise
        try:
            yield
        finally:
            hold.release()

    @property
    def ready(self) -> bool:
        """Whether requests get through."""
        return self._parts is not None and not self.closing.is_set()

    def info(self) -> ServerInfo:
        """What this server is, even while its model loads."""
        hosted = self._parts.hosted if self._parts else ()
        indexes = self._parts.catalog.indexes() if self._parts else ()
        return server_info(self.settings, [(each.model, each.engine) for each in hosted], self.ready, indexes)

    def load(self) -> ServerLoad:
        """What this server has done and what it holds, even while its model loads. May be asked from any thread."""
        held = sum(budget.held for budget in self.budgets.values())
        if (parts := self._parts) is None:
            return server_load(self.metrics, (), held, (0, 0))
        return server_load(self.metrics, parts.hosted, held, parts.catalog.count())

    @property
    def parts(self) -> Parts:
        """The parts; raises ModelLoading or ShuttingDown when the gate is shut."""
        if self.closing.is_set():
            raise ShuttingDown
        if self._parts is None:
            raise ModelLoading("the server is still loading its model: retry in a moment")
        return self._parts

"""One item of a stream, served like a call of its own: clocks, errors, counters, and a span where the stream has one.

Every picture of an import passes here, on the event loop: nothing may be done for each that can be done once.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from lookalike.v1 import types_pb2
from lookalike_server import stages
from lookalike_server.errors import LookalikeError
from lookalike_server.metrics import Metrics
from lookalike_server.pipeline.lane import Lane
from lookalike_server.rpc.interceptor import Left, request_id
from lookalike_server.rpc.status import as_domain, item_status

Result = TypeVar("Result")


class ItemDesk:
    """Serves the items of one stream; made on the stream's task, whose clocks add up its items'."""

    def __init__(self, name: str, lane: Lane, metrics: Metrics) -> None:
        self._name = f"{name}/item"
        self._lane = lane
        self._metrics = metrics
        self._stream = stages.current()

    async def serve(self, work: Awaitable[Result]) -> tuple[Result | None, types_pb2.ItemStatus | None]:
        """The work's result, or the status that says why there is none."""
        trace = self._stream.trace
        timings = stages.begin(trace.item(self._name) if trace is not None else None)
        try:
            result = await work
        except asyncio.CancelledError:
            if timings.trace is not None:
                timings.trace.end(Left("the stream ended before this item was answered"))
            raise
        except Exception as error:
            failure = as_domain(error, request_id.get())
            self._count(timings, failure)
            return None, item_status(failure)
        self._count(timings, None)
        return result, None

    def _count(self, timings: stages.Timings, failure: LookalikeError | None) -> None:
        self._metrics.answered(self._name, failure)
        if failure is None:
            self._metrics.timed(self._name, self._lane, timings)
        self._stream.add(timings)
        if timings.trace is not None:
            timings.trace.end(failure)

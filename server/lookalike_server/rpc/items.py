"""One item of a stream, served like a call of its own: clocks, errors, counters."""

from collections.abc import Awaitable
from typing import TypeVar

from lookalike.v1 import types_pb2
from lookalike_server import stages
from lookalike_server.metrics import Metrics
from lookalike_server.pipeline.lane import Lane
from lookalike_server.rpc.interceptor import request_id
from lookalike_server.rpc.status import as_domain, item_status

Result = TypeVar("Result")


class ItemDesk:
    """Serves the items of one stream; made on the stream's task, whose clocks add up its items'."""

    def __init__(self, name: str, lane: Lane, metrics: Metrics) -> None:
        self._name = f"{name}/item"
        self._lane = lane.label
        self._metrics = metrics
        self._stream = stages.current()

    async def serve(self, work: Awaitable[Result]) -> tuple[Result | None, types_pb2.ItemStatus | None]:
        """The work's result, or the status that says why there is none."""
        timings = stages.begin()
        try:
            result = await work
        except Exception as error:
            failure = as_domain(error, request_id.get())
            self._count(timings, failure.code, failure.reason)
            return None, item_status(failure)
        self._count(timings, "OK", "")
        return result, None

    def _count(self, timings: stages.Timings, code: str, reason: str) -> None:
        self._metrics.answered(self._name, code, reason)
        self._metrics.timed(self._lane, timings)
        self._stream.add(timings)

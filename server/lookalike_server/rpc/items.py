"""One item of a stream, served like a call of its own: clocks, errors, counters."""

from collections.abc import Awaitable
from typing import TypeVar

from lookalike.v1 import types_pb2
from lookalike_server import stages
from lookalike_server.errors import LookalikeError
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
            return self._done(timings, None, await work), None
        except Exception as error:
            failure = as_domain(error, request_id.get())
            return self._done(timings, failure, None), item_status(failure)

    def _done(self, timings: stages.Timings, failure: LookalikeError | None, result: Result) -> Result:
        code, reason = (failure.code, failure.reason) if failure else ("OK", "")
        self._metrics.answered(self._name, code, reason, self._lane, timings)
        self._stream.add(timings)
        return result

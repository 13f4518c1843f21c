"""What every call passes on its way in and out: token, request id, clocks, errors, one log line, counters, its span."""

import asyncio
import hmac
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc
import grpc.aio

from lookalike_server import stages
from lookalike_server.errors import LookalikeError, Unauthenticated
from lookalike_server.metrics import Metrics
from lookalike_server.pipeline.budget import no_room
from lookalike_server.pipeline.lane import Lane
from lookalike_server.rpc.status import as_domain, status_code, trailers
from lookalike_server.tracing import Trace, tracing

log = logging.getLogger("lookalike.access")

OURS = "/lookalike.v1."
HEALTH = "/grpc.health.v1."
GONE = "the caller left, or its deadline passed, before the answer"
WITH_PICTURES = frozenset({"/lookalike.v1.SearchService/Search", "/lookalike.v1.SearchService/Embed"})
"""Unary calls whose messages may be large."""

Context = grpc.aio.ServicerContext[Any, Any]
Behaviour = Callable[[Any, Context], Awaitable[Any]]

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the call that this task works for."""


class Interceptor(grpc.aio.ServerInterceptor):
    """Wraps the handlers of our services; asks for the token everywhere but at the health service.

    `is_crowded` tells whether pictures of unary calls are to be refused before their message is received.
    """

    def __init__(self, metrics: Metrics, token: str = "", is_crowded: Callable[[], bool] = lambda: False) -> None:
        self._metrics = metrics
        self._token = token
        self._is_crowded = is_crowded
        self._tracing = tracing()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def drained(self, seconds: float) -> bool:
        """Wait until no call of ours is running, but not longer; whether it came to that."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """Give the call's handler, wrapped."""
        handler = await continuation(details)
        if handler is None or details.method.startswith(HEALTH):
            return handler
        if not self._admits(details):
            return self._wrapped(handler, details.method, refuse)
        if not details.method.startswith(OURS):
            return handler
        if details.method in WITH_PICTURES and self._is_crowded():
            # A unary handler is called once the message is there; one for a stream never asks for it.
            unread = handler._replace(request_streaming=True, unary_unary=None, stream_unary=handler.unary_unary)
            return self._wrapped(unread, details.method, self._turn_away)
        own = handler.stream_stream or handler.unary_stream or handler.unary_unary
        return self._wrapped(handler, details.method, own)

    def _admits(self, details: grpc.HandlerCallDetails) -> bool:
        if not self._token:
            return True
        given = dict(details.invocation_metadata).get("authorization", "")
        given = given if isinstance(given, bytes) else str(given).encode()
        return hmac.compare_digest(given, f"Bearer {self._token}".encode())

    def _wrapped(self, handler: Any, method: str, behaviour: Behaviour) -> Any:
        """The handler with `behaviour` in place of its own; no stream of ours is answered with one message."""
        call = self._around(behaviour, method.removeprefix("/"), is_stream=handler.response_streaming)
        if handler.stream_stream:
            return handler._replace(stream_stream=call)
        if handler.unary_stream:
            return handler._replace(unary_stream=call)
        if handler.stream_unary:
            return handler._replace(stream_unary=call)
        return handler._replace(unary_unary=call)

    async def _turn_away(self, _requests: Any, _context: Context) -> Any:
        """Refuse a picture unread, as there is no memory left for it."""
        self._metrics.dropped("queue_full", Lane.INTERACTIVE)
        raise no_room()

    def _around(self, behaviour: Behaviour, method: str, *, is_stream: bool) -> Behaviour:
        name = method.rpartition("/")[2]

        async def call(request: Any, context: Context) -> Any:
            request_id.set(identify(context))
            timings = stages.begin(self._trace(method, context))
            failure: LookalikeError | None = None
            self._count(+1)
            try:
                try:
                    return await behaviour(request, context)
                except asyncio.CancelledError:
                    # grpc.aio leaks the stream unless this reaches it.
                    failure = Left(GONE)
                    raise
                except Exception as error:
                    if context.cancelled() or is_broken_pipe(error):
                        failure = Left(GONE)
                        raise asyncio.CancelledError from error
                    failure = as_domain(error, request_id.get())
                finally:  # before the caller is told, so that who asks next finds it counted
                    self._record(name, failure, timings, is_stream)
                await context.abort(status_code(failure), failure.message, trailers(failure, request_id.get()))
            finally:
                self._count(-1)

        return call

    def _trace(self, method: str, context: Context) -> Trace | None:
        return None if self._tracing is None else self._tracing.call(method, context.invocation_metadata() or ())

    def _count(self, change: int) -> None:
        self._running += change
        if self._running:
            self._idle.clear()
        else:
            self._idle.set()

    def _record(self, name: str, failure: LookalikeError | None, timings: stages.Timings, is_stream: bool) -> None:
        code, reason = (failure.code, failure.reason) if failure else ("OK", "")
        self._metrics.answered(name, failure)
        # A stream's items have told their times already, each in its lane; and how fast a refusal is says nothing.
        if not is_stream and failure is None:
            self._metrics.timed(name, Lane.INTERACTIVE, timings)
        times = {f"{stage}_ms": round(seconds * 1000, 2) for stage, seconds in timings.as_dict().items()}
        words = {"reason": reason} if reason else {}
        if timings.trace is not None:
            words["trace_id"] = timings.trace.id
            timings.trace.end(failure)
        log.info("%s %s", name, code, extra={"request_id": request_id.get(), **words, **times})


def is_broken_pipe(error: BaseException) -> bool:
    """Whether reading or writing failed because nobody is there any more; grpc.aio has no public name for that."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_broken_pipe(each) for each in error.exceptions)
    return type(error).__name__ == "ExecuteBatchError"


class Left(LookalikeError):
    """The caller left, or its deadline passed, before the answer; for the log only."""

    code = "CANCELLED"
    reason = "CANCELLED"


def identify(context: Context) -> str:
    """The caller's request id if it sent one worth keeping, else a new one."""
    sent = dict(context.invocation_metadata() or ()).get("x-request-id", "")
    return sent if isinstance(sent, str) and 0 < len(sent) <= 64 and sent.isprintable() else uuid.uuid4().hex[:16]


async def refuse(_request: Any, _context: Context) -> Any:
    """Turn away a caller without the token."""
    raise Unauthenticated("this server asks for a token: give the one that it was started with")

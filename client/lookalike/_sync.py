"""How the sync client waits: one lazily opened channel, unary calls, and exchanges over a stream."""

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, suppress
from queue import SimpleQueue
from typing import Any, TypeVar

import grpc

from lookalike._calls import Call, Page
from lookalike._channel import GOODBYE, Endpoint, Lease, Rpcs, rpcs
from lookalike._exchange import Exchange
from lookalike._failures import translated
from lookalike._patience import Patience, Tries
from lookalike._taking import take
from lookalike._tracing import UNTRACED, Traced, traced
from lookalike.errors import ConnectionBroken, LookalikeError, Unavailable

Answer = TypeVar("Answer")
Entry = TypeVar("Entry")
Item = TypeVar("Item")
Result = TypeVar("Result")


class SyncLink:
    """A connection to one endpoint, shared by all threads of the process that opened it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._lease = Lease()
        self._lock = threading.Lock()
        self._rpcs: Rpcs = {}

    def rpc(self, name: str) -> Any:
        """A callable of the channel, which opens with the first use. Raises ClientUnusable."""
        self._lease.take()
        with self._lock:
            if not self._rpcs:
                self._channel = self.endpoint.open()
                self._rpcs = rpcs(self._channel)
        return self._rpcs[name]

    def call(self, call: Call[Answer], timeout: float | None = None, within: Traced = UNTRACED) -> Answer:
        """The answer to a unary call."""
        rpc, tries = self.rpc(call.rpc), Tries(call, timeout)
        with traced(call.rpc, within) as trace:
            metadata = self.endpoint.metadata + trace.metadata
            while True:
                try:
                    with self.translated():
                        return call.read(rpc(call.request, timeout=tries.seconds_left, metadata=metadata))
                except ConnectionBroken as error:
                    time.sleep(tries.pause_after(error))

    def pages(
        self, page: Callable[[str], Call[Page[Entry]]], timeout: float | None = None
    ) -> Generator[Entry, None, None]:
        """The entries of a listing, a page at a time; once it has begun, a server that went away is waited for."""
        token: str | None = ""
        patience = Patience()
        while token is not None:
            try:
                answer = self.call(page(token), timeout)
            except Unavailable as error:
                if not token:
                    raise
                patience.setback(error)
                time.sleep(patience.pause)
                continue
            patience.progress()
            yield from answer.entries
            token = answer.next_token or None

    def stream(self, call: Call[Answer], timeout: float | None = None) -> Generator[Answer, None, None]:
        """The answers to a call that has many, as they come; closing the iterator ends the work on the server."""
        rpc = self.rpc(call.rpc)
        with traced(call.rpc) as trace:
            answers = rpc(call.request, timeout=timeout, metadata=self.endpoint.metadata + trace.metadata)
            try:
                while True:
                    with self.translated():
                        answer = next(answers, None)
                    if answer is None:
                        return
                    yield call.read(answer)
            finally:
                answers.cancel()

    def translated(self) -> AbstractContextManager[None]:
        """Errors of gRPC leave this block as errors of the SDK."""
        return translated(self.endpoint.target, self._lease)

    def converse(
        self, start: Callable[[], Exchange[Item, Any, Result]], items: Iterable[Item]
    ) -> Generator[Result, None, None]:
        """Results of an exchange, as they come; a broken stream is taken up again."""
        exchange = start()
        with traced(exchange.rpc) as trace:
            source, stream = iter(items), _Stream(self, exchange.rpc, trace)
            try:
                while not exchange.is_done:
                    exchange.feed(take(source, exchange.room))
                    try:
                        self._turn(exchange, stream)
                    except LookalikeError as error:
                        stream.close()
                        exchange.interrupted(error)
                    yield from exchange.settle()
                stream.finish()
            finally:
                stream.close()

    def _turn(self, exchange: Exchange[Any, Any, Any], stream: "_Stream") -> None:
        if question := exchange.question():
            exchange.learn(self.call(question, within=stream.trace))
        for request in exchange.outgoing():
            stream.send(request)
        if exchange.awaits_answer:
            exchange.answered(stream.receive())
        else:
            time.sleep(exchange.pause)

    def close(self) -> None:
        """End what is under way. In a forked child this leaves the parent's channel alone."""
        opened = self._rpcs and not self._lease.closed and not self._lease.is_elsewhere
        # Before the channel is: calls that end with it have to know who ended them.
        self._lease.closed = True
        if opened:
            self._channel.close()


class _Stream:
    """One stream at a time; the first `send` after `close` opens another."""

    def __init__(self, link: SyncLink, rpc: str, trace: Traced) -> None:
        self.trace = trace
        self._link = link
        self._rpc = rpc
        self._call: Any = None
        self._outbox: SimpleQueue[Any] = SimpleQueue()

    def send(self, request: Any) -> None:
        """Hand a request over to the thread that writes; this never waits, the window bounds what is queued."""
        if self._call is None:
            self._outbox = SimpleQueue()
            metadata = self._link.endpoint.metadata + self.trace.metadata
            self._call = self._link.rpc(self._rpc)(iter(self._outbox.get, None), metadata=metadata)
        self._outbox.put(request)

    def receive(self) -> Any:
        """The next answer."""
        with self._link.translated():
            for answer in self._call:
                return answer
        raise ConnectionBroken("the server ended the stream before it had answered everything")

    def finish(self) -> None:
        """Tell the server that nothing more comes, and let it end the stream in its own way."""
        if self._call is None:
            return
        self._outbox.put(None)
        # Everything is answered: how the stream ends no longer matters.
        with suppress(grpc.FutureTimeoutError, grpc.FutureCancelledError):
            self._call.exception(timeout=GOODBYE)

    def close(self) -> None:
        """Cancel what is under way, and release the writing thread."""
        if self._call is not None:
            self._call.cancel()
            self._outbox.put(None)
            self._call = None

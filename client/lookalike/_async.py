"""How the async client waits: as `_sync`, on the event loop that opened the channel; files are read in threads."""

# ruff: noqa: ASYNC109 - a timeout here is a deadline, which travels with the call so that the server knows it too

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import grpc.aio

from lookalike._calls import Call, Page
from lookalike._channel import GOODBYE, Endpoint, Lease, Rpcs, rpcs
from lookalike._exchange import Exchange
from lookalike._failures import translated
from lookalike._patience import Patience, Tries
from lookalike._taking import take, take_async
from lookalike._tracing import UNTRACED, Traced, traced
from lookalike.errors import Cancelled, ConnectionBroken, LookalikeError, Unavailable

Answer = TypeVar("Answer")
Entry = TypeVar("Entry")
Item = TypeVar("Item")
Result = TypeVar("Result")


class AsyncLink:
    """A connection to one endpoint, shared by all tasks of the event loop that opened it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._lease = Lease()
        self._rpcs: Rpcs = {}

    def rpc(self, name: str) -> Any:
        """A callable of the channel, which opens with the first use. Raises ClientUnusable."""
        self._lease.take(asyncio.get_running_loop())
        if not self._rpcs:
            self._channel = self.endpoint.open_aio()
            self._rpcs = rpcs(self._channel)
        return self._rpcs[name]

    async def call(self, call: Call[Answer], timeout: float | None = None, within: Traced = UNTRACED) -> Answer:
        """The answer to a unary call."""
        rpc, tries = self.rpc(call.rpc), Tries(call, timeout)
        with traced(call.rpc, within) as trace:
            metadata = self.endpoint.metadata + trace.metadata
            while True:
                try:
                    with self.translated():
                        return call.read(await rpc(call.request, timeout=tries.seconds_left, metadata=metadata))
                except ConnectionBroken as error:
                    await asyncio.sleep(tries.pause_after(error))

    async def pages(
        self, page: Callable[[str], Call[Page[Entry]]], timeout: float | None = None
    ) -> AsyncGenerator[Entry, None]:
        """The entries of a listing, a page at a time; once it has begun, a server that went away is waited for."""
        token: str | None = ""
        patience = Patience()
        while token is not None:
            try:
                answer = await self.call(page(token), timeout)
            except Unavailable as error:
                if not token:
                    raise
                patience.setback(error)
                await asyncio.sleep(patience.pause)
                continue
            patience.progress()
            for entry in answer.entries:
                yield entry
            token = answer.next_token or None

    async def stream(self, call: Call[Answer], timeout: float | None = None) -> AsyncGenerator[Answer, None]:
        """The answers to a call that has many, as they come; closing the iterator ends the work on the server."""
        rpc = self.rpc(call.rpc)
        with traced(call.rpc) as trace:
            answers = rpc(call.request, timeout=timeout, metadata=self.endpoint.metadata + trace.metadata)
            try:
                while True:
                    with self.translated():
                        answer = await answers.read()
                    if answer is grpc.aio.EOF:
                        return
                    yield call.read(answer)
            finally:
                answers.cancel()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of gRPC, and its way to say that the channel was closed meanwhile, leave as errors of the SDK."""
        try:
            with translated(self.endpoint.target, self._lease):
                yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._lease.closed or (task is not None and task.cancelling()):
                raise
            raise Cancelled("the client was closed during the call") from None

    async def converse(
        self,
        start: Callable[[], Awaitable[Exchange[Item, Any, Result]]],
        items: Iterable[Item] | AsyncIterable[Item],
    ) -> AsyncGenerator[Result, None]:
        """Results of an exchange, as they come; a broken stream is taken up again."""
        exchange = await start()
        with traced(exchange.rpc) as trace:
            source, stream = _source(items), _Stream(self, exchange.rpc, trace)
            try:
                while not exchange.is_done:
                    exchange.feed(await source(exchange.room))
                    try:
                        await self._turn(exchange, stream)
                    except LookalikeError as error:
                        stream.close()
                        exchange.interrupted(error)
                    for result in exchange.settle():
                        yield result
                await stream.finish()
            finally:
                stream.close()

    async def _turn(self, exchange: Exchange[Any, Any, Any], stream: "_Stream") -> None:
        if question := await asyncio.to_thread(exchange.question):
            exchange.learn(await self.call(question, within=stream.trace))
        for request in await asyncio.to_thread(list, exchange.outgoing()):
            stream.send(request)
        if exchange.awaits_answer:
            exchange.answered(await stream.receive())
        else:
            await asyncio.sleep(exchange.pause)

    async def close(self) -> None:
        """End what is under way. In a forked child this leaves the parent's channel alone."""
        opened = self._rpcs and not self._lease.closed and not self._lease.is_elsewhere
        self._lease.closed = True
        if opened:
            await self._channel.close()


class _Stream:
    """One stream at a time; the first `send` after `close` opens another."""

    def __init__(self, link: AsyncLink, rpc: str, trace: Traced) -> None:
        self.trace = trace
        self._link = link
        self._rpc = rpc
        self._call: Any = None
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, request: Any) -> None:
        """Hand a request over to the task that writes; this never waits, the window bounds what is queued."""
        if self._call is None:
            self._outbox = asyncio.Queue()
            metadata = self._link.endpoint.metadata + self.trace.metadata
            self._call = self._link.rpc(self._rpc)(_until_none(self._outbox), metadata=metadata)
        self._outbox.put_nowait(request)

    async def receive(self) -> Any:
        """The next answer."""
        with self._link.translated():
            answer = await self._call.read()
        if answer is grpc.aio.EOF:
            raise ConnectionBroken("the server ended the stream before it had answered everything")
        return answer

    async def finish(self) -> None:
        """Tell the server that nothing more comes, and let it end the stream in its own way."""
        if self._call is not None:
            self._outbox.put_nowait(None)
            # Everything is answered: how the stream ends no longer matters.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._call.code(), GOODBYE)

    def close(self) -> None:
        """Cancel what is under way."""
        if self._call is not None:
            self._call.cancel()
            self._call = None


async def in_threads(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Items of an iterable that reads the disk, a handful at a time."""
    source = iter(items)
    while batch := await asyncio.to_thread(lambda: list(islice(source, 64))):
        for item in batch:
            yield item


async def _until_none(outbox: "asyncio.Queue[Any]") -> AsyncIterator[Any]:
    while (request := await outbox.get()) is not None:
        yield request


def _source(items: Iterable[Item] | AsyncIterable[Item]) -> Callable[[int], Any]:
    """A function that gives the next items, at most so many."""
    if not isinstance(items, AsyncIterable):
        plain = iter(items)

        async def take_plain(room: int) -> list[Item]:
            return take(plain, room)

        return take_plain
    return partial(take_async, aiter(items))

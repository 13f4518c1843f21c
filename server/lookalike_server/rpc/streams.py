"""A bidirectional stream of independent items: each is answered as it finishes, and a bad one costs only itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from lookalike_server.errors import ShuttingDown
from lookalike_server.pipeline.budget import ByteBudget, Hold

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


async def answer_each(
    requests: AsyncIterator[Request],
    answer: Callable[[Request], Awaitable[Response]],
    write: Callable[[Response], Awaitable[None]],
    *,
    window: int,
    budget: ByteBudget,
    closing: asyncio.Event,
) -> None:
    """Answer every request of a stream, at most `window` at a time and within the bytes that all streams share.

    A place in the window is free again when the answer has been taken by the transport, so a reader that stops reading
    stalls its own stream and nothing else. When `closing` is set, nothing more is read, what was read is answered, and
    ShuttingDown is raised.
    """
    places = asyncio.Semaphore(window)
    turn = asyncio.Lock()

    async def one(request: Request, hold: Hold) -> None:
        response = await answer(request)
        hold.release()  # before writing: who does not read must not keep others from being read
        async with turn:
            await write(response)
        places.release()

    async def read(tasks: asyncio.TaskGroup) -> None:
        await places.acquire()
        async for request in requests:
            hold = await budget.hold(request.ByteSize())
            # By callback too: a task that is cancelled before it begins runs no line of its own.
            tasks.create_task(one(request, hold)).add_done_callback(hold.release)
            await places.acquire()

    async with asyncio.TaskGroup() as tasks:
        finished = await read_until(closing, tasks.create_task(read(tasks)))
    if not finished:
        raise ShuttingDown


async def read_until(closing: asyncio.Event, reading: "asyncio.Task[None]") -> bool:
    """Wait for the reader, but stop it when the server begins to drain; whether it came to its end."""
    alarm = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({reading, alarm}, return_when=asyncio.FIRST_COMPLETED)
        return not reading.cancel()
    finally:
        alarm.cancel()

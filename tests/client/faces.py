"""The async client with the face of the sync one, so that one test can try both."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from lookalike import AsyncClient, Client


class Awaited:
    """AsyncClient with the calling convention of Client: each call runs the event loop until its answer is there."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self._runner.run(self._within(name, *args, **kwargs))
            return self._iterated(answer) if inspect.isasyncgen(answer) else answer

        return call

    async def _within(self, name: str, *args: Any, **kwargs: Any) -> Any:
        answer = getattr(self._client, name)(*args, **kwargs)
        return await answer if inspect.iscoroutine(answer) else answer

    def _iterated(self, results: Any) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(results)

        async def close() -> None:
            await results.aclose()

        try:
            while True:
                try:
                    result = self._runner.run(following())
                except StopAsyncIteration:
                    return
                yield result
        finally:
            self._runner.run(close())


Connect = Callable[..., Client]

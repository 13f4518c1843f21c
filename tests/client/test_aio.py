"""What only the async client does; what both do is in test_client and test_importing."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lookalike import AsyncClient, errors, types


@pytest.fixture
def paths(photos: Path) -> list[Path]:
    return sorted(photos.iterdir())


async def each_of(paths: list[Path]) -> AsyncIterator[Path]:
    for path in paths:
        await asyncio.sleep(0)
        yield path


async def test_async_iterables_are_taken_as_they_come(target: str, collection: str, paths: list[Path]) -> None:
    async with AsyncClient(target) as looks:
        done = [each async for each in looks.import_images(each_of(paths), collection=collection)]
        answers = [answer async for answer in looks.search_many(each_of(paths), collection=collection, limit=1)]
    assert sorted(each.path or "" for each in done) == [path.as_posix() for path in paths]
    assert {each.total for each in done} == {None}
    assert {answer[0].image.path for _, answer in answers if isinstance(answer, types.SearchResult)} == {
        path.as_posix() for path in paths
    }


async def test_calls_run_side_by_side(target: str, paths: list[Path]) -> None:
    async with AsyncClient(target) as looks:
        vectors = await asyncio.gather(*(looks.embed(path) for path in paths))
    assert len(vectors) == 10


async def test_a_loop_left_by_break_ends_the_import(target: str, collection: str, photos: Path) -> None:
    async with AsyncClient(target) as looks:
        async for _ in looks.import_folder(photos, collection=collection):
            break
        gc.collect()
        assert (await looks.server_info()).ready


async def test_a_cancelled_task_stays_cancelled(target: str, collection: str) -> None:
    waiting = asyncio.Event()

    async def never() -> AsyncIterator[bytes]:
        waiting.set()
        await asyncio.Event().wait()
        yield b""

    async with AsyncClient(target) as looks:
        task = asyncio.ensure_future(anext(looks.import_images(never(), collection=collection)))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await looks.server_info()).ready


async def test_closing_ends_the_calls_of_other_tasks_with_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        looks = AsyncClient(f"127.0.0.1:{listener.getsockname()[1]}")
        task = asyncio.ensure_future(looks.server_info())
        # Whoever answered here would never say a word.
        silent, _ = await asyncio.get_running_loop().sock_accept(listener)
        with silent:
            await looks.close()
            with pytest.raises(errors.Cancelled):
                await task


def test_another_event_loop_needs_another_client(target: str) -> None:
    looks = AsyncClient(target)

    async def ask() -> types.ServerInfo:
        return await looks.server_info()

    async def ask_and_close() -> None:
        with pytest.raises(errors.ClientUnusable, match="event loop"):
            await looks.server_info()
        await looks.close()

    assert asyncio.run(ask()).ready
    asyncio.run(ask_and_close())

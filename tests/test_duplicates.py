"""The use case of looking for duplicates on its own event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from lookalike_server import duplicates
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.duplicates import Finding, Progress
from lookalike_server.duplicates import DuplicateFinder, next_turn
from lookalike_server.errors import CollectionNotFound
from lookalike_server.records import Filter


class EndlessCatalog(Catalog):
    """A catalog that never comes to the end of its duplicates."""

    steps = 0

    def duplicates(self, name: str, radius: float, wanted: Filter | None = None) -> Iterator[Finding]:
        super().duplicates(name, radius, wanted)
        return self._endless()

    def _endless(self) -> Iterator[Finding]:
        while True:
            self.steps += 1
            yield Progress(self.steps, 0)


@pytest.fixture
async def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EndlessCatalog]:
    monkeypatch.setattr(duplicates, "TURN_SECONDS", 0.0)
    with EndlessCatalog(tmp_path, models={"m": 8}) as opened:
        opened.create_collection("c")
        yield opened


async def test_who_leaves_ends_the_work(catalog: EndlessCatalog) -> None:
    finder = DuplicateFinder(catalog)
    async with aclosing(finder.find("c", Filter(), 0.1)) as turns:
        assert await anext(turns) == [Progress(1, 0)]
        assert await anext(turns) == [Progress(2, 0)]
    finder.close()
    assert catalog.steps == 2


async def test_who_is_cancelled_ends_the_work_after_the_step_under_way(catalog: EndlessCatalog) -> None:
    finder = DuplicateFinder(catalog)
    begun = asyncio.Event()

    async def listen() -> None:
        async with aclosing(finder.find("c", Filter(), 0.1)) as turns:
            async for _ in turns:
                begun.set()

    listening = asyncio.create_task(listen())
    await begun.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    finder.close()
    steps = catalog.steps
    await asyncio.to_thread(lambda: None)
    assert catalog.steps == steps


async def test_several_callers_take_turns(catalog: EndlessCatalog) -> None:
    finder = DuplicateFinder(catalog)
    async with aclosing(finder.find("c", Filter(), 0.1)) as ones, aclosing(finder.find("c", Filter(), 0.1)) as others:
        for _ in range(3):
            await anext(ones)
            await anext(others)
    finder.close()
    assert catalog.steps == 6


async def test_what_is_wrong_is_said_before_the_first_turn(catalog: EndlessCatalog) -> None:
    finder = DuplicateFinder(catalog)
    with pytest.raises(CollectionNotFound):
        await anext(finder.find("nowhere", Filter(), 0.1))
    finder.close()


def test_of_a_turns_progress_the_last_word_is_kept() -> None:
    steps: Iterator[Finding] = iter([Progress(0, 3), Progress(1, 3), Progress(3, 3)])
    assert next_turn(steps) == [Progress(3, 3)]
    assert next_turn(steps) == []

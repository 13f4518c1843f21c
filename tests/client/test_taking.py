"""How many items an import takes at once, and how many bytes of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.pictures import picture_bytes

from lookalike import Client, ImportItem
from lookalike._taking import HELD, is_last, take, take_async

LARGE = bytes(HELD // 4)
COUNT = 100


def test_small_items_fill_the_room() -> None:
    source = iter(range(100))
    assert take(source, 64) == list(range(64))
    assert len(take(source, 64)) == 36


@pytest.mark.parametrize("item", [LARGE, bytearray(LARGE), memoryview(LARGE), ImportItem(LARGE)])
def test_large_ones_make_a_batch_full_before_there_are_so_many(item: object) -> None:
    source = iter([item] * 10)
    batches = [take(source, 64) for _ in range(3)]
    assert list(map(len, batches)) == [4, 4, 2]
    assert [is_last(batch, 64) for batch in batches] == [False, False, True]


def test_files_weigh_nothing(tmp_path: Path) -> None:
    assert len(take(iter([tmp_path] * 100), 64)) == 64


async def test_the_same_holds_of_items_that_are_waited_for() -> None:
    async def items() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield LARGE

    source = items()
    assert [len(await take_async(source, 64)) for _ in range(3)] == [4, 4, 2]


def pages() -> Iterator[ImportItem]:
    """As a document gives them: not as files that can be read later."""
    for number in range(COUNT):
        page = picture_bytes(number, width=40, height=30) + bytes(5_000_000)
        yield ImportItem(page, path=f"/doc.pdf#page={number}")


def test_of_many_pictures_of_5_mb_in_memory_few_are_held_the_second_time_too(looks: Client, collection: str) -> None:
    given = most = 0

    def counted() -> Iterator[ImportItem]:
        nonlocal given
        for page in pages():
            given += 1
            yield page

    for run in range(2):
        for step in looks.import_images(counted(), collection=collection):
            assert step.error is None
            most = max(most, given - COUNT * run - step.done)
    assert given == 2 * COUNT
    assert most * 5_000_000 < 200 << 20

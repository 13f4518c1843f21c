"""Taking items from whoever gives them: so many at once, and fewer where they hold their pictures in memory."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")

HELD = 64 << 20
"""Bytes in memory that make a batch full: a page of a document, say, has megabytes, and is no file to be read later."""


def take(source: Iterator[Item], room: int) -> list[Item]:
    """The next items: fewer than `room` where they are at an end, or full."""
    batch: list[Item] = []
    held = 0
    while len(batch) < room and held < HELD:
        try:
            batch.append(next(source))
        except StopIteration:
            break
        held += held_bytes(batch[-1])
    return batch


async def take_async(source: AsyncIterator[Item], room: int) -> list[Item]:
    """The same of items that are waited for."""
    batch: list[Item] = []
    held = 0
    while len(batch) < room and held < HELD:
        try:
            batch.append(await anext(source))
        except StopAsyncIteration:
            break
        held += held_bytes(batch[-1])
    return batch


def is_last(batch: Sequence[Any], room: int) -> bool:
    """Whether a batch says that no more items follow."""
    return len(batch) < room and sum(map(held_bytes, batch)) < HELD


def held_bytes(item: Any) -> int:
    """Bytes of an item's picture, where that is bytes."""
    picture = getattr(item, "picture", item)
    return memoryview(picture).nbytes if isinstance(picture, bytes | bytearray | memoryview) else 0

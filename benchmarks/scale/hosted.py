"""What a client does to our server: brings vectors in, deletes them, searches. Each runs in a process of its own."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Sample, in_turn, open_loop, poisson
from lookalike import Client
from lookalike.types import Embedded, ImportOutcome

COLLECTION = "scale"
DELETED_AT_ONCE = 5_000
POLL_SECONDS = 0.25
RATE = 10.0
"""Searches a second beside an import."""


def bring(target: str, model_id: str, path: Path, *, first: int = 0, last: int | None = None, beyond: int = 0) -> float:
    """Import rows `first` to `last` of a .npy file; seconds until all were acknowledged.

    A row's number, and `beyond` more, names its image. ValueError unless all are new.
    """
    rows = np.load(path, mmap_mode="r")
    with Client(target) as looks:
        began = time.perf_counter()
        numbers = range(first, len(rows) if last is None else last)
        items = (Embedded(name(beyond + number), np.array(rows[number])) for number in numbers)
        for step in looks.import_embedded(items, model_id=model_id, collection=COLLECTION):
            if step.outcome is not ImportOutcome.CREATED:
                raise ValueError(f"{step.image_id} was not taken in: {step.error}")
        return time.perf_counter() - began


def settled(target: str) -> None:
    """Wait until the graph covers all."""
    with Client(target) as looks:
        while looks.server_load().unindexed:
            threading.Event().wait(POLL_SECONDS)


def tuned(target: str) -> None:
    """Wait until the server has measured its graph, which it does when nobody asks anything."""
    with Client(target) as looks:
        while any(index.measured_recall is None for index in looks.server_info().indexes):
            threading.Event().wait(POLL_SECONDS)


def remove(target: str, first: int, last: int) -> None:
    """Delete rows."""
    with Client(target) as looks:
        for numbers in slices(first, last):
            looks.delete_images([name(number) for number in numbers], collection=COLLECTION)


def ask(target: str, queries: NDArray[np.float32], k: int) -> tuple[list[Sample], list[Sequence[int]]]:
    """One search after the other, and the row numbers that each found."""
    found: list[Sequence[int]] = [()] * len(queries)
    with Client(target) as looks:

        def call(number: int) -> None:
            matches = looks.search(queries[number], collection=COLLECTION, limit=k)
            found[number] = [int(match.image.id, 16) for match in matches]

        call(0)
        return in_turn(call, len(queries)), found


def ask_meanwhile(target: str, queries: NDArray[np.float32], seconds: float) -> tuple[float, list[Sample]]:
    """Searches that arrive by chance; the clock (`time.time`) when they began."""
    with Client(target) as looks:
        looks.server_info()

        def call(number: int) -> None:
            looks.search(queries[number % len(queries)], collection=COLLECTION)

        return time.time(), open_loop(call, poisson(RATE, seconds))


def empty_calls(target: str, calls: int) -> list[Sample]:
    """Calls that ask for one record and nothing else: what any call costs."""
    with Client(target) as looks:

        def call(_: int) -> None:
            looks.collection(COLLECTION)

        call(0)
        return in_turn(call, calls)


def name(number: int) -> str:
    """The id of a row."""
    return f"{number:064x}"


def slices(first: int, last: int) -> Iterator[Sequence[int]]:
    """Numbers from `first` to `last` in lots that one call may delete."""
    for start in range(first, last, DELETED_AT_ONCE):
        yield range(start, min(last, start + DELETED_AT_ONCE))

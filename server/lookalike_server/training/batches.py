"""Batches for the trainer: triplets of picture numbers enter, the pixels of 4T pictures leave.

Queries, positives and negatives are seen as glimpses, the copies are the queries' files altered. Pictures are prepared
by threads, some batches ahead; what a batch holds depends on the seed and its number alone, so that an interrupted run
goes on as if it had not been.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.models import pixels
from lookalike_server.training.augment import Augmentation, altered, glimpse
from lookalike_server.training.gallery import Gallery

AHEAD = 4
"""Batches that are being prepared."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """4T pictures: queries, positives, negatives, copies."""

    rows: Rows
    """[4T] their numbers."""
    pixels: NDArray[np.uint8]
    """[4T, height, width, 3]"""


class Painter:
    """Prepares augmented pictures in threads; a context manager."""

    def __init__(self, gallery: Gallery, size: tuple[int, int], seed: int, threads: int) -> None:
        self._gallery, self._size, self._seed = gallery, size, seed
        self._pool = ThreadPoolExecutor(threads, "painter")

    def close(self) -> None:
        """Drop what has not begun."""
        self._pool.shutdown(cancel_futures=True)

    def batches(self, triplets: Iterator[Rows], first: int) -> Iterator[Batch]:
        """A batch for each [T, 3]; `first` is the number of the first batch."""
        waiting: deque[tuple[Rows, list[Future[NDArray[np.uint8]]]]] = deque()
        for number, drawn in enumerate(triplets, first):
            rows = rows_of(drawn)
            waiting.append((rows, self._begin(rows, views(len(drawn)), number)))
            if len(waiting) > AHEAD:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())

    def views(self, rows: Rows, view: Augmentation | None, number: int) -> NDArray[np.uint8]:
        """One view of each picture, [n, height, width, 3]; None: the picture as it is."""
        return np.stack([each.result() for each in self._begin(rows, [view] * len(rows), number)])

    def _begin(self, rows: Rows, views: Sequence[Augmentation | None], number: int) -> list[Future[NDArray[np.uint8]]]:
        return [
            self._pool.submit(self._view, row, view, (self._seed, number, place))
            for place, (row, view) in enumerate(zip(rows.tolist(), views, strict=True))
        ]

    def _view(self, row: int, view: Augmentation | None, seed: tuple[int, ...]) -> NDArray[np.uint8]:
        picture = self._gallery.picture(row)
        if view is not None:
            picture = view(picture, np.random.default_rng(seed))
        return pixels.resized(picture, self._size)


def rows_of(triplets: Rows) -> Rows:
    """[T, 3] to [4T]: queries, positives, negatives, and the queries again as copies."""
    return np.concatenate([triplets.T.ravel(), triplets[:, 0]])


def views(count: int) -> list[Augmentation | None]:
    """How the 4T pictures of T triplets are seen."""
    return [*[glimpse] * (3 * count), *[altered] * count]


def _finished(rows: Rows, pictures: list[Future[NDArray[np.uint8]]]) -> Batch:
    return Batch(rows, np.stack([each.result() for each in pictures]))

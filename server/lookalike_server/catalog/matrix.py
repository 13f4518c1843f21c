"""All vectors of a collection, for scanning: searchable once they are added, at half the room once a snapshot has them.

A matrix is a base and a tail. The base is a snapshot's rows, in half precision, mapped into memory from its files. The
tail has the vectors that came since, in full precision. What a scan finds are candidates: certainly all that are among
the nearest, and those that rounding cannot tell from them.
"""

import threading
from collections.abc import Collection as Several
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.block import Block
from lookalike_server.catalog.halves import Halves
from lookalike_server.catalog.vectors import Places, Rows, Serials
from lookalike_server.records import Vector

_SLICE = 4_096  # rows that leave together


class Base:
    """The rows of a snapshot, in files that nobody writes to any more."""

    def __init__(self, serials: Serials, rows: Halves) -> None:
        self.serials = serials
        self.rows = rows
        self.last = int(serials[-1]) if len(serials) else 0
        """The greatest serial."""

    @classmethod
    def open(cls, rows: Path, serials: Path, dim: int) -> Self:
        """What `Matrix.write` wrote: float16 [n, dim] and int64 [n], little-endian, mapped and not read.

        The caller has verified their hashes. ValueError when their sizes do not fit, or the serials do not ascend.
        """
        held, numbers = _mapped(serials, "<i8"), _mapped(rows, "<f2")
        if len(numbers) != len(held) * dim:
            raise ValueError(f"{rows} has {len(numbers)} numbers for {len(held)} vectors of {dim}")
        if np.any(held[1:] <= held[:-1]) or (len(held) and held[0] < 1):
            raise ValueError(f"the serials in {serials} do not ascend")
        return cls(held, numbers.reshape(len(held), dim))


class _View(NamedTuple):
    base: Block
    tail: Block


class Matrix:
    """The vectors of one collection, [n, dim]. Any number of threads may read while others change it.

    Readers take no lock: each works on the view that was published when it came.
    """

    def __init__(self, dim: int, base: Base | None = None) -> None:
        self.dim = dim
        self._changing = threading.RLock()  # whoever adds and removes, and the indexer, which puts bases under it
        self._last = 0 if base is None else base.last
        self._count = 0
        self._reserved = 0  # rows beyond those, which a new base must leave
        self._serials = np.empty(0, np.int64)
        self._rows = np.empty((0, dim), np.float32)
        self._alive = np.empty(0, np.bool_)
        self._view = _View(_block(base or Base(np.empty(0, np.int64), np.empty((0, dim), np.float16))), self._tail())
        self._living = len(self._view.base.serials)

    def __len__(self) -> int:
        """Vectors that a scan compares."""
        return self._living

    def reserve(self, more: int) -> None:
        """Makes room for `more` vectors, so that adding them cannot fail for want of memory."""
        with self._changing:
            self._reserved = more
            wanted = self._count + more
            if wanted > len(self._serials):
                # Doubling costs address space only: the system gives pages to rows that are written.
                self._move(np.arange(self._count), max(wanted, 2 * self._count))

    def add(self, serials: Serials, vectors: Rows) -> None:
        """Takes in vectors; ValueError unless the serials ascend and are beyond all that were ever added."""
        with self._changing:
            if np.any(np.diff(serials, prepend=self._last) <= 0):
                raise ValueError("serials must ascend and be new")
            self.reserve(len(serials))
            fresh = slice(self._count, self._count + len(serials))
            self._serials[fresh], self._rows[fresh], self._alive[fresh] = serials, vectors, True
            self._count += len(serials)
            self._last = int(serials[-1]) if len(serials) else self._last
            self._publish(self._view.base)

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later returns these; serials that it does not hold are passed over."""
        with self._changing:
            gone = np.unique(np.fromiter(serials, np.int64))
            base = self._view.base.without(gone)
            self._alive = self._alive.copy()  # views that are out keep theirs
            self._alive[self._view.tail.places(gone)] = False
            self._publish(base)
            alive = self._alive[: self._count]
            if 2 * np.count_nonzero(alive) < self._count:
                self._move(np.flatnonzero(alive), 2 * int(np.count_nonzero(alive)))
                self._publish(base)

    def rebase(self, base: Base) -> None:
        """Puts `base` in the place of all rows up to its last; what was removed since it was written stays removed.

        Readers keep the view that they have. ValueError, and nothing is changed, when it lacks a vector.
        """
        with self._changing:
            old = self.serials()
            old = old[: np.searchsorted(old, base.last, side="right")]
            block = _block(base).only(old)
            if np.count_nonzero(block.alive) < len(old):
                raise ValueError(f"a snapshot of {len(base.serials)} vectors lacks some of {len(old)}")
            later = self._view.tail.living(after=base.last)
            self._move(later, len(later) + self._reserved)
            self._last = max(self._last, base.last)
            self._publish(block)

    def write(self, rows: Path, serials: Path, upto: int) -> int:
        """Writes the vectors with serials of at most `upto`, for `Base.open`; how many.

        Takes no lock and starts no thread, so that a forked process can. Raises OSError.
        """
        count = 0
        with rows.open("wb") as numbers, serials.open("wb") as names:
            for block in self._view:
                places = block.living()
                places = places[: np.searchsorted(block.serials[places], upto, side="right")]
                for start in range(0, len(places), _SLICE):
                    part = places[start : start + _SLICE]
                    numbers.write(block.halves(part).astype("<f2", copy=False).data)
                    names.write(block.serials[part].astype("<i8", copy=False).data)
                count += len(places)
        return count

    def serials(self) -> Serials:
        """All that a search can return, ascending."""
        return np.concatenate([block.serials[block.alive] for block in self._view])

    def waste(self) -> float:
        """Share of the rows, 0 to 1, that were removed."""
        count = sum(len(block.serials) for block in self._view)
        return 1 - self._living / count if count else 0.0

    def nearest(self, query: Vector, k: int, *, among: Serials | None = None, after: int = 0) -> Serials:
        """The `k` nearest and all that rounding cannot tell from the last of them, ascending.

        Only those beyond `after`, or only those of `among`, are compared.
        """
        view = self._view
        places = [block.living(after) if among is None else block.places(among) for block in view]
        scores = [block.scores(query, some) for block, some in zip(view, places, strict=True)]
        least = _kth(np.concatenate([some - block.margin for block, some in zip(view, scores, strict=True)]), k)
        return _chosen(view, places, scores, least)

    def within(self, query: Vector, radius: float, *, among: Serials | None = None) -> Serials:
        """All at most `radius` away, and all that rounding cannot tell from the last of them, ascending.

        Only those of `among` are compared, where that is given.
        """
        view = self._view
        places = [block.living() if among is None else block.places(among) for block in view]
        scores = [block.scores(query, some) for block, some in zip(view, places, strict=True)]
        return _chosen(view, places, scores, 1 - radius * radius / 2)

    def take(self, serials: Serials) -> tuple[Serials, Rows]:
        """Those of `serials` that it holds, with their vectors, which are rounded where it has half precision only."""
        found = [(block, block.places(serials)) for block in self._view]
        return (
            np.concatenate([block.serials[places] for block, places in found]),
            np.concatenate([block.vectors(places) for block, places in found]),
        )

    def precise(self, serials: Serials) -> tuple[Serials, Rows, Serials]:
        """Those of `serials` that it holds in full precision, with their vectors; and those in half precision only."""
        base, tail = self._view
        places = tail.places(serials)
        return tail.serials[places], tail.vectors(places), base.serials[base.places(serials)]

    def holds(self, serials: Serials, vectors: Rows) -> bool:
        """Whether it has all of these serials, ascending, with just these vectors, or what half precision leaves."""
        found = [(block, block.places(serials)) for block in self._view]
        if not np.array_equal(np.concatenate([block.serials[places] for block, places in found]), serials):
            return False
        parts = np.split(vectors, [len(found[0][1])])
        return all(block.agrees(places, part) for (block, places), part in zip(found, parts, strict=True))

    def beyond(self, serial: int, limit: int) -> tuple[Serials, Rows]:
        """The first `limit` vectors with greater serials, rounded where it has half precision only."""
        found = []
        for block in self._view:
            places = block.first(serial, limit)
            limit -= len(places)
            found.append((block.serials[places], block.vectors(places)))
        return np.concatenate([held for held, _ in found]), np.concatenate([rows for _, rows in found])

    def count_beyond(self, serial: int) -> int:
        """How many vectors have greater serials."""
        return sum(block.count(serial) for block in self._view)

    def _move(self, places: Places, room: int) -> None:
        """Takes the tail's rows at `places` over into new arrays of `room` rows; views that are out keep the old."""
        serials = np.empty(room, np.int64)
        rows = np.empty((room, self.dim), np.float32)
        alive = np.zeros(room, np.bool_)
        self._count = len(places)
        for new, old in ((serials, self._serials), (rows, self._rows), (alive, self._alive)):
            np.take(old, places, axis=0, out=new[: self._count])
        self._serials, self._rows, self._alive = serials, rows, alive

    def _publish(self, base: Block) -> None:
        self._view = _View(base, self._tail())
        self._living = sum(int(np.count_nonzero(block.alive)) for block in self._view)

    def _tail(self) -> Block:
        return Block(self._serials[: self._count], self._rows[: self._count], self._alive[: self._count])


def _mapped(path: Path, numbers: str) -> NDArray[Any]:
    if path.stat().st_size == 0:  # which cannot be mapped
        return np.empty(0, numbers)
    return np.asarray(np.memmap(path, numbers, "r"))


def _block(base: Base) -> Block:
    return Block(base.serials, base.rows, np.ones(len(base.serials), np.bool_))


def _kth(scores: NDArray[np.float32], k: int) -> float:
    """The `k`-th highest score; less than any when there are fewer."""
    return -np.inf if k >= len(scores) else float(np.partition(scores, -k)[-k])


def _chosen(view: _View, places: list[Places], scores: list[NDArray[np.float32]], least: float) -> Serials:
    """The serials of those whose true score may be `least` or more, ascending."""
    found = zip(view, places, scores, strict=True)
    return np.concatenate([block.serials[some[each >= least - block.margin]] for block, some, each in found])

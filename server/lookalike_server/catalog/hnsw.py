"""The approximate index: a navigable graph, by hnswlib.

hnswlib must not be searched while it is changed, so a readers-writer lock stands in front, and additions go in slices
so small that a search waits milliseconds. Nothing checks itself in hnswlib's files: `save` measures what was written,
and whoever calls `load` must have compared a hash, because damaged bytes crash the process.
"""

from collections.abc import Callable
from collections.abc import Collection as Several
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import hnswlib
import numpy as np

from lookalike_server.catalog.index import DEFAULT_EFFORT, Nearest
from lookalike_server.catalog.rwlock import ReadWriteLock
from lookalike_server.catalog.scrub import scrub
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Vector

_SETTINGS = {"space": "ip", "m": 16, "ef_construction": 200}
_SLICE = 4  # vectors added under one hold of the lock: 5 ms at 1,280 numbers
_ROOM = 1_024
_EFFORT_EACH = 4  # candidates at least for each one asked


class HnswIndex:
    """A `Durable` and `Tunable` index."""

    def __init__(self, dim: int) -> None:
        self._graph = hnswlib.Index(space=_SETTINGS["space"], dim=dim)
        self._graph.init_index(_ROOM, M=_SETTINGS["m"], ef_construction=_SETTINGS["ef_construction"])
        self._graph.set_num_threads(1)  # one builder is reproducible, and leaves the other cores to searches
        self._lock = ReadWriteLock()
        self._last = 0
        self._removed: set[int] = set()

    def __len__(self) -> int:
        """Serials that a search can return."""
        return int(self._graph.get_current_count()) - len(self._removed)

    def add(self, serials: Serials, vectors: Rows) -> None:
        """Takes in vectors; ValueError unless the serials ascend and are beyond all that were ever added."""
        if np.any(np.diff(serials, prepend=self._last) <= 0):
            raise ValueError("serials must ascend and be new")
        for start in range(0, len(serials), _SLICE):
            end = start + _SLICE
            with self._lock.write():
                self._make_room(_SLICE)
                self._graph.add_items(vectors[start:end], serials[start:end])
            self._last = int(serials[start:end][-1])

    def remove(self, serials: Several[int]) -> None:
        """No search that begins later returns these; serials that it does not hold are passed over."""
        with self._lock.write():
            self._removed.update(serial for serial in set(serials) - self._removed if self._mark(serial))

    def search(self, query: Vector, k: int) -> Nearest:
        """Nearly the `k` nearest; fewer when it holds or finds fewer."""
        return self.seek(query, k, DEFAULT_EFFORT)

    def seek(self, query: Vector, k: int, effort: int) -> Nearest:
        """As `search`, holding at least `effort` candidates (hnswlib's ef), and at least four for each of `k`."""
        with self._lock.read():
            # Asking for as many results as the search should hold candidates stands in for `set_ef`, which all share.
            serials, apart = self._ask(query, min(max(effort, _EFFORT_EACH * k), len(self)))
        # hnswlib gives 1 - cosine.
        return serials[:k], np.sqrt(np.maximum(2 * apart[:k], 0))

    def held(self, query: Vector, width: int) -> Serials:
        """All candidates of a search that holds `width` of them, nearest first."""
        with self._lock.read():
            return self._ask(query, min(width, len(self)))[0]

    def select(self, query: Vector, width: int, admits: Callable[[int], bool]) -> Serials:
        """As `held`, of those that are admitted only."""
        with self._lock.read():
            return self._ask(query, min(width, len(self)), admits)[0]

    def serials(self) -> Serials:
        """All that a search can return, ascending."""
        with self._lock.read():
            held = np.array(self._graph.get_ids_list(), dtype=np.int64)
        return np.setdiff1d(held, np.fromiter(self._removed, np.int64))

    def waste(self) -> float:
        """Share of the graph's nodes, 0 to 1, that were removed."""
        return len(self._removed) / max(1, int(self._graph.get_current_count()))

    def still(self) -> AbstractContextManager[None]:
        """Holds off whoever would change it; searches go on."""
        return self._lock.read()

    def save(self, path: Path) -> dict[str, Any]:
        """Writes the graph, the vectors of removed nodes blotted out; OSError when it was not written whole."""
        self._graph.save_index(str(path))
        expected = self._graph.index_file_size()
        count, removed = self._graph.get_current_count(), sorted(self._removed)
        written = path.stat().st_size
        if written != expected:
            raise OSError(f"{path} was cut short: {written} of {expected} bytes were written")
        scrub(path, self._graph.dim, removed)
        return {**_SETTINGS, "count": count, "removed": removed}

    @classmethod
    def load(cls, path: Path, dim: int, facts: dict[str, Any]) -> Self:
        """The graph that `save` wrote to `path`; ValueError when it was written with other settings."""
        if {name: facts.get(name) for name in _SETTINGS} != _SETTINGS:
            raise ValueError(f"the graph was built with other settings: {facts}")
        index = cls(dim)
        index._graph = hnswlib.Index(space=_SETTINGS["space"], dim=dim)
        index._graph.load_index(str(path), max_elements=facts["count"])
        index._graph.set_num_threads(1)
        index._removed = set(facts["removed"])
        index._last = max(index._graph.get_ids_list(), default=0)
        return index

    def _mark(self, serial: int) -> bool:
        try:
            self._graph.mark_deleted(serial)
        except RuntimeError:  # it was never added
            return False
        return True

    def _make_room(self, more: int) -> None:
        wanted = self._graph.get_current_count() + more
        if wanted > self._graph.get_max_elements():
            self._graph.resize_index(wanted + wanted // 2 + _ROOM)

    def _ask(self, query: Vector, count: int, admits: Callable[[int], bool] | None = None) -> Nearest:
        while count > 0:
            try:
                serials, apart = self._graph.knn_query(query, k=count, filter=admits)
            except RuntimeError:
                count //= 2  # removed nodes can cut the graph: it reaches fewer than it holds, or than are admitted
            else:
                return serials[0].astype(np.int64), apart[0]
        return np.empty(0, np.int64), np.empty(0, np.float32)

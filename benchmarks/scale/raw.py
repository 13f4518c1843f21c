"""The graphs that others would use without a server, each in a process of its own.

All have 16 links a node and 200 candidates while they are built, as ours has. Functions run in the worker process,
where what `build` made stays for `recall` and `ask`.
"""

# ruff: noqa: D102 - the Protocol `Graph` documents the methods.

import os
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Sample, in_turn
from benchmarks.metrics import memory

LINKS, CANDIDATES = 16, 200
EFFORTS = (16, 24, 32, 48, 64, 96, 128, 200, 300, 400, 600, 800)
"""What is tried of the number of candidates that a search holds."""

Rows = NDArray[np.float32]


class Graph(Protocol):
    """A graph of one library."""

    def add(self, rows: Rows) -> None:
        """Takes in all rows."""

    def hold(self, effort: int) -> None:
        """Searches that begin later hold so many candidates."""

    def nearest(self, query: Rows, k: int) -> Sequence[int]:
        """Row numbers, nearest first."""


class Hnswlib:
    """hnswlib, which our server stands on."""

    def __init__(self, dim: int, count: int, threads: int) -> None:
        import hnswlib  # noqa: PLC0415 - the processes of the others do without

        self._graph = hnswlib.Index(space="ip", dim=dim)
        self._graph.init_index(count, M=LINKS, ef_construction=CANDIDATES)
        self._graph.set_num_threads(threads)

    def add(self, rows: Rows) -> None:
        self._graph.add_items(rows)
        self._graph.set_num_threads(1)

    def hold(self, effort: int) -> None:
        self._graph.set_ef(effort)

    def nearest(self, query: Rows, k: int) -> Sequence[int]:
        found: list[int] = self._graph.knn_query(query, k=k)[0][0].tolist()
        return found


class Faiss:
    """FAISS's HNSW over float32."""

    def __init__(self, dim: int, count: int, threads: int) -> None:
        import faiss  # noqa: PLC0415 - an extra

        self._threads = faiss.omp_set_num_threads
        self._threads(threads)
        self._graph = faiss.IndexHNSWFlat(dim, LINKS, faiss.METRIC_INNER_PRODUCT)
        self._graph.hnsw.efConstruction = CANDIDATES

    def add(self, rows: Rows) -> None:
        self._graph.add(rows)
        self._threads(1)

    def hold(self, effort: int) -> None:
        self._graph.hnsw.efSearch = effort

    def nearest(self, query: Rows, k: int) -> Sequence[int]:
        found: list[int] = self._graph.search(query[np.newaxis], k)[1][0].tolist()
        return found


LIBRARIES: dict[str, type[Any]] = {"hnswlib": Hnswlib, **({"FAISS HNSW": Faiss} if find_spec("faiss") else {})}
"""Those that are installed."""
_built: dict[str, Graph] = {}


def build(library: str, path: Path, threads: int) -> tuple[float, float]:
    """Seconds to build a graph over the vectors of a .npy file, and bytes of memory that a vector takes in it."""
    rows = np.load(path)
    before, _ = memory(os.getpid())
    began = time.perf_counter()
    graph = LIBRARIES[library](rows.shape[1], len(rows), threads)
    graph.add(rows)
    seconds = time.perf_counter() - began
    _built[library] = graph
    return seconds, 2**20 * (memory(os.getpid())[0] - before) / len(rows)


def effort(library: str, queries: Rows, truth: NDArray[np.int64], target: float) -> tuple[int, float]:
    """The least effort whose recall reaches the target (or the greatest that was tried), and that recall."""
    graph = _built[library]
    reached = 0.0
    for candidates in EFFORTS:
        graph.hold(candidates)
        found = [graph.nearest(query, truth.shape[1]) for query in queries]
        reached = recall(found, truth)
        if reached >= target:
            break
    return candidates, reached


def ask(library: str, queries: Rows, k: int) -> tuple[list[Sample], list[Sequence[int]]]:
    """One search after the other, and the row numbers that each found."""
    graph = _built[library]
    found: list[Sequence[int]] = [()] * len(queries)

    def call(number: int) -> None:
        found[number] = graph.nearest(queries[number], k)

    return in_turn(call, len(queries)), found


def recall(found: Sequence[Sequence[int]], truth: NDArray[np.int64]) -> float:
    """Share of the true nearest that were found."""
    hits = sum(len(set(each) & set(true)) for each, true in zip(found, truth.tolist(), strict=True))
    return hits / truth.size


def nearest(path: Path, queries: Rows, k: int) -> NDArray[np.int64]:
    """Row numbers [queries, k] of the truly nearest, by comparing with every row of a .npy file."""
    rows = np.load(path, mmap_mode="r")
    best = np.full((len(queries), k), -np.inf, np.float32)
    places = np.zeros((len(queries), k), np.int64)
    for start in range(0, len(rows), 50_000):
        scores = np.hstack([best, queries @ rows[start : start + 50_000].T])
        numbers = np.hstack(
            [places, np.broadcast_to(np.arange(start, start + scores.shape[1] - k), scores[:, k:].shape)]
        )
        top = np.argpartition(-scores, k, axis=1)[:, :k]
        best, places = np.take_along_axis(scores, top, 1), np.take_along_axis(numbers, top, 1)
    return places

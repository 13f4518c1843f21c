"""`python -m benchmarks.filters`: filtered search by share admitted, beside other engines, in one table.

Every query is put to each engine in turn, so that whatever disturbs the machine disturbs all alike.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Before numpy is loaded: a core means one core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.filters import engines
from benchmarks.filters.cases import LIMIT, Case, cases
from benchmarks.filters.engines import Engine
from benchmarks.machine import describe
from benchmarks.markdown import figure, table
from benchmarks.vectors import mixture
from lookalike_server.catalog.catalog import Catalog

DEMAND = 2.0
"""Milliseconds, p50."""
RECALL = 0.99
OURS, ALONE = "ours, with records", "planner alone"
CALLBACK, QDRANT, EXACT = "hnswlib callback", "Qdrant", "numpy exact"
ENGINES = (OURS, ALONE, CALLBACK, QDRANT, EXACT)
HEAD = ["filter", "admitted", "first, ms", *ENGINES, "p50 <= 2 ms", "planner no slower"]


def main() -> None:
    """Build, measure, print."""
    flags = parse()
    began = time.perf_counter()
    rows = mixture(flags.count, flags.dim)
    print(f"{describe()}, qdrant-edge-py {edge_version()}")
    print(
        f"{flags.count:,} x {flags.dim}, Gaussian mixture, 1,000 clusters; {flags.queries} queries each, limit {LIMIT}"
    )
    print("Each cell: p50 / p99 in ms, recall@10, and the least ef that finds 0.99 where there is one to choose")
    asked = list(cases(rows, flags.queries))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ours").mkdir()
        (Path(folder) / "qdrant").mkdir()
        with engines.catalog(Path(folder) / "ours", rows, asked) as made:
            graph = engines.hnsw(rows)
            if not made.settle(timeout=900.0):
                raise TimeoutError("the graph did not cover all vectors in 15 minutes: try a smaller --count")
            shard = engines.qdrant(Path(folder) / "qdrant", rows, asked)
            print(f"built in {time.perf_counter() - began:.0f} s\n", flush=True)
            if shard is None:
                print("Qdrant is missing: pip install 'lookalike[bench]'\n")
            table(HEAD, (row(made, graph, shard, rows, case) for case in asked))
    print(f"{time.perf_counter() - began:.0f} s in all")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100_000, help="vectors")
    parser.add_argument("--dim", type=int, default=256, help="numbers in each")
    parser.add_argument("--queries", type=int, default=60, help="for each filter")
    return parser.parse_args()


def row(made: Catalog, graph: object, shard: object, rows: NDArray[np.float32], case: Case) -> list[object]:
    """One filter: every engine's figures, and what is demanded of ours."""
    first = timed(engines.ours(made, case), case, 0)[0]
    effort: dict[str, int] = {}
    asked: dict[str, Engine] = {OURS: engines.ours(made, case), ALONE: engines.planner(made, case)}
    asked[CALLBACK], effort[CALLBACK] = engines.tuned(lambda ef: engines.callback(graph, case, ef), case)
    if shard is not None:
        asked[QDRANT], effort[QDRANT] = engines.tuned(lambda ef: engines.edged(shard, case, ef), case)
    asked[EXACT] = engines.exact(rows, case)
    engines.settled(asked, case)
    made.settle(60)  # what comes again is fetched in the background
    engines.settled(asked, case)
    seconds, recalls = measured(asked, case)
    cells = [cell(seconds.get(name), recalls.get(name), effort.get(name)) for name in ENGINES]
    return [case.name, f"{len(case.admitted):,}", first, *cells, good(seconds, recalls), faster(seconds, recalls)]


def measured(asked: Mapping[str, Engine], case: Case) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Milliseconds of each query, and the mean recall, by engine."""
    both: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for number in range(len(case.queries)):
        for name, search in asked.items():
            both[name].append(timed(search, case, number))
    milliseconds = {name: [each for each, _ in pairs] for name, pairs in both.items()}
    return milliseconds, {name: float(np.mean([recall for _, recall in pairs])) for name, pairs in both.items()}


def timed(search: Engine, case: Case, number: int) -> tuple[float, float]:
    """Milliseconds and recall of one query."""
    began = time.perf_counter()
    found = search(case.queries[number])
    return 1_000 * (time.perf_counter() - began), case.recall(number, found)


def cell(milliseconds: list[float] | None, recall: float | None, effort: int | None) -> str:
    """An engine's figures."""
    if milliseconds is None:
        return "missing"
    middle, late = np.percentile(milliseconds, [50, 99])
    held = "" if effort is None else f", ef {effort}"
    return f"{figure(float(middle))} / {figure(float(late))}, {recall:.3f}{held}"


def good(milliseconds: Mapping[str, list[float]], recalls: Mapping[str, float]) -> str:
    """Whether ours is as fast and as good as is demanded."""
    return "yes" if np.median(milliseconds[OURS]) <= DEMAND and recalls[OURS] >= RECALL else "**no**"


def faster(milliseconds: Mapping[str, list[float]], recalls: Mapping[str, float]) -> str:
    """Whether the planner alone is no slower than the better of the other engines, of those that find enough."""
    others = {
        name: float(np.median(milliseconds[name]))
        for name in (CALLBACK, QDRANT)
        if name in milliseconds and recalls[name] >= RECALL
    }
    mine = float(np.median(milliseconds[ALONE]))
    if not others:
        return "yes: the others find too little"
    name = min(others, key=lambda one: others[one])
    return "yes" if mine <= others[name] else f"**no**: {name} is {mine / others[name]:.1f} times as fast"


def edge_version() -> str:
    """Of Qdrant's embedded engine."""
    try:
        return version("qdrant-edge-py")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    main()

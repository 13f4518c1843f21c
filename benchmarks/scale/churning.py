"""All vectors replaced twice over, lot by lot, beside a collection that was built from the last ones at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import vectors
from benchmarks.load import Sample, milliseconds
from benchmarks.markdown import table, verdict
from benchmarks.scale import hosted, raw
from benchmarks.scale.stage import K, Stage, filled, info
from lookalike_server.process import ServerProcess

MOST = 100_000
"""Vectors at most."""
LOTS = 20
"""In which all are replaced twice."""
SLOWER = 1.5
"""What a churned collection may take of a fresh one's time (p50)."""
BLOCKS = 5


def report(stage: Stage) -> None:
    """Churn, build afresh, search both in turns, print."""
    count = min(MOST, stage.count)
    path = stage.scratch / "churn.npy"
    np.save(path, vectors.mixture(3 * count, stage.queries.shape[1], seed=3))
    truth = stage.asker.submit(_truth, path, count, stage.queries).result()
    with filled(stage, stage.scratch / "churned", path, 0, count) as churned:
        _churn(stage, churned, path, count)
        with filled(stage, stage.scratch / "fresh", path, 2 * count, 3 * count) as fresh:
            for server in (churned, fresh):
                stage.asker.submit(hosted.tuned, server.target).result()
            head = [
                f"{count:,} vectors",
                f"recall@{K}",
                "p50, ms",
                "p99, ms",
                "p50 of the fresh one's",
                "demand",
                "met",
            ]
            table(head, _rows(stage, {"built at once": fresh, "after 200% churn": churned}, truth, 2 * count))


def _truth(path: Path, count: int, queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """Row numbers of the nearest among those that are left."""
    left = path.with_name("left.npy")
    np.save(left, np.load(path, mmap_mode="r")[2 * count :])
    return raw.nearest(left, queries, K)


def _churn(stage: Stage, server: ServerProcess, path: Path, count: int) -> None:
    model_id = info(server).models[0].id
    lot = 2 * count // LOTS
    for first in range(0, 2 * count, lot):
        last = min(first + lot, 2 * count)
        stage.client.submit(hosted.remove, server.target, first, last).result()
        bring = stage.client.submit(hosted.bring, server.target, model_id, path, first=count + first, last=count + last)
        bring.result()
    stage.client.submit(hosted.settled, server.target).result()


def _rows(
    stage: Stage, servers: dict[str, ServerProcess], truth: NDArray[np.int64], offset: int
) -> Iterator[list[object]]:
    samples: dict[str, list[Sample]] = {name: [] for name in servers}
    found: dict[str, list[Sequence[int]]] = {name: [] for name in servers}
    for queries in np.array_split(stage.queries, BLOCKS):
        for name, server in servers.items():
            some, numbers = stage.asker.submit(hosted.ask, server.target, queries, K).result()
            samples[name] += some
            found[name] += numbers
    base = milliseconds(samples["built at once"], 50)
    for name, some in samples.items():
        reached = raw.recall([[number - offset for number in each] for each in found[name]], truth)
        p50, p99 = milliseconds(some, 50), milliseconds(some, 99)
        good = reached >= stage.target and p50 <= SLOWER * base
        yield [name, f"{reached:.4f}", p50, p99, p50 / base, f">= {stage.target}, <= {SLOWER}", verdict(good)]

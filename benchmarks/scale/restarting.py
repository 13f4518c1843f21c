"""How soon a collection is served again: after a clean stop, and after SIGKILL with vectors that no snapshot has."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import vectors
from benchmarks.load import milliseconds
from benchmarks.markdown import table, verdict
from benchmarks.metrics import memory
from benchmarks.scale import hosted
from benchmarks.scale.stage import K, Stage, info

CLEAN_SECONDS, KILLED_SECONDS = 15, 60
"""Until a million vectors are served again."""
LATE = 0.01
"""Share of vectors that come between the snapshot and the kill."""


def report(stage: Stage) -> None:
    """Stop and start, kill and start, and print."""
    head = [
        "after",
        "to stop, s",
        "to SERVING, s",
        "until the graph has all",
        "p50, ms",
        "memory, MiB",
        "demand",
        "met",
    ]
    table(head, _rows(stage))


def _rows(stage: Stage) -> Iterator[list[object]]:
    began = time.perf_counter()
    stage.server.terminate()
    stopped = time.perf_counter() - began
    yield ["a clean stop", stopped, *_started(stage, CLEAN_SECONDS)]
    late = _late(stage)
    model_id = info(stage.server).models[0].id
    stage.client.submit(hosted.bring, stage.server.target, model_id, late, beyond=stage.count).result()
    stage.server.kill()
    lot = len(np.load(late, mmap_mode="r"))
    yield [f"SIGKILL, {lot:,} vectors after the snapshot", "", *_started(stage, KILLED_SECONDS)]


def _late(stage: Stage) -> Path:
    """A file of vectors that come last."""
    path = stage.scratch / "late.npy"
    np.save(path, vectors.mixture(max(K, int(LATE * stage.count)), stage.queries.shape[1], seed=2))
    return path


def _started(stage: Stage, demand: float) -> Iterator[object]:
    began = time.perf_counter()
    stage.restart()
    serving = time.perf_counter() - began
    yield serving
    stage.client.submit(hosted.settled, stage.server.target).result()
    yield time.perf_counter() - began
    samples, _ = stage.asker.submit(hosted.ask, stage.server.target, stage.queries[:100], K).result()
    yield milliseconds(samples, 50)
    yield memory(stage.server.pid)[0]
    yield f"<= {demand:g} s at a million"
    yield verdict(serving <= demand)

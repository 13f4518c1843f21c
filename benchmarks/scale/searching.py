"""Searches by vector through the whole server, beside raw graphs that hold the same recall, in turns."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Sample, milliseconds
from benchmarks.markdown import table, verdict
from benchmarks.scale import hosted, raw
from benchmarks.scale.stage import K, Stage, info

BLOCKS = 10
"""Turns that those who are compared take."""
SLOWER = 1.3
"""What the whole server may take of raw hnswlib's time (p50)."""
TRIALS = 200
"""Queries that the raw graphs are tuned with."""
OURS = "ours, through the server"


def report(stage: Stage) -> None:
    """Tune the raw graphs, search, print."""
    truth = stage.asker.submit(raw.nearest, stage.vectors, stage.queries, K).result()
    efforts = {
        library: process.submit(raw.effort, library, stage.queries[:TRIALS], truth[:TRIALS], stage.target).result()[0]
        for library, process in stage.libraries.items()
    }
    stage.asker.submit(hosted.tuned, stage.server.target).result()
    samples, found = in_turns(stage)
    empty = stage.asker.submit(hosted.empty_calls, stage.server.target, len(stage.queries)).result()
    base = milliseconds(samples["hnswlib"], 50)
    head = ["searches by vector, ms", "candidates", f"recall@{K}", "p50", "p90", "p99", "p50 of hnswlib's", "met"]
    efforts[OURS] = next((each.effort for each in info(stage.server).indexes), 0)
    table(head, _rows(samples, found, truth, efforts, base))
    print(f"A call to the server that searches nothing takes {milliseconds(empty, 50):.2f} ms (p50).\n")


def in_turns(stage: Stage) -> tuple[dict[str, list[Sample]], dict[str, list[Sequence[int]]]]:
    """Each one's samples, and what it found, for all queries."""
    samples: dict[str, list[Sample]] = {library: [] for library in (OURS, *stage.libraries)}
    found: dict[str, list[Sequence[int]]] = {library: [] for library in samples}
    for queries in np.array_split(stage.queries, BLOCKS):
        turns = {OURS: stage.asker.submit(hosted.ask, stage.server.target, queries, K).result()}
        for library, process in stage.libraries.items():
            turns[library] = process.submit(raw.ask, library, queries, K).result()
        for library, (some, numbers) in turns.items():
            samples[library] += some
            found[library] += numbers
    return samples, found


def _rows(
    samples: dict[str, list[Sample]],
    found: dict[str, list[Sequence[int]]],
    truth: NDArray[np.int64],
    efforts: dict[str, int],
    base: float,
) -> Iterator[list[object]]:
    for library, some in samples.items():
        times = [milliseconds(some, percent) for percent in (50, 90, 99)]
        met = verdict(times[0] <= SLOWER * base) if library == OURS else ""
        yield [library, efforts[library], f"{raw.recall(found[library], truth):.4f}", *times, times[0] / base, met]

"""What it takes to build a collection and to keep it; and searches meanwhile, while a snapshot is written too."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from benchmarks.load import Sample, milliseconds
from benchmarks.markdown import table
from benchmarks.metrics import memory
from benchmarks.scale import disk, hosted, raw
from benchmarks.scale.stage import Stage, info
from benchmarks.scale.watch import Watch

TURN_SECONDS = 5.0
"""Searches beside the import come in turns of this length."""


def report(stage: Stage) -> None:
    """Fill the server and the raw graphs, and print both tables."""
    before, _ = memory(stage.server.pid)
    with Watch(stage.server.pid) as watch:
        bring = stage.client.submit(hosted.bring, stage.server.target, info(stage.server).models[0].id, stage.vectors)
        asked = _meanwhile(stage, bring)
        began = time.perf_counter()
        stage.client.submit(hosted.settled, stage.server.target).result()
        covered = bring.result() + time.perf_counter() - began
    kept = 2**20 * (memory(stage.server.pid)[0] - before) / stage.count
    head = ["", "vectors/s", "threads", "memory, bytes a vector", "disk, bytes a vector"]
    table(head, _built(stage, bring.result(), covered, kept))
    print("Ten searches a second arrive meanwhile, ms:\n")
    table(["while", "p50", "p99", "calls"], _beside(asked, watch))


def _meanwhile(stage: Stage, bring: "Future[float]") -> list[tuple[float, Sample]]:
    """Searches until the import is done, each with the clock when it was due."""
    asked: list[tuple[float, Sample]] = []
    while not bring.done():
        turn = stage.asker.submit(hosted.ask_meanwhile, stage.server.target, stage.queries, TURN_SECONDS)
        began, samples = turn.result()
        asked += [(began + sample.due, sample) for sample in samples]
    return asked


def _built(stage: Stage, acknowledged: float, covered: float, kept: float) -> Iterator[list[object]]:
    yield ["ours: durable and found", stage.count / acknowledged, "", "", ""]
    lying = " + ".join(f"{size / stage.count:,.0f} {what}" for what, size in disk.sizes(stage.data).items())
    yield ["ours: in the graph as well", stage.count / covered, 1, kept, lying]
    for library, process in stage.libraries.items():
        seconds, each = process.submit(raw.build, library, stage.vectors, stage.threads).result()
        yield [f"{library}, in memory only", stage.count / seconds, stage.threads, each, ""]


def _beside(asked: Sequence[tuple[float, Sample]], watch: Watch) -> Iterator[list[object]]:
    writing = [watch.saw_child(due, due + sample.seconds) for due, sample in asked]
    for words, wanted in (("the import runs", False), ("the import runs and a snapshot is written", True)):
        some = [sample for (_, sample), was in zip(asked, writing, strict=True) if was is wanted]
        yield [words, milliseconds(some, 50), milliseconds(some, 99), len(some)]

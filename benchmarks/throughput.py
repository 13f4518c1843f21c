"""Imports beside the bare loop, what each part could do alone, and which threads take the processor.

Import and bare loop take turns, each in processes of its own on the same cores: an import is a client that reads files
and a server that acknowledges them, in a new collection each round.
"""

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import bare, callers, parts, processor, roofline, transport
from benchmarks.markdown import table, verdict
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.process import running

DEMAND = 0.92
"""Of the bare loop's images a second."""
KNOWN_ROUNDS = 2
"""Of imports into a collection that holds something: the client hashes, and asks first what is missing."""
SAMPLE = 200
"""Files for what is measured once."""


def report(plan: Plan) -> None:
    """Print the tables."""
    print("### Import beside the bare loop\n")
    ratio, costs = "ratio, median (by round)", "processor, ms an image: bare loop / import"
    head = ["pictures", "bare loop, images/s", "import, images/s", ratio, f">= {DEMAND} met", costs]
    table(head, rounds(plan))
    print("### Each part alone: images/s of one core\n")
    of_parts(plan)
    print("### The engine beside the processor, one core\n")
    of_engine(plan)
    print("### The processor's time in an import, ms an image\n")
    of_threads(plan)


def rounds(plan: Plan) -> Iterator[list[object]]:
    """A row for each size of pictures."""
    with process() as loop, process() as client, running(plan.scratch / "throughput", "--model", plan.model) as server:
        pids = [server.pid, client.submit(os.getpid).result()]

        def embed(files: Sequence[Path]) -> float:
            return loop.submit(bare.embed, plan.model, files).result()

        def import_(files: Sequence[Path], collection: str) -> float:
            return client.submit(callers.import_files, server.target, files, collection).result()

        known = f"{next(iter(plan.sizes))}, into a collection that holds one"
        cases = [(size, files[:0], files) for size, files in plan.sizes.items()]
        for size, held, files in [*cases, (known, plan.small[:1], plan.small[1:])]:
            name = f"{files[0].parent.name}-{len(held)}"
            embed(files[:20])
            import_(files[:20], f"{name}-warm")
            loops, imports = Taken(len(files), [loop.submit(os.getpid).result()]), Taken(len(files), pids)
            for number in range(min(plan.rounds, KNOWN_ROUNDS) if held else plan.rounds):
                loops.add(partial(embed, files))
                if held:
                    import_(held, f"{name}-{number}")
                imports.add(partial(import_, files, f"{name}-{number}"))
            yield [size, *compared(loops, imports)]


class Taken:
    """What rounds of one kind took: seconds of each, and of the processor in these processes."""

    def __init__(self, images: int, pids: Sequence[int]) -> None:
        self.images, self._pids = images, pids
        self.seconds: list[float] = []
        self._processor = 0.0

    def add(self, work: Callable[[], float]) -> None:
        """One more round; the work tells its seconds."""
        before = sum(map(processor.seconds, self._pids))
        self.seconds.append(work())
        self._processor += sum(map(processor.seconds, self._pids)) - before

    @property
    def spread(self) -> str:
        """Images a second, median and extremes."""
        rates = [self.images / seconds for seconds in self.seconds]
        return f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"

    @property
    def cost(self) -> float:
        """Milliseconds of the processor that an image took."""
        return 1000 * self._processor / len(self.seconds) / self.images


def compared(loops: Taken, imports: Taken) -> list[object]:
    """The row's figures."""
    ratios = [one / other for one, other in zip(loops.seconds, imports.seconds, strict=True)]
    median = statistics.median(ratios)
    told = f"{median:.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
    costs = f"{loops.cost:.1f} / {imports.cost:.1f}"
    return [loops.spread, imports.spread, told, verdict(median >= DEMAND), costs]


def of_parts(plan: Plan) -> None:
    """A row for each part, with a column for each size."""
    sizes = [files[:SAMPLE] for files in plan.sizes.values()]
    with process() as alone:
        found = [alone.submit(parts.each, plan.model, files).result() for files in sizes]
    found = [one | sent for one, sent in zip(found, transport.each(sizes), strict=True)]
    table(["part", *plan.sizes], ([part, *(1 / max(each[part], 1e-9) for each in found)] for part in found[0]))


def of_engine(plan: Plan) -> None:
    """Images, and operations beside those of a matrix product."""
    with process() as alone:
        images, peak = alone.submit(roofline.measured, plan.model, plan.seconds / 2).result()
    graph = roofline.graph_of(plan.model)
    work = roofline.operations(graph) if graph else None
    reached = [work / 1e9, images * work / 1e9, images * work / peak] if work else ["not counted", "", ""]
    head = ["images/s", "GFLOP an image", "GFLOP/s", "share of SGEMM", "SGEMM, GFLOP/s"]
    table(head, [[images, *reached, peak / 1e9]])


def of_threads(plan: Plan) -> None:
    """A row for each group of threads."""
    found = processor.each(plan.model, plan.scratch / "threads", list(plan.sizes.values()))
    rows = [[name, *(1000 * each.get(name, 0.0) for each in found)] for name in found[0] | found[1]]
    table(["threads", *plan.sizes], [*rows, ["all", *(1000 * sum(each.values()) for each in found)]])

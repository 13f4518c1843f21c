"""Imports beside the bare loop, what each part could do alone, and which threads take the processor.

Import and bare loop take turns, each in processes of its own on the same cores: an import is a client that reads files
and a server that acknowledges them, in a new collection each round.
"""

import statistics
from collections.abc import Iterator

from benchmarks import bare, callers, parts, processor, roofline, transport
from benchmarks.markdown import table, verdict
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.process import running

DEMAND = 0.92
"""Of the bare loop's images a second."""
SAMPLE = 200
"""Files for what is measured once."""


def report(plan: Plan) -> None:
    """Print the tables."""
    print("### Import beside the bare loop\n")
    head = ["pictures", "bare loop, images/s", "import, images/s", "ratio by round", "median", f"{DEMAND} met"]
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
        for size, files in plan.sizes.items():
            name = files[0].parent.name
            loop.submit(bare.rate, plan.model, files[:20]).result()
            client.submit(callers.import_files, server.target, files[:20], f"{name}-warm").result()
            loops, imports = [], []
            for number in range(plan.rounds):
                loops.append(loop.submit(bare.rate, plan.model, files).result())
                into = f"{name}-{number}"
                imports.append(len(files) / client.submit(callers.import_files, server.target, files, into).result())
            ratios = [one / other for one, other in zip(imports, loops, strict=True)]
            told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            median = statistics.median(ratios)
            yield [size, spread(loops), spread(imports), told, median, verdict(median >= DEMAND)]


def spread(rates: list[float]) -> str:
    """Median and extremes."""
    return f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"


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

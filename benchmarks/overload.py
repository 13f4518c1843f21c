"""Twice as many searches as the server can answer: what is answered, what refused, and how soon.

The calls come from a process of their own, whose work shares the
cores with the server: refusing costs both.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks import callers, stubs
from benchmarks.load import Sample, answered, closed_loop, milliseconds, open_loop, poisson, rate
from benchmarks.markdown import table, verdict
from benchmarks.metrics import drops, free_address, memory, scrape
from benchmarks.photographs import encoded
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.config import Settings
from lookalike_server.process import running

GOODPUT = 0.90
"""Of capacity, at twice its load."""
CALLERS = 16
THREADS = 1024
"""Calls of the open loop that may be under way."""
REFUSED_MS = 50.0
"""Until a refusal, p99: at once."""
ROOM_MIB = Settings().max_waiting_bytes / 2**20
"""What the server's memory may grow by: the pictures that may wait."""


def report(plan: Plan) -> None:
    """Print the tables."""
    address, queries = free_address(), encoded(plan.small[:200])
    flags = ("--model", plan.model, "--metrics-address", address)
    with process() as crowd, running(plan.scratch / "overload", *flags) as server:
        crowd.submit(callers.import_files, server.target, plan.small, stubs.COLLECTION).result()
        search = partial(stubs.search, server.target, queries)
        capacity = rate(crowd.submit(search, partial(closed_loop, callers=CALLERS, seconds=plan.seconds)).result())
        before, _ = memory(server.pid)
        load = partial(open_loop, times=poisson(2 * capacity, plan.seconds), threads=THREADS)
        samples = crowd.submit(search, load).result()
        print(f"### Searches by picture at twice what {CALLERS} callers get answered, {capacity:.0f} a second\n")
        table(["", "figure", "demand", "met"], of_overload(capacity, samples, before, memory(server.pid)[1]))
        print("### Pictures dropped before the network in all this\n")
        table(["reason", "pictures"], drops(scrape(address)).items())


def of_overload(capacity: float, samples: Sequence[Sample], before: float, peak: float) -> Iterator[list[object]]:
    """What became of the calls, and of the server's memory, in MiB."""
    counts = Counter(sample.error or "answered" for sample in samples)
    good = rate(samples)
    yield ["answered, a second", good, f">= {GOODPUT * capacity:.0f}", verdict(good >= GOODPUT * capacity)]
    yield ["p50 / p99 of answers, ms", pair(answered(samples)), "", ""]
    for name, count in counts.most_common():
        yield [f"share: {name}", count / len(samples), "", ""]
    refusals = [Sample(one.due, one.done) for one in samples if one.error.startswith("Refused")]
    soon = not refusals or milliseconds(refusals, 99) <= REFUSED_MS
    yield ["p50 / p99 until refused, ms", pair(refusals), f"p99 <= {REFUSED_MS:.0f}", verdict(soon)]
    silent = counts[stubs.RefusedSilently.__name__]
    yield ["refused without retry-after", silent, "0", verdict(silent == 0)]
    yield ["memory before, MiB", before, "", ""]
    yield ["memory at its peak, MiB", peak, f"<= {before + ROOM_MIB:.0f}", verdict(peak <= before + ROOM_MIB)]


def pair(samples: Sequence[Sample]) -> str:
    """Two percentiles."""
    return f"{milliseconds(samples, 50):.0f} / {milliseconds(samples, 99):.0f}"

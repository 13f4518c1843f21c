"""Twice as many searches as the server can answer, and callers who leave.

What is answered, refused, and computed for nobody. The calls come from a process of their own, whose work shares the
cores with the server: refusing costs both.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks import callers, stubs
from benchmarks.load import Sample, answered, closed_loop, milliseconds, open_loop, poisson, rate
from benchmarks.markdown import table, verdict
from benchmarks.metrics import drops, free_address, memory, rows, scrape
from benchmarks.photographs import encoded
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.process import running

GOODPUT = 0.90
"""Of capacity, at twice its load."""
CALLERS = 16
THREADS = 1024
"""Calls of the open loop that may be under way."""
LEAVERS = 256
"""Calls made at once, of which half leave."""
BATCH = 16
"""Pictures that may be computed for those who left: one batch."""


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
        table(["", "figure", "demand", "met"], of_overload(capacity, samples))
        print(f"Server's memory: {before:.0f} MiB before, {memory(server.pid)[1]:.0f} MiB at its peak.\n")
        computed = rows(scrape(address))
        stayed = crowd.submit(stubs.search_and_leave, server.target, queries, LEAVERS).result()
        series = scrape(address)
        dead = rows(series) - computed - stayed
        print(f"### {LEAVERS} searches at once, of which half are cancelled\n")
        table(
            ["answered", "computed for nobody", "demand", "met"], [[stayed, dead, f"< {BATCH}", verdict(dead < BATCH)]]
        )
        print("### Pictures dropped before the network in all this\n")
        table(["reason", "pictures"], drops(series).items())


def of_overload(capacity: float, samples: Sequence[Sample]) -> Iterator[list[object]]:
    """What became of the calls."""
    counts = Counter(sample.error or "answered" for sample in samples)
    good = rate(samples)
    yield ["answered, a second", good, f">= {GOODPUT * capacity:.0f}", verdict(good >= GOODPUT * capacity)]
    yield ["p50 / p99 of answers, ms", pair(answered(samples)), "", ""]
    for name, count in counts.most_common():
        yield [f"share: {name}", count / len(samples), "", ""]
    refusals = [Sample(one.due, one.done) for one in samples if one.error.startswith("Refused")]
    yield ["p50 / p99 until refused, ms", pair(refusals), "at once", ""]
    silent = counts[stubs.RefusedSilently.__name__]
    yield ["refused without retry-after", silent, "0", verdict(silent == 0)]


def pair(samples: Sequence[Sample]) -> str:
    """Two percentiles."""
    return f"{milliseconds(samples, 50):.0f} / {milliseconds(samples, 99):.0f}"

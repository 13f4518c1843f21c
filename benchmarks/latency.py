"""How long one search takes: by picture beside the same work in one process, by vector, alone and among others."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks import bare, callers, vectors
from benchmarks.load import Sample, in_turn, milliseconds, rate
from benchmarks.markdown import table, verdict
from benchmarks.photographs import encoded
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.models import registry
from lookalike_server.process import running

PICTURE_MS, VECTOR_MS, VECTOR_TAIL_MS = 3.0, 1.5, 5.0
"""What the server may add to a search by picture (p50); a search by vector (p50, p99)."""
CALLERS = 16
BLOCKS = 10
"""Turns that server and bare loop take."""

Ask = Callable[..., list[Sample]]


def report(plan: Plan) -> None:
    """Print the table. `vectors.fill` has written the folder `vectors` of the plan."""
    data, twin = plan.scratch / "vectors", plan.scratch / "vectors-bare"
    shutil.copytree(data, twin, dirs_exist_ok=True)
    pictures = encoded(plan.small[: plan.calls])
    queries = list(vectors.mixture(1_000, registry.load(plan.model).dim, seed=1))
    print(f"### Searches among {plan.vectors:,} vectors, ms\n")
    with process() as alone, process() as client, running(data, "--model", plan.model) as server:

        def ask(asked: Sequence[Any], calls: int, callers_: int = 1) -> list[Sample]:
            load = partial(in_turn, calls=calls, callers=callers_)
            return client.submit(callers.search, server.target, vectors.COLLECTION, asked, load).result()

        def bare_search(asked: Sequence[bytes]) -> list[float]:
            search = bare.search_seconds
            return alone.submit(search, plan.model, twin, vectors.COLLECTION, asked).result()

        head = ["search", "p50", "p90", "p99", "a second", "calls", "demand", "met"]
        table(head, rows(plan, ask, bare_search, pictures, queries))


def rows(
    plan: Plan,
    ask: Ask,
    bare_search: Callable[[Sequence[bytes]], list[float]],
    pictures: Sequence[bytes],
    queries: Sequence[Any],
) -> Iterator[list[object]]:
    """A row for each way of asking."""
    bare_samples, ours = [], []
    for block in range(BLOCKS):
        asked = [pictures[number % len(pictures)] for number in range(block, plan.calls, BLOCKS)]
        bare_samples += [Sample(0.0, seconds) for seconds in bare_search(asked)]
        ours += ask(asked, len(asked))
    floor = milliseconds(bare_samples, 50)
    yield ["by picture, in one process", *percentiles(bare_samples), "", len(bare_samples), "", ""]
    added = milliseconds(ours, 50) - floor
    demand = f"p50 <= {floor + PICTURE_MS:.1f}"
    yield ["by picture", *percentiles(ours), "", len(ours), demand, verdict(added <= PICTURE_MS)]
    among = ask(pictures, max(1, plan.calls // CALLERS), CALLERS)
    yield [f"by picture, {CALLERS} callers", *percentiles(among), rate(among), len(among), "", ""]
    alone = ask(queries, plan.calls)
    good = milliseconds(alone, 50) <= VECTOR_MS and milliseconds(alone, 99) <= VECTOR_TAIL_MS
    demand = f"p50 <= {VECTOR_MS}, p99 <= {VECTOR_TAIL_MS}"
    yield ["by vector", *percentiles(alone), rate(alone), len(alone), demand, verdict(good)]
    among = ask(queries, max(1, plan.calls // 4), CALLERS)
    yield [f"by vector, {CALLERS} callers", *percentiles(among), rate(among), len(among), "", ""]


def percentiles(samples: Sequence[Sample]) -> list[float]:
    """p50, p90 and p99 in milliseconds."""
    return [milliseconds(samples, percent) for percent in (50, 90, 99)]

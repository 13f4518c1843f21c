"""People and imports at once: what a saturating import costs searches by picture, and what these cost the import.

Searches arrive on their own (open loop, Poisson) from one process, the import comes from another. The cases take turns,
and the searches of all turns are pooled.
"""

import statistics
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial

from benchmarks import callers
from benchmarks.load import Sample, closed_loop, milliseconds, open_loop, poisson, rate
from benchmarks.markdown import table, verdict
from benchmarks.photographs import encoded
from benchmarks.plan import Plan
from benchmarks.workers import process
from lookalike_server.process import running

ARRIVALS = 10.0
"""Searches a second."""
SLICE_MS = 25.0
"""Work of one bulk batch while people are about: what the p99 may grow by."""
KEPT = 0.85
"""Of the import's lone throughput."""
TURNS = 3
CALLERS = 16
"""Of searches that leave the engine no pause, so that the import must age to get through."""

Search = Callable[[callers.Load], "Future[list[Sample]]"]
Import = Callable[[str], "Future[float]"]


def report(plan: Plan) -> None:
    """Print the tables."""
    print("### Searches by picture at 10 a second, and an import at full speed\n")
    with process() as people, process() as bulk, running(plan.scratch / "mixed", "--model", plan.model) as server:
        bulk.submit(callers.import_files, server.target, plan.small, "searched").result()
        search = searching(plan, people, server.target)
        import_ = importing(plan, bulk, server.target)
        side_by_side(plan, search, import_)
        print(f"### {CALLERS} callers who search without a pause, and an import beside them\n")
        ageing(plan, search, import_)


def searching(plan: Plan, people: ProcessPoolExecutor, target: str) -> Search:
    """What starts a loop of searches."""
    queries = encoded(plan.small[:200])
    return lambda load: people.submit(callers.search, target, "searched", queries, load)


def importing(plan: Plan, bulk: ProcessPoolExecutor, target: str) -> Import:
    """What starts an import, into collections of this name, of a phase's length."""
    return lambda name: bulk.submit(callers.import_for, target, plan.small, name, plan.seconds)


def side_by_side(plan: Plan, search: Search, import_: Import) -> None:
    """Each alone, then both."""
    idle, mixed, lone, kept = list[Sample](), list[Sample](), [], []
    for turn in range(TURNS):
        load = partial(open_loop, times=poisson(ARRIVALS, plan.seconds, seed=turn))
        idle += search(load).result()
        lone.append(import_(f"lone-{turn}").result())
        beside = import_(f"beside-{turn}")
        mixed += search(load).result()
        kept.append(beside.result() / lone[-1])
    bound, share = milliseconds(idle, 99) + SLICE_MS, statistics.median(kept)
    head = ["", "p50, ms", "p99, ms", "searches", "import, images/s", "demand", "met"]
    rows: list[list[object]] = [
        ["searches alone", milliseconds(idle, 50), milliseconds(idle, 99), len(idle), "", "", ""],
        ["import alone", "", "", "", statistics.median(lone), "", ""],
        [
            "both: searches",
            milliseconds(mixed, 50),
            tail := milliseconds(mixed, 99),
            len(mixed),
            "",
            f"p99 <= {bound:.1f}",
            verdict(tail <= bound),
        ],
        ["both: import", "", "", "", f"{share:.2f} of alone", f">= {KEPT}", verdict(share >= KEPT)],
    ]
    table(head, rows)


def ageing(plan: Plan, search: Search, import_: Import) -> None:
    """What is left to an import when people alone could keep the engine busy."""
    load = partial(closed_loop, callers=CALLERS, seconds=plan.seconds)
    alone = search(load).result()
    beside = import_("ageing")
    both, images = search(load).result(), beside.result()
    head = ["", "searches/s", "p50, ms", "p99, ms", "import, images/s", "demand", "met"]
    rows: list[list[object]] = [
        ["searches alone", rate(alone), milliseconds(alone, 50), milliseconds(alone, 99), "", "", ""],
        ["both", rate(both), milliseconds(both, 50), milliseconds(both, 99), images, "> 0", verdict(images > 0)],
    ]
    table(head, rows)

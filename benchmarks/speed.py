"""`python -m benchmarks.speed [PHOTOS]`: throughput, latency, mixed load, overload, leaving: tables with their demands.

Real server processes, real files, clients in processes of their own. Without a folder of photographs it takes those
that the packages of the demo ship.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Before numpy is loaded, here and in every process that this one starts: a core means one core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks import latency, leaving, mixed, overload, photographs, throughput, vectors
from benchmarks.machine import describe
from benchmarks.plan import Plan
from benchmarks.workers import process

TABLES: Mapping[str, Callable[[Plan], None]] = {
    "throughput": throughput.report,
    "latency": latency.report,
    "mixed": mixed.report,
    "overload": overload.report,
    "leaving": leaving.report,
}


def main() -> None:
    """Prepare, measure, print."""
    flags = parse()
    began = time.perf_counter()
    print(f"{describe()}\nModel {flags.model}; {flags.rounds} rounds, phases of {flags.seconds:g} s", flush=True)
    with prepared(flags) as plan:
        small, large = (photographs.megabytes(files) for files in (plan.small, plan.large))
        print(
            f"{len(plan.small)} JPEGs of 500 x 375 ({1000 * small:.0f} KB), {len(plan.large)} of 12 MP ({large:.1f} MB)"
        )
        print(f"prepared in {time.perf_counter() - began:.0f} s\n", flush=True)
        for name in flags.tables:
            print(f"## {name.capitalize()}\n", flush=True)
            TABLES[name](plan)
            print(f"{time.perf_counter() - began:.0f} s since the start\n", flush=True)
    print(f"{time.perf_counter() - began:.0f} s in all")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("photos", metavar="PHOTOS", nargs="?", type=Path, help="folder of photographs")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="only these")
    parser.add_argument("--model", default="deepranking-lite0", help="as for serve --model")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds of bare loop and import")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each phase under load")
    parser.add_argument("--calls", type=int, default=1000, help="searches of each caller")
    parser.add_argument("--vectors", type=int, default=100_000, help="in the collection that is searched")
    parser.add_argument("--small", type=int, default=600, help="pictures of 500 x 375")
    parser.add_argument("--large", type=int, default=64, help="pictures of 12 megapixels")
    parser.add_argument("--streams", type=int, default=4000, help="import streams that are cancelled")
    return parser.parse_args()


@contextmanager
def prepared(flags: argparse.Namespace) -> Iterator[Plan]:
    """The files that the tables need; the graph of the vectors is built meanwhile, beside the JPEGs."""
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder, process() as filling:
        scratch = Path(folder)
        if "latency" in flags.tables:
            filled = filling.submit(vectors.fill, scratch / "vectors", flags.model, flags.vectors)
        found = photographs.sources(flags.photos, flags.small)
        small = photographs.write_small(found, scratch / "small", flags.small)
        large = photographs.write_large(found, scratch / "large", flags.large)
        if "latency" in flags.tables:
            filled.result()
        sizes = tuple(small), tuple(large)
        yield Plan(scratch, flags.model, *sizes, flags.rounds, flags.seconds, flags.calls, flags.vectors, flags.streams)


if __name__ == "__main__":
    main()

"""`python -m benchmarks.scale [--count N]`: one large collection beside raw hnswlib and FAISS, on the same vectors.

A million takes about an hour on two cores: `--count 1000000`. FAISS comes with the extra `bench`.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# Before numpy is loaded, here and in every process that this one starts: a core means one core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks import vectors
from benchmarks.machine import describe
from benchmarks.scale import building, churning, raw, restarting, searching
from benchmarks.scale.stage import Stage, staged

PARTS: Mapping[str, Callable[[Stage], None]] = {
    "building": building.report,
    "searching": searching.report,
    "restarting": restarting.report,
    "churning": churning.report,
}


def main() -> None:
    """Measure and print."""
    flags = parse()
    print(f"{describe()}\n{flags.count:,} vectors of {flags.dim} numbers", flush=True)
    if len(raw.LIBRARIES) < 2:
        print("FAISS is not installed and is left out: pip install '.[bench]'")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lookalike-scale-", dir=flags.scratch) as scratch:
        path = Path(scratch, "vectors.npy")
        np.save(path, vectors.mixture(flags.count, flags.dim))
        queries = vectors.mixture(flags.queries, flags.dim, seed=1)
        tuned = {"target": flags.target, "threads": flags.threads}
        with staged(Path(scratch), model=flags.model, vectors=path, queries=queries, **tuned) as stage:
            for part in flags.parts:
                print(f"## {part.capitalize()}\n", flush=True)
                PARTS[part](stage)
                print(f"{time.perf_counter() - began:.0f} s since the start\n", flush=True)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100_000, help="vectors in the collection")
    parser.add_argument("--dim", type=int, default=256, help="numbers in a vector: the model's")
    parser.add_argument("--queries", type=int, default=1_000, help="searches of each kind")
    parser.add_argument("--target", type=float, default=0.99, help="recall@10 that all are tuned to")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of the others' builds")
    parser.add_argument("--model", default="deepranking-lite0", help="as for serve --model")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="only these; building is always")
    parser.add_argument("--scratch", type=Path, help="folder for the run's files")
    flags = parser.parse_args()
    flags.parts = [part for part in PARTS if part in flags.parts or part == "building"]
    return flags


if __name__ == "__main__":
    main()

"""`python -m benchmarks.engines MODEL`: one model in each of its engines, in turns, such as `seed:PATH.h5`.

Prints images a second for each number of threads, the ratio to the last engine in the same round, and how far the
embeddings lie from that engine's (L2, the largest). Each engine has a process of its own, because TensorFlow cannot
change its threads.
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe
from lookalike_server.models import registry
from lookalike_server.models.probes import probe_pictures
from lookalike_server.models.protocol import Engine

Measured = tuple[float, NDArray[np.float32]]
"""Seconds, and the embeddings."""

engine: Engine
inputs: NDArray[np.generic]
"""Of a worker process."""


def main() -> None:
    """Measure and print."""
    flags = parse()
    names = registry.load(flags.model).engines()
    print(f"{describe()}\nModel {registry.load(flags.model).name}; {flags.pictures} pictures, {flags.rounds} rounds\n")
    print(f"| engine | threads | images/s, median (min to max) | times {names[-1]} | L2 from {names[-1]} |")
    print("|---|---|---|---|---|")
    for threads in flags.threads:
        workers = {name: worker(flags.model, name, threads, flags.pictures) for name in names}
        rounds = [{name: each.submit(measure).result() for name, each in workers.items()} for _ in range(flags.rounds)]
        for each in workers.values():
            each.shutdown()
        for name in names:
            report(name, threads, [(done[name], done[names[-1]]) for done in rounds])


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", help="as for serve --model")
    parser.add_argument("--pictures", type=int, default=8, help="pictures of a batch")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    return parser.parse_args()


def worker(model: str, name: str, threads: int, pictures: int) -> ProcessPoolExecutor:
    """A process that holds one engine."""
    context = get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=load, initargs=(model, name, threads, pictures))


def load(spec: str, name: str, threads: int, pictures: int) -> None:
    """In the worker: load the engine, warm, and prepare the batch."""
    global engine, inputs  # noqa: PLW0603 - a worker process has nothing else
    model = registry.load(spec)
    probes = probe_pictures((300, 400))
    inputs = np.stack([model.prepare(Image.fromarray(probes[number % len(probes)])) for number in range(pictures)])
    engine = model.engine(name, threads=threads)
    engine.embed(inputs)


def measure() -> Measured:
    """In the worker: run the batch once."""
    began = time.perf_counter()
    embeddings = engine.embed(inputs).embeddings
    return time.perf_counter() - began, embeddings


def report(name: str, threads: int, rounds: list[tuple[Measured, Measured]]) -> None:
    """One line: the engine's rounds, each beside the reference's."""
    rates = [len(found) / seconds for (seconds, found), _ in rounds]
    ratio = statistics.median(reference[0] / seconds for (seconds, _), reference in rounds)
    apart = max(np.linalg.norm(found - reference[1], axis=1).max() for (_, found), reference in rounds)
    rate = f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"
    print(f"| {name} | {threads} | {rate} | {ratio:.2f} | {apart:.0e} |", flush=True)


if __name__ == "__main__":
    main()

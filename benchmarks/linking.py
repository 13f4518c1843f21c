"""`python -m benchmarks.linking`: how fast near-duplicates are found, each with each and through the graph.

Made-up vectors in clusters stand for images, in a real catalog. Besides images a second of wall time the table says how
much of one core each took, which other work on the machine blurs less; and how long searches by vector took meanwhile.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import quantiles

import numpy as np

from benchmarks.machine import describe
from benchmarks.markdown import table
from lookalike_server import yielding
from lookalike_server.catalog import linking
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.vectors import Rows
from lookalike_server.records import Arrival, Content

RADIUS = 0.3
BATCH = 1_000
PAUSE_SECONDS = 0.02
"""Between searches."""


def main() -> None:
    """Measure and print."""
    flags = parse()
    print(f"{describe()}\n")
    head = ["images", "numbers", "way", "images/s", "ms of a core, an image", "searches meanwhile: p50, ms", "p99, ms"]
    with (
        tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder,
        Catalog(Path(folder), models={"m": flags.dim}) as catalog,
    ):
        fill(catalog, flags.images, flags.dim)
        table(head, ([flags.images, flags.dim, *row] for row in rows(catalog, flags.dim)))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=256, help="numbers of a vector")
    return parser.parse_args()


def fill(catalog: Catalog, count: int, dim: int) -> None:
    """Fifty images in a cluster; waits for the graph."""
    chance = np.random.default_rng(0)
    centres = chance.standard_normal((count // 50 + 1, dim))
    catalog.create_collection("c")
    for start in range(0, count, BATCH):
        drawn = centres[chance.integers(0, len(centres), BATCH)] + 0.6 * chance.standard_normal((BATCH, dim))
        catalog.add([arrival(start + number, vector) for number, vector in enumerate(drawn.astype(np.float32))])
    catalog.settle(3_600)


def arrival(number: int, vector: Rows) -> Arrival:
    """One made-up image."""
    return Arrival("c", sha256(str(number).encode()).hexdigest(), Content(1, 1, 1, "JPEG", None, vector))


def rows(catalog: Catalog, dim: int) -> Iterator[list[object]]:
    """Both ways, and searches alone to compare with."""
    times: list[float] = []
    with searching(catalog, dim, times):
        time.sleep(5)
    yield ["searches alone", "", "", *percentiles(times)]
    for way, most in (("each with each", 10**9), ("through the graph", 0)):
        linking.MOST_COMPARED = most
        times = []
        with searching(catalog, dim, times):
            wall, core = found(catalog)
        count = catalog.collection("c").image_count
        yield [way, count / wall, 1000 * core / count, *percentiles(times)]


def found(catalog: Catalog) -> tuple[float, float]:
    """Seconds that it takes to find all groups, and seconds of a core that the finding thread took."""
    took: list[float] = []

    def find() -> None:
        yielding.to_others(yielding.BULK)
        began, core = time.perf_counter(), time.thread_time()
        for _ in catalog.duplicates("c", RADIUS):
            pass
        took.extend([time.perf_counter() - began, time.thread_time() - core])

    finding = threading.Thread(target=find)
    finding.start()
    finding.join()
    return took[0], took[1]


@contextmanager
def searching(catalog: Catalog, dim: int, times: list[float]) -> Iterator[None]:
    """Searches by vector, one after the other with a pause, while the block runs; their seconds go to `times`."""
    done = threading.Event()

    def search() -> None:
        chance = np.random.default_rng(1)
        while not done.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            catalog.search("c", chance.standard_normal(dim).astype(np.float32))
            times.append(time.perf_counter() - began)

    thread = threading.Thread(target=search)
    thread.start()
    yield
    done.set()
    thread.join()


def percentiles(times: list[float]) -> list[float]:
    """Median and 99th, milliseconds."""
    cuts = quantiles(times, n=100)
    return [1000 * cuts[49], 1000 * cuts[98]]


if __name__ == "__main__":
    main()

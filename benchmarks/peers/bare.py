"""The ceiling: decode and engine in a loop, without a server, in a process of its own.

Decode threads run ahead of the engine by a bounded number of pictures, as they would in anybody's program.
"""

import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context

from benchmarks.peers.task import Pixels, Task

AHEAD = 64
"""Pictures decoded or being decoded before the engine asks for them."""


def measure(model: str, cores: int, pictures: Sequence[bytes], seconds: float, max_batch: int) -> dict[str, float]:
    """Figures by key: of pictures one after another, and of batches."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measure, model, cores, pictures, seconds, max_batch).result()


def _measure(model: str, cores: int, pictures: Sequence[bytes], seconds: float, max_batch: int) -> dict[str, float]:
    task = Task(model, cores)
    for picture in pictures[:max_batch]:
        task.embed([task.decode(picture)])
    times = alone(task, pictures, seconds)
    percentiles = statistics.quantiles(times, n=100, method="inclusive")
    capacity = batched(task, cores, pictures, seconds, max_batch)
    return {
        "closed 1 rate": 1 / statistics.mean(times),
        "closed 1 p50": 1000 * percentiles[49],
        "closed 1 p99": 1000 * percentiles[98],
        "closed 8 rate": capacity,
        "closed 32 rate": capacity,
    }


def alone(task: Task, pictures: Sequence[bytes], seconds: float) -> list[float]:
    """Seconds that each picture takes by itself; at least two."""
    times: list[float] = []
    began = time.perf_counter()
    for picture in cycle(pictures):
        start = time.perf_counter()
        task.embed([task.decode(picture)])
        times.append(time.perf_counter() - start)
        if len(times) > 1 and time.perf_counter() - began > seconds:
            return times
    raise ValueError("no pictures")


def batched(task: Task, cores: int, pictures: Sequence[bytes], seconds: float, max_batch: int) -> float:
    """Images a second."""
    done, began = 0, time.perf_counter()
    with ThreadPoolExecutor(cores, "ahead") as pool:
        pixels = ahead(task, pool, cycle(pictures))
        while time.perf_counter() - began < seconds or not done:
            done += len(task.embed(list(islice(pixels, max_batch))))
        spent = time.perf_counter() - began
    return done / spent


def ahead(task: Task, pool: ThreadPoolExecutor, pictures: Iterable[bytes]) -> Iterator[Pixels]:
    """Pixels in the pictures' order."""
    under_way: deque[Future[Pixels]] = deque()
    for picture in pictures:
        under_way.append(pool.submit(task.decode, picture))
        if len(under_way) > AHEAD:
            yield under_way.popleft().result()

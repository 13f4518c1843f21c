"""The ceiling: decode and engine in a loop, without a server, in a process of its own.

Batches come by the loop of `benchmarks.bare`, whose decode threads run ahead of the engine.
"""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from benchmarks.bare import ahead
from benchmarks.peers.task import Task
from benchmarks.workers import process


def measure(model: str, cores: int, pictures: Sequence[bytes], seconds: float, max_batch: int) -> dict[str, float]:
    """Figures by key: of pictures one after another, and of batches."""
    with process() as alone:
        return alone.submit(_measure, model, cores, pictures, seconds, max_batch).result()


def _measure(model: str, cores: int, pictures: Sequence[bytes], seconds: float, max_batch: int) -> dict[str, float]:
    task = Task(model, cores)
    for picture in pictures[:max_batch]:
        task.embed([task.decode(picture)])
    times = one_by_one(task, pictures, seconds)
    percentiles = statistics.quantiles(times, n=100, method="inclusive")
    capacity = batched(task, cores, pictures, seconds, max_batch)
    return {
        "closed 1 rate": 1 / statistics.mean(times),
        "closed 1 p50": 1000 * percentiles[49],
        "closed 1 p99": 1000 * percentiles[98],
        "closed 8 rate": capacity,
        "closed 32 rate": capacity,
    }


def one_by_one(task: Task, pictures: Sequence[bytes], seconds: float) -> list[float]:
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
        pixels = ahead(pool, task.decode, cycle(pictures))
        while time.perf_counter() - began < seconds or not done:
            done += len(task.embed(list(islice(pixels, max_batch))))
        spent = time.perf_counter() - began
    return done / spent

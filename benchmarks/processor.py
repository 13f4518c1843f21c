"""Processor time by process and by group of threads: where an import's time goes, without a profiler's own.

Linux tells each thread's time in nanoseconds. Python does not tell Linux its threads' names, so the server is run
inside a process of the benchmark's, which can say which thread is whose.
"""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from benchmarks import callers
from benchmarks.workers import process
from lookalike_server.app import devote_process
from lookalike_server.config import filled
from lookalike_server.testing import BackgroundServer

served: BackgroundServer
"""Of a process that serves."""

Clocks = Mapping[int, tuple[str, int]]
"""Name and nanoseconds of each thread."""


def each(model: str, data: Path, sizes: Sequence[Sequence[Path]]) -> list[dict[str, float]]:
    """Seconds of the processor that a file of each size takes on its way in, by group of threads."""
    with process() as serving, process() as sending:
        target = serving.submit(serve, model, data).result()
        found = [_of_one(serving, sending, target, files) for files in sizes]
        serving.submit(stop).result()
    return found


def _of_one(serving: Executor, sending: Executor, target: str, files: Sequence[Path]) -> dict[str, float]:
    into = files[0].parent.name
    sending.submit(callers.import_files, target, files[:1], f"{into}-warm").result()
    before, began = serving.submit(clocks).result(), sending.submit(time.process_time).result()
    sending.submit(callers.import_files, target, files, into).result()
    after, ended = serving.submit(clocks).result(), sending.submit(time.process_time).result()
    groups = {f"server: {name}": taken for name, taken in spent(before, after).items()}
    # All at once: the threads of a closed connection are gone, and their clocks with them.
    groups["client"] = ended - began
    return {name: taken / len(files) for name, taken in groups.items()}


def serve(model: str, data: Path) -> str:
    """In its process: run a server; its address."""
    global served  # noqa: PLW0603 - the process has nothing else
    served = BackgroundServer(filled({"model": model, "data": data, "address": "127.0.0.1:0"}))
    served.start()
    devote_process()
    return served.address


def stop() -> None:
    """In its process: stop the server."""
    served.stop()


def seconds(pid: int) -> float:
    """Of all threads of a process, since it began, to a hundredth."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


def clocks() -> Clocks:
    """Of every thread of this process."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found = {}
    for task in Path("/proc/self/task").iterdir():
        number = int(task.name)
        name = names.get(number) or (task / "comm").read_text().strip()
        found[number] = name, int((task / "schedstat").read_text().split()[0])
    return found


def spent(before: Clocks, after: Clocks) -> dict[str, float]:
    """Seconds by group of threads, the largest first."""
    groups: Counter[str] = Counter()
    for number, (name, late) in after.items():
        groups[purpose(name)] += late - before.get(number, (name, 0))[1]
    return {name: nanoseconds / 1e9 for name, nanoseconds in groups.most_common()}


def purpose(name: str) -> str:
    """What threads that differ by their number have in common, in words."""
    common = re.sub(r"[-_ ]*\d+$", "", name)
    return WORDS.get(common, common if common.startswith(("onnx", "decode", "call", "engine", "lookalike")) else "gRPC")


WORDS = {"lookalike-server": "event loop", "lookalike-indexer": "indexer", "onnx": "network", "engine": "network"}
"""The engine's thread runs the network itself, beside those of its pool."""

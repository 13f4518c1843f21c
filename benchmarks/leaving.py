"""`python -m benchmarks.leaving`: what clients leave behind in a server when they leave in the middle.

Prints, of one server process: memory after each thousand cancelled import streams; processor time of an idle server;
and, of pictures half of which are given up while they wait, the rows that were computed for those who had left.
"""

import argparse
import io
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from PIL import Image

from benchmarks.machine import describe
from lookalike import Client
from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb
from lookalike.v1.image_service_pb2_grpc import ImageServiceStub
from lookalike.v1.search_service_pb2_grpc import SearchServiceStub
from lookalike_server.process import running

COLLECTION = "left"
PICTURES_A_STREAM = 20
STREAMS_AT_ONCE = 8
METRICS_ADDRESS = "127.0.0.1:9464"


def main() -> None:
    """Measure and print."""
    flags = parse()
    print(f"{describe()}\nmodel {flags.model}\n")
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as scratch:
        settings = ("--model", flags.model, "--metrics-address", flags.metrics_address)
        with running(Path(scratch) / "data", *settings) as server, grpc.insecure_channel(server.target) as channel:
            with Client(server.target) as looks:
                looks.create_collection(COLLECTION)
            report_streams(channel, server.pid, flags.streams)
            report_idleness(server.pid, flags.idle)
            report_the_dead(channel, flags)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--streams", type=int, default=10_000, help="import streams to cancel")
    parser.add_argument("--calls", type=int, default=100, help="pictures to embed, half of which are given up")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of idleness")
    parser.add_argument("--model", default="deepranking-lite0")
    parser.add_argument("--metrics-address", default=METRICS_ADDRESS)
    return parser.parse_args()


def report_streams(channel: grpc.Channel, pid: int, streams: int) -> None:
    """Memory of the server after each tenth of the streams; the first tenth warms it up."""
    print("| cancelled streams | RSS, MiB |\n|---|---|")
    portion = max(1, streams // 10)
    sizes = []
    for number in range(1, 11):
        cancel_streams(channel, portion)
        sizes.append(rss(pid))
        print(f"| {number * portion} | {sizes[-1] / 2**20:.1f} |", flush=True)
    slope = np.polyfit(np.arange(len(sizes)) * portion, sizes, 1)[0]
    print(f"\nslope: {slope:.0f} bytes a stream\n")


def cancel_streams(channel: grpc.Channel, count: int) -> None:
    """Begin imports, take one answer of each, and leave."""
    stub: Any = ImageServiceStub(channel)
    content = picture(0)

    def one(_: int) -> None:
        requests = (ipb.ImportImagesRequest(collection=COLLECTION, content=content) for _ in range(PICTURES_A_STREAM))
        answers = stub.ImportImages(requests)
        next(answers)
        answers.cancel()

    with ThreadPoolExecutor(STREAMS_AT_ONCE) as pool:
        list(pool.map(one, range(count)))


def report_idleness(pid: int, seconds: float) -> None:
    """Processor time of a server that has nothing to do."""
    used = cpu_seconds(pid)
    time.sleep(seconds)
    print(f"idle: {cpu_seconds(pid) - used:.2f} s of processor time in {seconds:.0f} s\n")


def report_the_dead(channel: grpc.Channel, flags: argparse.Namespace) -> None:
    """Rows computed for calls that were cancelled while they waited behind as many others."""
    stub: Any = SearchServiceStub(channel)
    before = counted(flags.metrics_address, "lookalike_batch_rows_sum")
    requests = [spb.EmbedRequest(picture=tpb.Picture(content=picture(seed))) for seed in range(flags.calls)]
    calls = [stub.Embed.future(request) for request in requests]
    stay, leave = calls[: len(calls) // 2], calls[len(calls) // 2 :]
    for call in leave:
        call.cancel()
    answered = sum(call.exception() is None for call in stay)
    rows = counted(flags.metrics_address, "lookalike_batch_rows_sum") - before
    print(f"of {len(calls)} calls {len(leave)} cancelled, {answered} answered: {rows - answered:.0f} rows for the dead")
    for line in metrics(flags.metrics_address):
        if line.startswith("lookalike_dropped_total"):
            print(line)


def picture(seed: int) -> bytes:
    """Noise as a PNG: a file of 150 KB that no two seeds share."""
    noise = np.random.default_rng(seed).integers(0, 256, (200, 250, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def counted(address: str, name: str) -> float:
    """A number of the metrics, whatever its labels."""
    return sum(float(line.split()[-1]) for line in metrics(address) if line.startswith(name))


def metrics(address: str) -> Iterator[str]:
    """Lines of the metrics."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        yield from answer.read().decode().splitlines()


def rss(pid: int) -> int:
    """Bytes of memory that a process has (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, its own and the system's for it (Linux; proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()

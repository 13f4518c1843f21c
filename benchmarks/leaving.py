"""What clients leave behind in a server when they leave in the middle, and what the server does when nobody is there.

Import streams that are cancelled after their first answer, every picture another one; an idle server; and searches
half of which are given up at once. What a stream has imported is kept by right: it is deleted before memory is read.
"""

import io
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from PIL import Image

from benchmarks import callers, stubs
from benchmarks.markdown import table, verdict
from benchmarks.metrics import drops, free_address, memory, rows, scrape
from benchmarks.photographs import encoded
from benchmarks.plan import Plan
from benchmarks.processor import seconds
from benchmarks.workers import process
from lookalike import Client
from lookalike.v1.image_service_pb2 import ImportImagesRequest
from lookalike.v1.image_service_pb2_grpc import ImageServiceStub
from lookalike_server.process import running

NETWORK = "tiny"
"""Of the server whose streams are cancelled: with a real one, ten thousand streams take half an hour."""
THUMBNAIL = (100, 75)
PICTURES_A_STREAM = 20
STREAMS_AT_ONCE = 8
PORTIONS = 10
STREAM_BYTES = 1000
"""Growth of the server by a stream, once it is warm: about nothing."""
IDLE = 0.01
"""Of a core."""
LEAVERS = 256
"""Searches made at once, of which half leave."""
BATCH = 16
"""Pictures that may be computed for those who left: one batch."""


def report(plan: Plan) -> None:
    """Print the tables."""
    print(f"### {plan.streams:,} import streams, each cancelled after its first answer\n")
    address = free_address()
    with running(plan.scratch / "streams", "--model", NETWORK, "--metrics-address", address) as server:
        table(
            ["streams", "memory, MiB", "bytes a stream", "demand", "met"], of_streams(plan, server.target, server.pid)
        )
        print("Pictures dropped before the network:\n")
        table(["reason", "pictures"], drops(scrape(address)).items())
    print(f"### {LEAVERS} searches at once, of which half are cancelled; and nobody\n")
    table(["", "figure", "demand", "met"], of_leavers(plan))


def of_streams(plan: Plan, target: str, pid: int) -> Iterator[list[object]]:
    """Memory after each portion; the growth is that of the later half."""
    pictures, numbers = [thumbnail(path) for path in plan.small[:100]], count()
    portion, sizes = max(1, plan.streams // PORTIONS), []
    with grpc.insecure_channel(target) as channel, Client(target) as looks:
        for number in range(1, PORTIONS + 1):
            collection = f"portion-{number}"
            looks.create_collection(collection)
            cancel_streams(channel, collection, pictures, portion, numbers)
            looks.delete_collection(collection)
            sizes.append(memory(pid)[0])
            yield [number * portion, f"{sizes[-1]:.1f}", "", "", ""]
    later = sizes[PORTIONS // 2 :]
    growth = 2**20 / portion * float(np.polyfit(range(len(later)), later, 1)[0])
    yield ["the later half", "", f"{growth:.0f}", f"<= {STREAM_BYTES}", verdict(growth <= STREAM_BYTES)]


def thumbnail(path: Path) -> bytes:
    """A picture so small that streams are many a second, and large enough that those left behind would show."""
    into = io.BytesIO()
    with Image.open(path) as image:
        image.resize(THUMBNAIL).save(into, "JPEG", quality=90)
    return into.getvalue()


def cancel_streams(
    channel: grpc.Channel, collection: str, pictures: Sequence[bytes], streams: int, numbers: Iterator[int]
) -> None:
    """Begin imports, take one answer of each, and leave. A number at a picture's end makes it one of its own."""
    stub: Any = ImageServiceStub(channel)

    def item(number: int) -> ImportImagesRequest:
        content = pictures[number % len(pictures)] + number.to_bytes(4, "big")
        return ImportImagesRequest(collection=collection, content=content)

    def one(_: int) -> None:
        answers = stub.ImportImages(item(next(numbers)) for _ in range(PICTURES_A_STREAM))
        next(answers)
        answers.cancel()

    with ThreadPoolExecutor(STREAMS_AT_ONCE) as pool:
        list(pool.map(one, range(streams)))


def of_leavers(plan: Plan) -> Iterator[list[object]]:
    """What is computed for nobody, and what a server without callers takes."""
    address, queries = free_address(), encoded(plan.small[:200])
    flags = ("--model", plan.model, "--metrics-address", address)
    with process() as crowd, running(plan.scratch / "leavers", *flags) as server:
        crowd.submit(callers.import_files, server.target, plan.small[:200], stubs.COLLECTION).result()
        computed = rows(scrape(address))
        stayed = crowd.submit(stubs.search_and_leave, server.target, queries, LEAVERS).result()
        series = scrape(address)
        dead = rows(series) - computed - stayed
        yield ["answered", stayed, "", ""]
        yield ["rows computed for nobody", dead, f"< {BATCH}", verdict(dead < BATCH)]
        for reason, pictures in drops(series).items():
            yield [f"dropped before the network: {reason}", pictures, "", ""]
        share = idleness(server.pid, plan.seconds)
        yield ["idle, share of a core", f"{share:.4f}", f"<= {IDLE}", verdict(share <= IDLE)]


def idleness(pid: int, length: float) -> float:
    """Share of a core that a server takes in so many seconds in which nobody asks for anything."""
    used = seconds(pid)
    time.sleep(length)
    return (seconds(pid) - used) / length

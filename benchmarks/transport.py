"""What gRPC alone takes of an import: a stream of the same messages to a server that only acknowledges them.

Two processes, as always; neither hashes, decodes or stores.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from benchmarks.workers import process
from lookalike.v1 import image_service_pb2 as pb
from lookalike.v1.image_service_pb2_grpc import (
    ImageServiceServicer,
    ImageServiceStub,
    add_ImageServiceServicer_to_server,
)
from lookalike_server import memory

LIMITS = [("grpc.max_receive_message_length", -1)]


class Acknowledging(ImageServiceServicer):
    """Takes pictures and forgets them."""

    async def ImportImages(self, requests: AsyncIterator[pb.ImportImagesRequest], context: Any) -> None:  # noqa: N802
        """Acknowledge each."""
        async for request in requests:
            await context.write(pb.ImportImagesResponse(tag=request.tag, image_id="0" * 64))


def each(sizes: Sequence[Sequence[Path]]) -> list[dict[str, float]]:
    """Seconds of the processor that a file of each size takes, by side."""
    with process() as serving, process() as sending:
        target = serving.submit(serve).result()
        return [_of_one(serving, sending, target, files) for files in sizes]


def _of_one(serving: Executor, sending: Executor, target: str, files: Sequence[Path]) -> dict[str, float]:
    sending.submit(send, target, files[:4]).result()  # connects
    before = [side.submit(time.process_time).result() for side in (sending, serving)]
    sending.submit(send, target, files).result()
    after = [side.submit(time.process_time).result() for side in (sending, serving)]
    client, server = ((late - early) / len(files) for early, late in zip(before, after, strict=True))
    return {"gRPC and protobuf, client": client, "gRPC and protobuf, server": server}


def serve() -> str:
    """In its process: serve until that ends; the address."""
    memory.keep_freed()
    started: Future[str] = Future()
    threading.Thread(target=asyncio.run, args=[_serve(started)], daemon=True).start()
    return started.result()


async def _serve(started: "Future[str]") -> None:
    server = grpc.aio.server(options=LIMITS)
    add_ImageServiceServicer_to_server(Acknowledging(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    started.set_result(f"127.0.0.1:{port}")
    await server.wait_for_termination()


def send(target: str, files: Sequence[Path]) -> None:
    """In its process: every file over one stream, each read when its turn comes."""
    with grpc.insecure_channel(target, [("grpc.max_send_message_length", -1)]) as channel:
        requests = (pb.ImportImagesRequest(tag=1, collection="c", content=file.read_bytes()) for file in files)
        answered = sum(1 for _ in ImageServiceStub(channel).ImportImages(requests))
    if answered != len(files):
        raise ConnectionError(f"{answered} of {len(files)} messages were acknowledged")

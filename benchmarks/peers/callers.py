"""How callers reach a server: gRPC ours, HTTP the others.

Both are blocking and what a Python program would use: a gRPC stub on one channel for all threads, as our SDK has it but
without its retries; `http.client` on a connection for each thread, kept open.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from itertools import count
from typing import Protocol

import grpc

from benchmarks.load import closed_loop, rate
from lookalike.v1.collection_service_pb2 import Collection, CreateCollectionRequest
from lookalike.v1.collection_service_pb2_grpc import CollectionServiceStub
from lookalike.v1.image_service_pb2 import ImportImagesRequest, ImportImagesResponse
from lookalike.v1.image_service_pb2_grpc import ImageServiceStub
from lookalike.v1.search_service_pb2 import EmbedRequest
from lookalike.v1.search_service_pb2_grpc import SearchServiceStub
from lookalike.v1.types_pb2 import Picture

BULK = 32
"""Pictures of the bulk work under way at once."""


class Caller(Protocol):
    """What loads ask for."""

    def embed(self, picture: bytes, timeout: float) -> bytes:
        """The embedding, little-endian float32; raises when it is refused, fails or is late."""
        ...

    def bulk(self, pictures: Sequence[bytes], seconds: float) -> float:
        """Images a second of as much bulk work as the server does in so long, `BULK` pictures under way at once."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Grpc:
    """Ours: `Embed`, its deadline sent along; bulk work is an import, whose pictures are also stored and indexed."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.insecure_channel(target, [("grpc.enable_retries", 0)])
        self._embed = SearchServiceStub(self._channel).Embed
        self._new = CollectionServiceStub(self._channel).CreateCollection
        self._import = ImageServiceStub(self._channel).ImportImages
        self._collections = count()

    def embed(self, picture: bytes, timeout: float) -> bytes:
        """See `Caller`."""
        answer = self._embed(EmbedRequest(picture=Picture(content=picture)), timeout=timeout)
        vector: bytes = answer.vector.float32_le
        return vector

    def bulk(self, pictures: Sequence[bytes], seconds: float) -> float:
        """See `Caller`. Raises ValueError when an item fails."""
        name = f"bulk-{next(self._collections)}"
        self._new(CreateCollectionRequest(collection=Collection(name=name)))
        places, began = threading.Semaphore(BULK), time.perf_counter()

        def items() -> Iterator[ImportImagesRequest]:
            for number in count():
                places.acquire()
                if time.perf_counter() - began > seconds:
                    return
                # A trailer makes it another picture: one that is known already would not be embedded.
                content = pictures[number % len(pictures)] + number.to_bytes(4, "big")
                yield ImportImagesRequest(tag=number, collection=name, content=content)

        done = 0
        for answer in self._import(items()):
            if answer.outcome != ImportImagesResponse.OUTCOME_CREATED:
                raise ValueError(f"an import went wrong: {answer.status.message}")
            done += 1
            places.release()
        return done / (time.perf_counter() - began)

    def close(self) -> None:
        """See `Caller`."""
        self._channel.close()


class Http:
    """The others: POST /embed; bulk work is so many callers of the same."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._mine = threading.local()

    def embed(self, picture: bytes, timeout: float) -> bytes:
        """See `Caller`."""
        connection = self._connection(timeout)
        try:
            connection.request("POST", "/embed", picture, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()  # the answer to this call must not be the next one's
            raise
        if answer.status != 200:
            raise ConnectionRefusedError(f"{answer.status}: {body[:100]!r}")
        return body

    def bulk(self, pictures: Sequence[bytes], seconds: float) -> float:
        """See `Caller`."""
        return rate(closed_loop(lambda number: self._one(pictures[number % len(pictures)]), BULK, seconds))

    def close(self) -> None:
        """Each thread's connection ends with it."""

    def _one(self, picture: bytes) -> None:
        self.embed(picture, timeout=30.0)

    def _connection(self, timeout: float) -> HTTPConnection:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = HTTPConnection(self._target, timeout=timeout)
        connection: HTTPConnection = self._mine.connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

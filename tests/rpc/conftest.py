"""Real servers behind raw stubs: what a client in any language sees."""

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests import plugged
from tests.disk import no_file_beyond
from tests.pictures import picture_bytes

from lookalike.v1 import collection_service_pb2 as collections
from lookalike.v1 import image_service_pb2 as images
from lookalike.v1 import load_pb2
from lookalike.v1.collection_service_pb2_grpc import CollectionServiceStub
from lookalike.v1.image_service_pb2_grpc import ImageServiceStub
from lookalike.v1.search_service_pb2_grpc import SearchServiceStub
from lookalike_server.testing import BackgroundServer, serve


class Doors:
    """The three services of one server."""

    def __init__(self, target: str, metrics_address: str = "") -> None:
        self.target = target
        self.metrics_address = metrics_address
        self.channel = grpc.insecure_channel(target)
        self.search: Any = SearchServiceStub(self.channel)
        self.images: Any = ImageServiceStub(self.channel)
        self.collections: Any = CollectionServiceStub(self.channel)

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"http://{self.metrics_address}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def waiting(self) -> int:
        """Pictures that wait for the engine, in both lanes."""
        load = self.search.GetServerLoad(load_pb2.GetServerLoadRequest(), timeout=10)
        return sum(lane.waiting_count for model in load.models for lane in model.lanes)

    def make(self, name: str, seeds: range = range(0)) -> list[str]:
        """A collection with pictures of these seeds; returns their ids."""
        self.collections.CreateCollection(
            collections.CreateCollectionRequest(collection=collections.Collection(name=name)), timeout=10
        )
        requests = (
            images.ImportImagesRequest(tag=seed, collection=name, content=picture_bytes(seed)) for seed in seeds
        )
        answers = sorted(self.images.ImportImages(requests, timeout=30), key=lambda answer: answer.tag)
        assert all(answer.status.code == 0 for answer in answers)
        return [answer.image_id for answer in answers]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def doors(**settings: Any) -> Iterator[Doors]:
    """A server of its own, with metrics."""
    metrics_address = f"127.0.0.1:{free_port()}"
    with serve(**{"metrics_address": metrics_address, **settings}) as target:
        opened = Doors(target, metrics_address)
        with opened.channel:
            yield opened


@dataclass(frozen=True)
class Failure:
    """How a call failed."""

    code: grpc.StatusCode
    reason: str
    message: str
    retry_after_ms: int | None


def failure(call: Callable[[], Any]) -> Failure:
    """Make the call, which must fail."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    error: Any = raised.value
    trailers = dict(error.trailing_metadata() or ())
    retry = trailers.get("retry-after-ms")
    return Failure(error.code(), trailers.get("lookalike-reason", ""), error.details(), retry and int(retry))


@pytest.fixture(scope="session")
def shared() -> Iterator[Doors]:
    """One server for the tests that leave it as it was."""
    with doors(model="tiny,tiny:32", max_image_bytes=1_000_000, max_image_pixels=1_000_000) as opened:
        opened.make("shared", range(5))
        yield opened


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the model `gated` known."""
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    plugged.computed.clear()


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file of this process may grow beyond the largest one in the folder."""
    size = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with no_file_beyond(size):
        yield


def drain(server: BackgroundServer, opened: Doors) -> threading.Thread:
    """Have the server stop; returns, with the thread that stops it, when its health says so."""
    health: Any = health_pb2_grpc.HealthStub(opened.channel)
    states = health.Watch(health_pb2.HealthCheckRequest(), timeout=30)
    assert next(states).status == health_pb2.HealthCheckResponse.SERVING
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert next(states).status == health_pb2.HealthCheckResponse.NOT_SERVING
    return stopping

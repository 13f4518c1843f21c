"""The composition root: settings become parts, parts become a server.

start    listen, health NOT_SERVING, load the models, warm them, open the catalog, SERVING
stop     health NOT_SERVING, streams finish what they hold, running calls get `drain_seconds`, then the parts close
"""

import asyncio
import gc
import ipaddress
import logging
import signal
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from PIL import Image

from lookalike.v1 import (
    collection_service_pb2,
    collection_service_pb2_grpc,
    image_service_pb2,
    image_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)
from lookalike_server import memory, prometheus
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.config import ConfigError, Settings
from lookalike_server.duplicates import DuplicateFinder
from lookalike_server.errors import EngineFailed
from lookalike_server.hosting import host, load_models
from lookalike_server.importing import Importer
from lookalike_server.metrics import Metrics
from lookalike_server.parts import Gate, Parts
from lookalike_server.reembedding import Reembedder
from lookalike_server.rpc.collection_service import CollectionService
from lookalike_server.rpc.image_service import ImageService
from lookalike_server.rpc.interceptor import Interceptor
from lookalike_server.rpc.search_service import SearchService
from lookalike_server.searching import Searcher

log = logging.getLogger("lookalike.app")

SERVICES = (
    search_service_pb2.DESCRIPTOR.services_by_name["SearchService"].full_name,
    image_service_pb2.DESCRIPTOR.services_by_name["ImageService"].full_name,
    collection_service_pb2.DESCRIPTOR.services_by_name["CollectionService"].full_name,
)
ENVELOPE_BYTES = 2**20
"""What a message may have around its picture: labels, path, ids."""
CALL_THREADS = 32
"""Calls that wait for the disk at once."""
PYTHON_TURN_SECONDS = 0.0005
"""A thread's turn in Python while others want one: a search has several, and each would wait 5 ms beside an import."""
LAST_WORDS_SECONDS = 0.2
"""Time for the last answers to leave."""
PING_SECONDS = 5
"""So often a client may ask whether the server is there: gRPC's own 5 minutes would leave it waiting for a dead one."""
MIN_MESSAGE_BYTES = 8 * 2**20
"""Room for answers and for the calls that carry ids instead of pictures."""


class App:
    """One server. Everything about it happens on one event loop but for the engine, decoding and the disk."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        metrics = Metrics()
        self._gate = Gate(settings, metrics)
        self._health = health.aio.HealthServicer()
        self._interceptor = Interceptor(metrics, settings.token, lambda: self._gate.is_crowded)
        self._parts: Parts | None = None
        self._server: grpc.aio.Server | None = None
        self._is_dead = False
        self._close_metrics: Callable[[], None] = lambda: None
        self.address = ""
        """Where it listens, once started: HOST:PORT."""

    async def start(self) -> None:
        """Listen, load, serve. Raises ConfigError, EngineMissing, EngineFailed, ModelFileError or DataFolderError."""
        began = time.perf_counter()
        # Writers wait for each other in these threads; there must be some left for searches.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CALL_THREADS, "call"))
        await self._report(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._listen()
        on_death = partial(self._engine_died, asyncio.get_running_loop())
        self._parts = await asyncio.to_thread(build, self._settings, on_death)
        self._parts.importer.start()
        self._parts.reembedder.start()
        self._gate.open(self._parts)
        await self._report(health_pb2.HealthCheckResponse.SERVING)
        if self._is_dead:
            raise EngineFailed("the engine ended while the server started: its log says why")
        served = {each.model.id: each.engine.version for each in self._parts.hosted}
        facts = {"model": ",".join(served), "engine": ",".join(dict.fromkeys(served.values()))}
        seconds = round(time.perf_counter() - began, 2)
        log.info("serving", extra={"address": self.address, **facts, "seconds": seconds})

    async def stop(self) -> None:
        """Drain and take everything down; safe to call after a failed start."""
        if self._gate.ready:
            log.info("draining", extra={"seconds": self._settings.drain_seconds})
        await self._health.enter_graceful_shutdown()
        self._gate.closing.set()
        # Not the transport's own drain: that would wait for health watchers, and refuse newcomers without a reason.
        if not await self._interceptor.drained(self._settings.drain_seconds):
            log.warning("some calls did not end in time and are cut off")
        if self._server is not None:
            await self._server.stop(LAST_WORDS_SECONDS)
        if self._parts is not None:
            await self._parts.importer.close()
            await self._parts.reembedder.close()
            await asyncio.to_thread(take_down, self._parts)
            log.info("stopped")
        self._close_metrics()

    async def _listen(self) -> None:
        # Our own limit on pictures must speak before the transport's.
        bound = max(self._settings.max_image_bytes + ENVELOPE_BYTES, MIN_MESSAGE_BYTES)
        options = [
            ("grpc.max_receive_message_length", bound),
            ("grpc.max_send_message_length", -1),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", PING_SECONDS * 1000),
            ("grpc.so_reuseport", 0),  # a second server on the same port is an error, not a lottery
        ]
        self._server = grpc.aio.server(interceptors=[self._interceptor], options=options)
        search_service_pb2_grpc.add_SearchServiceServicer_to_server(SearchService(self._gate), self._server)
        image_service_pb2_grpc.add_ImageServiceServicer_to_server(ImageService(self._gate), self._server)
        collection_service_pb2_grpc.add_CollectionServiceServicer_to_server(CollectionService(self._gate), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.address = bind(self._server, self._settings)
        await self._server.start()
        if self._settings.metrics_address:
            self._close_metrics = listen(self._gate, self._settings.metrics_address)

    async def _report(self, status: int) -> None:
        for service in ("", *SERVICES):
            # What is dead serves no more, whoever reports last.
            await self._health.set(service, health_pb2.HealthCheckResponse.NOT_SERVING if self._is_dead else status)

    def _engine_died(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called on the dying engine thread: without an engine nothing is served."""
        self._is_dead = True
        report = self._report(health_pb2.HealthCheckResponse.NOT_SERVING)
        asyncio.run_coroutine_threadsafe(report, loop)


def bind(server: grpc.aio.Server, settings: Settings) -> str:
    """Open the port; returns HOST:PORT with the real port."""
    host, port = split_address(settings.address)
    try:
        if settings.tls_cert:
            bound = server.add_secure_port(settings.address, credentials(settings))
        else:
            bound = server.add_insecure_port(settings.address)
    except RuntimeError as error:
        raise ConfigError(
            f"cannot listen on {settings.address}: is the port taken? choose another --address"
        ) from error
    if not is_loopback(host) and not settings.token:
        log.warning("anyone who reaches this address may read and delete: set a token", extra={"address": host})
    return f"{host}:{bound or port}"


def listen(gate: Gate, address: str) -> Callable[[], None]:
    """Open the metrics port; returns what closes it. Raises ConfigError."""
    try:
        return prometheus.listen(gate.load, *split_address(address))
    except OSError as error:
        raise ConfigError(f"cannot listen on {address}: is the port taken? choose another --metrics-address") from error


def split_address(address: str) -> tuple[str, int]:
    """HOST:PORT in two."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"an address is HOST:PORT, such as 127.0.0.1:50051, not {address!r}")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def credentials(settings: Settings) -> grpc.ServerCredentials:
    """The server's certificate. Raises ConfigError."""
    try:
        key, chain = Path(settings.tls_key).read_bytes(), Path(settings.tls_cert).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the TLS files: {error}") from error
    return grpc.ssl_server_credentials([(key, chain)])


def build(settings: Settings, on_engine_death: Callable[[], None]) -> Parts:
    """Load the models, warm them, open the catalog, and join the parts."""
    # Oddities of pictures are judged in decode; Pillow's warnings of them only fill the terminal.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    models = load_models(settings)
    hosted = host(models, settings, on_engine_death)
    catalog = Catalog(
        settings.data,
        models={model.id: model.dim for model in models},
        index=settings.index,
        recall_target=settings.recall_target,
    )
    embedders = {each.model.id: each.embedder for each in hosted}
    return Parts(
        tuple(hosted),
        catalog,
        Searcher(embedders, catalog),
        Importer(embedders, catalog),
        Reembedder(embedders, catalog),
        DuplicateFinder(catalog),
    )


def take_down(parts: Parts) -> None:
    """Close the parts in the order in which work leaves them."""
    for each in parts.hosted:
        each.close()
    parts.finder.close()
    parts.catalog.close()


def devote_process() -> None:
    """Suit the whole process to a server that has just started in it and has it to itself."""
    memory.keep_freed()
    sys.setswitchinterval(PYTHON_TURN_SECONDS)
    gc.freeze()  # what stands by now stays: looking through it again and again would hold up searches


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    app = App(settings)
    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    try:
        await app.start()
        devote_process()
        await leaving.wait()
    finally:
        await app.stop()

"""How a client reaches its server: address, encryption, token, limits, retries. No I/O but reading certificates."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from lookalike._parcel import serialised
from lookalike.errors import BadRequest, ClientUnusable
from lookalike.v1.collection_service_pb2_grpc import CollectionServiceStub
from lookalike.v1.image_service_pb2 import ImportImagesResponse
from lookalike.v1.image_service_pb2_grpc import ImageServiceStub
from lookalike.v1.search_service_pb2_grpc import SearchServiceStub

GOODBYE = 5.0
"""Seconds that a server gets to end a stream after its last answer."""

QUIET = 10.0
"""Seconds without a word from the server, in mid-call, until it is pinged, and as many for its answer to the ping."""

StrPath = str | os.PathLike[str]
Metadata = tuple[tuple[str, str], ...]

# May be repeated though an answer was lost: they change nothing, or change the same thing to the same state.
_REPEATABLE = {
    "lookalike.v1.SearchService": ["Search", "Embed", "GetServerInfo", "GetServerLoad"],
    "lookalike.v1.ImageService": [
        "FindDuplicates",
        "FindMissingImages",
        "GetImage",
        "ListImages",
        "ListSources",
        "UpdateImage",
    ],
    "lookalike.v1.CollectionService": ["GetCollection", "ListCollections", "UpdateCollection"],
}
# A lost answer may mean that it was done: only a refusal, after which nothing was done, is repeated.
_ONCE = {
    "lookalike.v1.ImageService": ["DeleteImages", "RemoveSources"],
    "lookalike.v1.CollectionService": ["CreateCollection", "DeleteCollection", "SwitchModel"],
}


def _method_config(methods: dict[str, list[str]], codes: list[str]) -> dict[str, Any]:
    return {
        "name": [{"service": service, "method": name} for service, names in methods.items() for name in names],
        "retryPolicy": {
            "maxAttempts": 5,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": codes,
        },
    }


def _service_config(target: str) -> str:
    spread = target.startswith(("ipv4:", "ipv6:", "dns:"))
    config = {
        "loadBalancingConfig": [{"round_robin": {}} if spread else {"pick_first": {}}],
        "methodConfig": [
            _method_config(_REPEATABLE, ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]),
            _method_config(_ONCE, ["RESOURCE_EXHAUSTED"]),
        ],
    }
    return json.dumps(config)


class Endpoint:
    """A server's address and all that opening a channel to it takes.

    `ca`, `cert` and `key` are PEM files; any of them implies `tls`. Raises OSError where one cannot be read, BadRequest
    where the target names no server or one of `cert` and `key` is missing.
    """

    def __init__(
        self,
        target: str,
        *,
        tls: bool,
        ca: StrPath | None,
        cert: StrPath | None,
        key: StrPath | None,
        token: str | None,
    ) -> None:
        if not target.rpartition("/")[2].strip():
            raise BadRequest(f"{target!r} names no server: give host:port, such as localhost:50051")
        if bool(cert) != bool(key):
            # gRPC would abort the process.
            raise BadRequest("cert and key go together: give both")
        self.target = target
        self.metadata: Metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._credentials: grpc.ChannelCredentials | None = None
        if tls or ca or cert or key:
            self._credentials = grpc.ssl_channel_credentials(_bytes(ca), _bytes(key), _bytes(cert))

    @property
    def options(self) -> list[tuple[str, Any]]:
        """Channel arguments."""
        return [
            ("grpc.service_config", _service_config(self.target)),
            # The server states its limits and has better errors than the transport; none apply here.
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
            # A request larger than this buffer is not retried: the default of 256 KiB is less than a photograph.
            ("grpc.per_rpc_retry_buffer_size", 64 << 20),
            # A connection that stands and carries nothing is found out while a call waits for its answer.
            ("grpc.keepalive_time_ms", int(QUIET * 1000)),
            ("grpc.keepalive_timeout_ms", int(QUIET * 1000)),
            ("grpc.http2.ping_timeout_ms", int(QUIET * 1000)),
            ("grpc.keepalive_permit_without_calls", 0),
            ("grpc.http2.max_pings_without_data", 0),  # no bound: the default of 2 would space them out to minutes
            # Find a restarted server within seconds instead of minutes.
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 5_000),
        ]

    def open(self) -> grpc.Channel:
        """A channel for the sync client; it connects with its first call."""
        if self._credentials is None:
            return grpc.insecure_channel(self.target, self.options)
        return grpc.secure_channel(self.target, self._credentials, self.options)

    def open_aio(self) -> grpc.aio.Channel:
        """A channel for the running event loop."""
        if self._credentials is None:
            return grpc.aio.insecure_channel(self.target, self.options)
        return grpc.aio.secure_channel(self.target, self._credentials, self.options)


Rpcs = dict[str, Callable[..., Any]]


def rpcs(channel: grpc.Channel | grpc.aio.Channel) -> Rpcs:
    """Every rpc of the three services by its name, which is unique among them."""
    stubs = (SearchServiceStub, ImageServiceStub, CollectionServiceStub)
    named = {name: rpc for stub in stubs for name, rpc in vars(stub(channel)).items()}
    # The one whose requests may be parcels.
    importing = channel.stream_stream(
        "/lookalike.v1.ImageService/ImportImages", serialised, ImportImagesResponse.FromString
    )
    return {**named, "ImportImages": importing}


class Lease:
    """Where a channel may be used: in the process (and event loop) that opened it, until it is closed."""

    def __init__(self) -> None:
        self.closed = False
        self._holder: tuple[int, object] | None = None

    def take(self, loop: object = None) -> None:
        """Hold the channel from here, or check that here is where it is held. Raises ClientUnusable."""
        if self.closed:
            raise ClientUnusable("this client is closed: make a new one")
        here = (os.getpid(), loop)
        self._holder = self._holder or here
        if self._holder[0] != here[0]:
            raise ClientUnusable("this client was opened before a fork: make a new Client in the child process")
        if self._holder[1] is not loop:
            raise ClientUnusable("this client belongs to another event loop: make a new AsyncClient in this one")

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process holds the channel."""
        return self._holder is not None and self._holder[0] != os.getpid()


def _bytes(path: StrPath | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()

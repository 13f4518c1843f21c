"""A real server with a tiny model, pictures, and both clients behind one face."""

import asyncio
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.client.faces import Awaited, Connect
from tests.pictures import write_pictures

from lookalike import AsyncClient, Client
from lookalike_server.testing import serve


@pytest.fixture(params=[Client, AsyncClient])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Opens clients of both kinds, both with the face of `Client`, and closes them."""
    with asyncio.Runner() as runner:
        opened: list[Client] = []

        def open_client(target: str, **options: Any) -> Client:
            client = request.param(target, **options)
            opened.append(client if request.param is Client else cast(Client, Awaited(client, runner)))
            return opened[-1]

        yield open_client
        for client in opened:
            client.close()


@pytest.fixture(scope="session")
def target() -> Iterator[str]:
    """A server of two models that many tests share; each uses collections of its own."""
    with serve(model="tiny,tiny:32") as address:
        yield address


@pytest.fixture
def looks(connect: Connect, target: str) -> Client:
    """A client of the shared server."""
    return connect(target)


@pytest.fixture
def collection(request: pytest.FixtureRequest) -> str:
    """A collection's name that no other test uses."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return f"{name[:50]}-{zlib.crc32(name.encode()):08x}"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten pictures, named by their seeds."""
    folder = tmp_path_factory.mktemp("photos")
    write_pictures(folder, range(10))
    return folder


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A TCP wire between a client and a server, which breaks where and how a test says."""

import math
import selectors
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

CHUNK = 4096
_NO_LINGER = struct.pack("ii", 1, 0)


class Side(Enum):
    """Whose bytes are counted."""

    CLIENT = auto()
    SERVER = auto()


class How(Enum):
    """What becomes of a connection that breaks."""

    CLOSED = auto()
    RESET = auto()
    """As by a machine that has been restarted, or a router that forgot."""
    SILENT = auto()
    """It stands, and nothing arrives any more, either way: a cable pulled out behind a switch."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection breaks once `after` bytes from one side were carried, and `lost` more were swallowed.

    What the server says last is lost with `Side.SERVER` and `lost`: it has done what the client never hears of.
    """

    after: float
    side: Side = Side.CLIENT
    how: How = How.CLOSED
    lost: int = 1


WHOLE = Cut(math.inf)


class Wire:
    """Carries bytes both ways. The first connections break, each by its cut; those that come later hold."""

    def __init__(self, target: str, *cuts: Cut) -> None:
        host, port = target.rsplit(":", 1)
        self._server = (host, int(port))
        self._cuts: Sequence[Cut] = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.connections = 0

    @property
    def target(self) -> str:
        """Where the client connects."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        hang_up(self._listener)
        self._threads[0].join()
        for each in self._open:
            hang_up(each)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    client.close()  # the server is down, and whoever calls finds nobody
                    continue
                cut = self._cuts[self.connections] if self.connections < len(self._cuts) else WHOLE
                self.connections += 1
                self._open += [client, server]
                self._threads.append(threading.Thread(target=carry, args=(client, server, cut)))
                self._threads[-1].start()


def carry(client: socket.socket, server: socket.socket, cut: Cut) -> None:
    """Carry bytes both ways until one side hangs up, or the cut."""
    counted = client if cut.side is Side.CLIENT else server
    left, silent = cut.after, False
    with client, server, selectors.DefaultSelector() as ready, suppress(OSError):
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                if not (data := source.recv(CHUNK)):
                    return
                if source is counted:
                    data, left = data[: max(0, int(min(left, CHUNK)))], left - len(data)
                if not silent:
                    sink.sendall(data)
                if left <= -cut.lost:
                    if cut.how is not How.SILENT:
                        end(client, server, cut.how)
                        return
                    silent = True


def end(client: socket.socket, server: socket.socket, how: How) -> None:
    """Break a connection; the caller closes the sockets."""
    if how is How.RESET:
        for each in (client, server):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


def hang_up(one: socket.socket) -> None:
    """End a connection both ways, if it still stands."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)

"""A TCP wire between a client and a server that a test can cut."""

import socket
import threading
from contextlib import suppress
from typing import Self

CHUNK = 4096


class Wire:
    """Forwards bytes both ways. The first connection breaks after `cut_after` bytes from the client, others hold."""

    def __init__(self, target: str, *, cut_after: int) -> None:
        host, port = target.rsplit(":", 1)
        self._server = (host, int(port))
        self._left = cut_after
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
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for each in self._open:
            hang_up(each)
        for thread in self._threads:
            thread.join()
        for each in (*self._open, self._listener):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self.connections += 1
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    is_cut = self.connections == 1 and source is client
                    self._threads.append(threading.Thread(target=self._forward, args=(source, sink, is_cut)))
                    self._threads[-1].start()

    def _forward(self, source: socket.socket, sink: socket.socket, is_cut: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._left -= len(data) if is_cut else 0
                if is_cut and self._left < 0:
                    break
                sink.sendall(data)
        hang_up(source)
        hang_up(sink)


def hang_up(end: socket.socket) -> None:
    """End a connection both ways, if it still stands."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)

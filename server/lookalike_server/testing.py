"""A real server for tests: on a free loopback port, with a tiny model, in this process.

    from lookalike import Client
    from lookalike_server.testing import serve

    with serve() as target, Client(target) as looks:
        looks.import_images(["a.png"], collection="trial")

Nothing is faked: decoding, batching, SQLite and hnswlib are those of production; only the network is small, so that a
start takes milliseconds. The data folder is temporary unless `data` names one.
"""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookalike_server.app import App
from lookalike_server.config import Settings, filled


@contextmanager
def serve(**settings: Any) -> Iterator[str]:
    """Run a server while the block runs; yields its HOST:PORT.

    Keyword arguments are fields of `config.Settings`, such as `data=Path(...)`, `max_image_bytes=1000` or
    `model="tiny,tiny:32"`, which serves two models.
    """
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        defaults = {"data": Path(folder), "address": "127.0.0.1:0", "model": "tiny", "drain_seconds": 5.0}
        server = BackgroundServer(filled({**defaults, **settings}))
        server.start()
        try:
            yield server.address
        finally:
            server.stop()


class BackgroundServer:
    """An App on an event loop of its own, in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lookalike-server", daemon=True)
        self.app: App

    @property
    def address(self) -> str:
        """Where it listens: HOST:PORT."""
        return self.app.address

    def start(self) -> None:
        """Return when it is serving; raises what the start raises."""
        self._thread.start()
        try:
            self._run(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Drain, and end the thread."""
        self._run(self.app.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self.app = App(self._settings)
        await self.app.start()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

"""What the tables of one run share: the server, the vectors, and a process for each who measures or is measured."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import hosted, raw
from benchmarks.workers import process
from lookalike import Client
from lookalike.types import ServerInfo
from lookalike_server.process import ServerProcess, running

K = 10
"""Matches of a search."""


@dataclass(slots=True)
class Stage:
    """One run."""

    scratch: Path
    model: str
    vectors: Path
    """A .npy file, float32, [count, dim], unit vectors."""
    queries: NDArray[np.float32]
    target: float
    """Recall@10 that all are tuned to."""
    threads: int
    """Of the others' builds."""
    server: ServerProcess
    client: ProcessPoolExecutor
    asker: ProcessPoolExecutor
    libraries: dict[str, ProcessPoolExecutor]

    @property
    def count(self) -> int:
        """Vectors."""
        return len(np.load(self.vectors, mmap_mode="r"))

    @property
    def data(self) -> Path:
        """The server's folder."""
        return data_folder(self.scratch)

    def restart(self) -> None:
        """Another server on the same folder; the one before must have ended."""
        self.server = ServerProcess(self.data, "--model", self.model)


@contextmanager
def staged(
    scratch: Path, *, model: str, vectors: Path, queries: NDArray[np.float32], target: float, threads: int
) -> Iterator[Stage]:
    """The stage, with a server that has nothing yet; at the end everything is taken down."""
    with ExitStack() as opened:
        client, asker, *others = (opened.enter_context(process()) for _ in range(2 + len(raw.LIBRARIES)))
        libraries = dict(zip(raw.LIBRARIES, others, strict=True))
        server = ServerProcess(data_folder(scratch), "--model", model)
        stage = Stage(scratch, model, vectors, queries, target, threads, server, client, asker, libraries)
        try:
            yield stage
        finally:
            if stage.server.is_running():
                stage.server.terminate()


@contextmanager
def filled(stage: Stage, data: Path, vectors: Path, first: int, last: int) -> Iterator[ServerProcess]:
    """A server of its own that holds rows `first` to `last` of a file, all of them in its graph."""
    with running(data, "--model", stage.model) as server:
        bring = stage.client.submit(
            hosted.bring, server.target, info(server).models[0].id, vectors, first=first, last=last
        )
        bring.result()
        stage.client.submit(hosted.settled, server.target).result()
        yield server


def info(server: ServerProcess) -> ServerInfo:
    """What a server says that it is."""
    with Client(server.target) as looks:
        return looks.server_info()


def data_folder(scratch: Path) -> Path:
    """Where the server of a run keeps its data."""
    return scratch / "data"

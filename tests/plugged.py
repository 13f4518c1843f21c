"""A model and an engine as a stranger's package brings them: by entry points of a distribution of its own.

`gated` is the tiny model with doors that the test opens: its loading, its preparation of a picture and its engine wait
for them, and a picture of the colour POISON makes the engine fail.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.models import tiny
from lookalike_server.models.protocol import Engine, Inputs, Model, Outputs

POISON = (13, 37, 99)

METADATA = "Metadata-Version: 2.1\nName: gated\nVersion: 1.0\n"
ENTRY_POINTS = "[lookalike.models]\ngated = tests.plugged:load\n"


class Door:
    """Open unless shut; tells when somebody has come to it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()

    def pass_through(self) -> None:
        self.reached.set()
        assert self._open.wait(30), "the test never opened the door"

    @contextmanager
    def shut(self) -> Iterator[None]:
        self._open.clear()
        self.reached.clear()
        try:
            yield
        finally:
            self._open.set()


loading, preparing, computing = Door(), Door(), Door()
computed: list[list[int]] = []
"""Of each batch that the engine has begun: the first pixel's red of every picture."""


def load(argument: str) -> Model:
    loading.pass_through()
    return Gated(tiny.load(argument))


class Gated:
    """The tiny model behind a door."""

    def __init__(self, inner: Model) -> None:
        self._inner = inner
        self.name, self.id = "gated", f"gated-{inner.id}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        preparing.pass_through()
        return self._inner.prepare(image)

    def engines(self) -> Sequence[str]:
        return self._inner.engines()

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        return GatedEngine(self._inner.engine(name, threads=threads))


class GatedEngine:
    """An engine that waits at a door and knows a poison."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self.name, self.version = inner.name, inner.version

    def embed(self, inputs: Inputs) -> Outputs:
        computed.append(inputs[:, 0, 0, 0].tolist())
        computing.pass_through()
        if (inputs == np.array(POISON, np.uint8)).all(axis=(1, 2, 3)).any():
            raise RuntimeError("poisoned: a detail that callers must not see")
        return self._inner.embed(inputs)


def install(folder: Path) -> None:
    """Write the distribution's metadata, as pip would, into a folder on sys.path."""
    info = folder / "gated-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)

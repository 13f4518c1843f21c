"""A stranger's model whose embeddings are as long as the ancestor's, and as cheap as those of the tiny model."""

from pathlib import Path

import numpy as np

from lookalike_server.models.protocol import Engine, Inputs, Outputs
from lookalike_server.models.tiny import TinyModel

DIM = 4096

METADATA = "Metadata-Version: 2.1\nName: wide\nVersion: 1.0\n"
ENTRY_POINTS = "[lookalike.models]\nwide = tests.cli.wide:Wide\n"


class Wide(TinyModel):
    """The tiny model's embeddings with zeros behind them."""

    dim = DIM

    def __init__(self, argument: str) -> None:
        assert not argument
        super().__init__()
        self.name, self.id = "wide", "wide-1"

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        return WideEngine(super().engine(name, threads=threads))


class WideEngine:
    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self.name, self.version = inner.name, inner.version

    def embed(self, inputs: Inputs) -> Outputs:
        narrow = self._inner.embed(inputs).embeddings
        return Outputs.of([np.pad(narrow, ((0, 0), (0, DIM - narrow.shape[1])))])


def install(folder: Path) -> None:
    """Write the distribution's metadata, as pip would, into a folder on sys.path."""
    info = folder / "wide-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)

"""Models whose network sees the whole picture, squeezed to its input's shape: RGB, 8 bits, upright."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import EngineMissing
from lookalike_server.models import engines, pixels
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Engine

PREPROCESSING = "p1"
"""Counts up whenever `prepare` gives other pixels: it is part of the model's id."""


class RgbModel:
    """Pictures of any size and mode, squeezed to the network's input."""

    honours_orientation = True

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name = network.name
        self.id = f"{network.name}-{network.fingerprint()}-{PREPROCESSING}-{decoder_tag()}"
        self.dim = network.dim
        self.input_size = network.input_size
        self.scenes = network.scenes
        height, width = network.input_size
        # Twice the input: from there on, decoding at a reduced scale cannot be told from a full decode.
        self.draft_size: tuple[int, int] | None = (2 * height, 2 * width)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into pixels [*input_size, 3]."""
        return pixels.resized(pixels.to_rgb(image), self.input_size)

    def engines(self) -> Sequence[str]:
        """Names of the engines installed here, fastest first; without a graph, not ONNX Runtime."""
        known = engines.installed(self._network)
        return [name for name in known if name != "onnx" or self._network.graph.is_file()]

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the network into an engine. Raises EngineMissing, which says what to install."""
        usable = self.engines()
        if name == "auto" and usable:
            name = usable[0]
        if name in {"auto", "onnx"} and not self._network.graph.is_file():
            raise EngineMissing(
                f"{self.name} has no graph for ONNX Runtime ({self._network.graph}) and runs on TensorFlow only. "
                'Run: pip install "lookalike[server]"'
            )
        return engines.load(name, self._network, threads=threads)

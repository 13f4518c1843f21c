"""What the server asks of a model, and what a model asks of an engine.

A *model* says what a picture becomes on its way into the network (size, orientation, pixel layout) and names the
vectors that come out: two pictures may only be compared when their embeddings carry the same model id. An *engine* runs
the model's network: TensorFlow is its home, ONNX Runtime serves the same network faster. Both plug in by entry point
(`lookalike.models`, `lookalike.engines`); `registry` finds them.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Engine(Protocol):
    """Runs one network. Called by one thread at a time; uses at most `threads` cores."""

    name: str
    """The entry point's name, such as `onnx`."""
    version: str
    """The library and its version, such as `onnxruntime 1.23.0`."""

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map a batch [n, height, width, 3] of RGB pixels to L2-normalised embeddings [n, dim], n >= 1."""
        ...


class Model(Protocol):
    """One network and the way pictures enter it."""

    name: str
    """What the user asked for, such as `efficientnet-lite0`."""
    id: str
    """Name, weights' hash and preprocessing version: vectors of different ids never meet."""
    dim: int
    """Length of an embedding."""
    input_size: tuple[int, int]
    """Height and width of the pixels that `prepare` returns."""
    honours_orientation: bool
    """Whether the EXIF orientation is applied before `prepare`."""
    draft_size: tuple[int, int] | None
    """A JPEG may be decoded at a reduced scale (DCT scaling) as long as its width and height stay at least these.

    None: never.
    """

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into the network's input [height, width, 3]."""
        ...

    def engines(self) -> Sequence[str]:
        """Names of the engines that can run this model and are installed here, fastest first."""
        ...

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the network into an engine. Raises EngineMissing, which says what to install."""
        ...

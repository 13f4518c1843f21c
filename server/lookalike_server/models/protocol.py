"""What the server asks of a model, and what a model asks of an engine.

A *model* says what a picture becomes on its way into the network (size, orientation, pixel layout) and names the
vectors that come out: two pictures may only be compared when their embeddings carry the same model id. An *engine* runs
the model's network: TensorFlow is its home, ONNX Runtime serves the same network faster. Both plug in by entry point
(`lookalike.models`, `lookalike.engines`); `registry` finds them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Inputs = NDArray[Any]
"""What `prepare` returns, one picture or a batch stacked along a first axis; shape and type are the model's own."""


class Outputs(NamedTuple):
    """What a network tells about a batch of n pictures."""

    embeddings: NDArray[np.float32]
    """[n, dim], L2-normalised."""
    scenes: NDArray[np.float32]
    """[n, len(model.scenes)] probabilities; [n, 0] of a model that tells none."""

    @classmethod
    def of(cls, arrays: Sequence[NDArray[np.float32]]) -> Self:
        """From embeddings alone, or embeddings and scenes."""
        embeddings, scenes = arrays if len(arrays) == 2 else (*arrays, np.empty((len(arrays[0]), 0)))
        return cls(np.asarray(embeddings, np.float32), np.asarray(scenes, np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """From the outputs of a batch's parts, in their order."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


class Engine(Protocol):
    """Runs one network. Called by one thread at a time; uses at most `threads` cores."""

    name: str
    """The entry point's name, such as `onnx`."""
    version: str
    """The library and its version, such as `onnxruntime 1.23.0`."""

    def embed(self, inputs: Inputs) -> Outputs:
        """Run the network on a batch of n >= 1 prepared pictures."""
        ...


class Model(Protocol):
    """One network and the way pictures enter it."""

    name: str
    """What the user asked for, such as `efficientnet-lite0`."""
    id: str
    """Name, weights' hash, preprocessing version and JPEG decoder: vectors of different ids never meet."""
    input_size: tuple[int, int]
    """Height and width of the network's input: pictures need not be larger."""
    scenes: tuple[str, ...]
    """The kinds of place that it tells apart, in the order of `Outputs.scenes`; empty when it tells none."""
    honours_orientation: bool
    """Whether the EXIF orientation is applied before `prepare`."""
    draft_size: tuple[int, int] | None
    """A JPEG may be decoded at a reduced scale (DCT scaling) as long as its width and height stay at least these.

    None: never.
    """

    @property
    def dim(self) -> int:
        """Length of an embedding; a model may have to open its network to know."""
        ...

    def prepare(self, image: Image.Image) -> Inputs:
        """Turn a decoded picture, of any mode and size, into the network's input, always of one shape and type."""
        ...

    def engines(self) -> Sequence[str]:
        """Names of the engines that can run this model and are installed here, fastest first."""
        ...

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the network into an engine. Raises EngineMissing, which says what to install."""
        ...

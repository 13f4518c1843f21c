"""What a model hands to an engine: the files and the code that describe its network.

The weights are stored once, in one file that every engine reads. The .onnx file holds the graph alone: its initializers
bear the names of the weights and no data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError

Weights = Mapping[str, NDArray[np.float32]]
"""One array a Keras variable, under the variable's path, such as `stem/kernel`."""


def read_npz(path: Path) -> Weights:
    """Read weights, of any precision, from a .npz file. Raises ModelFileError when it is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return {name: arrays[name].astype(np.float32) for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ModelFileError(f"The weights are damaged, {path}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that maps RGB pixels [n, *input_size, 3] to L2-normalised float32 embeddings [n, dim].

    Where there are `scenes`, it has a second output: their probabilities [n, len(scenes)].
    """

    name: str
    weights: Path
    """The file that `read` reads."""
    graph: Path
    """An .onnx file: input `pixels`, outputs `embeddings` and `scenes`, initializers named as the weights, no data."""
    build: Callable[[], Any]
    """Returns the keras.Model, weights not loaded; called by engines that run Keras, and imports it."""
    input_size: tuple[int, int]
    """Height and width."""
    dim: int
    param: Path | None = None
    """The same graph in ncnn's text form, where the network runs in ncnn: layers named as the weights, no data."""
    scenes: tuple[str, ...] = ()
    dtype: type[np.uint8 | np.float32] = np.uint8
    """Of the pixels."""
    read: Callable[[Path], Weights] = read_npz
    """Raises ModelFileError when the file is damaged or another network's."""
    described: str = ""
    """What the outputs depend on beside the weights, in words that change with it."""

    def fingerprint(self) -> str:
        """First 8 hexadecimal digits of the SHA-256 of the weights' file and of `described`.

        Raises ModelFileError when the file cannot be read.
        """
        try:
            with self.weights.open("rb") as file:
                digest = file_digest(file, "sha256")
                digest.update(self.described.encode())
                return digest.hexdigest()[:8]
        except OSError as error:
            raise ModelFileError(f"Cannot read the weights of {self.name}: {error}") from error

    def arrays(self) -> Weights:
        """The weights by the path of their variable. Raises ModelFileError when the file is damaged."""
        return self.read(self.weights)

    @property
    def outputs(self) -> list[str]:
        """Names of the graph's outputs."""
        return ["embeddings", "scenes"] if self.scenes else ["embeddings"]

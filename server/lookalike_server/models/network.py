"""What a model hands to an engine: the files and the code that describe its network.

The weights are stored once, in a .npz file that every engine reads. The .onnx file holds the graph alone: its
initializers bear the names of the weights and no data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that maps uint8 RGB pixels [n, *input_size, 3] to L2-normalised float32 embeddings [n, dim]."""

    name: str
    weights: Path
    """A .npz file: one array a Keras variable, under the variable's path, such as `stem/kernel`."""
    graph: Path
    """An .onnx file: input `pixels`, output `embeddings`, initializers named as in `weights`, without data."""
    build: Callable[[], Any]
    """Returns the keras.Model, weights not loaded; called by engines that run Keras, and imports it."""
    input_size: tuple[int, int]
    """Height and width."""
    dim: int

    def fingerprint(self) -> str:
        """First 8 hexadecimal digits of the weights' SHA-256. Raises ModelFileError when the file cannot be read."""
        try:
            return sha256(self.weights.read_bytes()).hexdigest()[:8]
        except OSError as error:
            raise ModelFileError(f"Cannot read the weights of {self.name}: {error}") from error

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights by the path of their variable, as float32. Raises ModelFileError when the file is damaged."""
        try:
            with self.weights.open("rb") as file, np.load(file) as arrays:
                return {path: arrays[path].astype(np.float32) for path in arrays.files}
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise ModelFileError(f"The weights of {self.name} are damaged, {self.weights}: {error}") from error

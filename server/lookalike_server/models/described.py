"""A user's own model: `file:PATH` names a .keras or .onnx file or a SavedModel, described by a small TOML beside it.

See docs/models.md for the TOML. The embedding is what the network gives, averaged over space where it still has height
and width, and always L2-normalised.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import engines, fed
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.description import ModelDescription, NetworkDescription
from lookalike_server.models.examination import examine
from lookalike_server.models.fed import FedNetwork
from lookalike_server.models.files import digest, engine_of
from lookalike_server.models.paths import expanded
from lookalike_server.models.protocol import Engine, Inputs, Model, Outputs

PREPROCESSING = "p1"
"""Counts up whenever the same description comes to give other pixels: it is part of the model's id."""


def load(argument: str) -> Model:
    """Return the model at this path: of its TOML, or of its file. Raises ModelFileError."""
    if not argument:
        raise ModelFileError("file needs a path, such as file:models/mine.toml or file:models/mine.onnx.")
    return DescribedModel(ModelDescription.read(expanded(argument)))


def identity(description: NetworkDescription) -> str:
    """Name, hash of the network's files and of all that shapes what comes out, version of our own part, decoder."""
    told = f"{digest(description.file)} {description.shaping()}"
    return f"{description.name}-{sha256(told.encode()).hexdigest()[:8]}-{PREPROCESSING}-{decoder_tag()}"


class DescribedModel:
    """A network as its description says.

    It is opened and examined when an engine, or `dim`, is first asked for: TensorFlow takes the number of threads only
    before its first operation. Until then only the description has been read and the files hashed.
    """

    scenes: tuple[str, ...] = ()

    def __init__(self, description: ModelDescription) -> None:
        self._description = description
        self.name = description.name
        self.id = identity(description)
        self.input_size = description.size
        self.honours_orientation = description.orientation
        self.draft_size: tuple[int, int] | None = fed.draft_size(description)

    @cached_property
    def dim(self) -> int:
        """Length of an embedding. Raises what `engine` raises."""
        return self._open(len(os.sched_getaffinity(0))).dim

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into RGB pixels [height, width, 3]."""
        return fed.prepared(self._description, image)

    def engines(self) -> Sequence[str]:
        """The one that runs such a file, where it is installed."""
        return [name for name in engines.installed() if name == engine_of(self._description.file)]

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Open and examine the network. Raises ModelFileError, and EngineMissing for an engine that cannot run it."""
        own = engine_of(self._description.file)
        if name not in {"auto", own}:
            raise EngineMissing(f"{self._description.file.name} runs in the engine {own!r} only, not in {name!r}.")
        return self._open(threads)

    def _open(self, threads: int) -> "DescribedEngine":
        opened = DescribedEngine(self._description, threads)
        self.dim = opened.dim
        return opened


class DescribedEngine:
    """Runs a described network, and makes unit vectors of what it gives."""

    def __init__(self, description: ModelDescription, threads: int) -> None:
        """Raises ModelFileError when the network cannot serve."""
        self._network = FedNetwork(description, threads)
        self.name = engine_of(description.file)
        self.version = self._network.version
        self.dim = examine(self._units, description.size, str(description.file))
        """Length of an embedding."""
        if description.dim not in {0, self.dim}:
            words = f"gives embeddings of {self.dim} numbers, not of {description.dim} as dim says"
            raise ModelFileError(f"{description.file} {words}: correct dim, or choose another output.")

    def embed(self, inputs: Inputs) -> Outputs:
        """Map pixels [n, height, width, 3] to unit vectors [n, dim]."""
        return Outputs.of([self._units(inputs)])

    def _units(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Zeros, NaN and infinity have no direction and come out as zeros or NaN: the catalog refuses those alone."""
        rows = self._network.rows(pictures).astype(np.float64)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return (rows / np.where(lengths, lengths, 1)).astype(np.float32)

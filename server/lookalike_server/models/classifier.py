"""A user's own classifier of scenes: a described network whose outputs have names."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import ModelFileError
from lookalike_server.models import fed, labels
from lookalike_server.models.described import identity
from lookalike_server.models.description import ClassifierDescription
from lookalike_server.models.examination import examine
from lookalike_server.models.fed import FedNetwork

ROUNDING = 0.01
"""How far from 1 a picture's probabilities may add up; half precision needs a tenth of it."""


class Classifier:
    """What is known of it before its network is opened."""

    def __init__(self, path: Path) -> None:
        """`path`: of the TOML, or of the file with its TOML beside it. Raises ModelFileError."""
        self._description = ClassifierDescription.read(path)
        self._id = identity(self._description)
        self.labels = labels.read(self._description.labels)
        self.input_size = self._description.size

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into RGB pixels [height, width, 3]."""
        return fed.prepared(self._description, image)

    def open(self, threads: int) -> "OpenClassifier":
        """Open and examine the network. Raises ModelFileError or EngineMissing."""
        opened = OpenClassifier(self._description, self._id, threads)
        if opened.outputs != len(self.labels):
            words = f"tells {opened.outputs} scenes apart, and {self._description.labels} names {len(self.labels)}"
            raise ModelFileError(f"{self._description.file} {words}: give the labels that it was trained with.")
        return opened


class OpenClassifier:
    """Its network, ready to run."""

    def __init__(self, description: ClassifierDescription, name: str, threads: int) -> None:
        """Raises ModelFileError when the network cannot serve."""
        self._description = description
        self._network = FedNetwork(description, threads)
        self.version = f"{name} on {self._network.version}"
        self.outputs = examine(self._checked, description.size, str(description.file))

    def probabilities(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pixels [n, height, width, 3] to probabilities [n, outputs]."""
        rows = self._network.rows(pictures)
        return softmax(rows) if self._description.softmax else rows

    def _checked(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `probabilities`. Raises ModelFileError when the outputs are not what the description says of them."""
        ready = is_probabilities(self._network.rows(pictures))
        if ready and self._description.softmax:
            raise ModelFileError(f"{self._description.file} gives probabilities already: write softmax = false.")
        if not (ready or self._description.softmax):
            words = "gives no probabilities that add up to 1: write softmax = true"
            raise ModelFileError(f"{self._description.file} {words}, or choose another output.")
        return self.probabilities(pictures)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [n, k] from logits [n, k]."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def is_probabilities(rows: NDArray[np.float32]) -> bool:
    """Whether no number is negative and every row adds up to 1."""
    return bool((rows >= 0).all() and (abs(rows.sum(axis=1) - 1) <= ROUNDING).all())

"""The ancestor's network, for collections and weights that its users own: `--model seed:PATH.h5`.

Pictures enter and embeddings leave as in the original software (Keras 2.3, scikit-image): PNG within 1e-5 (L2), JPEG
within 5e-3, for today's JPEG decoder rounds differently. It is forty times the work of EfficientNet-Lite0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import ModelFileError
from lookalike_server.models import engines, seed_pixels, seed_weights
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.network import Network
from lookalike_server.models.paths import expanded
from lookalike_server.models.protocol import Engine, Model

PREPROCESSING = "p1"
"""Counts up whenever `prepare` gives other pixels: it is part of the model's id."""

INPUT_SIZE = (224, 224)
"""Height and width of the pixels that enter."""
DIM = 4096
"""Length of an embedding."""

GRAPHS = Path(__file__).parent / "weights"


def load(argument: str) -> Model:
    """Return the model with the weights of this file. Raises ModelFileError, which says what is wrong with it."""
    if not argument:
        raise ModelFileError("seed needs a weights file as Keras 2 saved it: --model seed:PATH.h5")
    path = expanded(argument)
    seed_weights.check(path)
    return Seed(network(path))


def network(weights: Path) -> Network:
    """Describe the network with the weights of this file."""
    return Network(
        name="seed",
        weights=weights,
        graph=GRAPHS / "seed.onnx",
        param=GRAPHS / "seed.param",
        build=_build,
        input_size=INPUT_SIZE,
        dim=DIM,
        dtype=np.float32,
        read=seed_weights.read,
    )


class Seed:
    """Pictures of any size, squeezed to 224 x 224, to embeddings of length 4096."""

    # The ancestor knew of neither.
    honours_orientation = False
    draft_size: tuple[int, int] | None = None

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name = network.name
        self.id = f"{network.name}-{network.fingerprint()}-{PREPROCESSING}-{decoder_tag()}"
        self.dim = network.dim
        self.input_size = network.input_size
        self.scenes = network.scenes

    def prepare(self, image: Image.Image) -> NDArray[np.float32]:
        """Turn a decoded picture, of any mode and size, into pixels [224, 224, 3], 0 to 1."""
        pixels = np.asarray(seed_pixels.to_rgb(image))
        return (seed_pixels.resized(pixels, self.input_size) / 255).astype(np.float32)

    def engines(self) -> Sequence[str]:
        """Names of the engines installed here, fastest first."""
        return engines.installed(self._network)

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the network into an engine. Raises EngineMissing, which says what to install."""
        return engines.load(name, self._network, threads=threads)


def _build() -> Any:
    # Imports TensorFlow, which the other engines must never wait for.
    from lookalike_server.models import keras_seed  # noqa: PLC0415

    return keras_seed.build(INPUT_SIZE, DIM)

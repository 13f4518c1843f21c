"""EfficientNet-Lite0 with ImageNet weights: the model that serves when no other is asked for.

What comes out are the features that ImageNet's classifier stood on, L2-normalised. The weights ship with the package:
kernels in half precision, batch normalisation in single. Against the published float32 weights that turns an
embedding by 1 - cosine = 6e-6 on average and 3e-5 at most (200 photographs). See NOTICE for where they come from,
`training.convert` for how.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import ModelFileError
from lookalike_server.models import engines, pixels
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Engine, Model

PREPROCESSING = "p1"
"""Counts up whenever `prepare` gives other pixels: it is part of the model's id."""

INPUT_SIZE = (224, 224)
"""Height and width of the pixels that enter."""
DIM = 1280
"""Length of an embedding."""

WEIGHTS = Path(__file__).parent / "weights"


def load(argument: str) -> Model:
    """Return the model; it takes no argument. Raises ModelFileError when the weights cannot be read."""
    if argument:
        raise ModelFileError(f"efficientnet-lite0 takes no argument, not {argument!r}.")
    return EfficientNetLite0(network())


def network(folder: Path = WEIGHTS) -> Network:
    """Describe the network whose two files lie in this folder."""
    return Network(
        name="efficientnet-lite0",
        weights=folder / "efficientnet-lite0.npz",
        graph=folder / "efficientnet-lite0.onnx",
        build=_build,
        input_size=INPUT_SIZE,
        dim=DIM,
    )


class EfficientNetLite0:
    """Pictures of any size, squeezed to 224 x 224, to embeddings of length 1280."""

    honours_orientation = True
    # Twice the input: from there on, decoding at a reduced scale cannot be told from a full decode.
    draft_size: tuple[int, int] | None = (448, 448)

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name = network.name
        self.id = f"{network.name}-{network.fingerprint()}-{PREPROCESSING}-{decoder_tag()}"
        self.dim = network.dim
        self.input_size = network.input_size
        self.scenes = network.scenes

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into pixels [224, 224, 3]."""
        return pixels.resized(pixels.to_rgb(image), self.input_size)

    def engines(self) -> Sequence[str]:
        """Names of the engines installed here, fastest first."""
        return engines.installed()

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the network into an engine. Raises EngineMissing, which says what to install."""
        return engines.load(name, self._network, threads=threads)


def _build() -> Any:
    # Imports TensorFlow, which the ONNX engine must never wait for.
    from lookalike_server.models import keras_efficientnet  # noqa: PLC0415

    return keras_efficientnet.build(INPUT_SIZE, DIM)

"""EfficientNet-Lite0 with ImageNet weights: what `deepranking-lite0` started from, and what models are compared with.

What comes out are the features that ImageNet's classifier stood on, L2-normalised. The weights ship with the package:
kernels in half precision, batch normalisation in single. Against the published float32 weights that turns an
embedding by 1 - cosine = 6e-6 on average and 3e-5 at most (200 photographs). See NOTICE for where they come from,
`training.convert` for how.
"""

from pathlib import Path
from typing import Any

from lookalike_server.errors import ModelFileError
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Model
from lookalike_server.models.rgb import RgbModel

INPUT_SIZE = (224, 224)
"""Height and width of the pixels that enter."""
DIM = 1280
"""Length of an embedding."""

WEIGHTS = Path(__file__).parent / "weights"


def load(argument: str) -> Model:
    """Return the model; it takes no argument. Raises ModelFileError when the weights cannot be read."""
    if argument:
        raise ModelFileError(f"efficientnet-lite0 takes no argument, not {argument!r}.")
    return RgbModel(network())


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


def _build() -> Any:
    # Imports TensorFlow, which the ONNX engine must never wait for.
    from lookalike_server.models import keras_efficientnet  # noqa: PLC0415

    return keras_efficientnet.build(INPUT_SIZE, DIM)

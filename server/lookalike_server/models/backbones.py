"""The networks that a DeepRanking network can stand on, found by entry point (`lookalike.backbones`).

A backbone is a function that builds layers, and the weights that others have trained for them. Nothing here imports
Keras until a network is built.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lookalike_server import plugins
from lookalike_server.errors import ModelFileError
from lookalike_server.models import efficientnet_lite0
from lookalike_server.models.network import Weights

GROUP = "lookalike.backbones"


@dataclass(frozen=True)
class Backbone:
    """One network without its classifier."""

    features: Callable[[Any], Any]
    """Maps a Keras tensor of RGB pixels [n, height, width, 3], 0 to 255, to pooled features [n, c]."""
    weights: Callable[[], Weights]
    """What to begin training with, by the path of the variable; nothing for a network that begins from scratch."""
    served: str = ""
    """The model whose embeddings are these features before any training, L2-normalised; none of one from scratch."""


def load(name: str) -> Backbone:
    """Raises ModelFileError when there is no backbone of this name."""
    backbone: Backbone = plugins.load(GROUP, name, ModelFileError)
    return backbone


def _efficientnet(pixels: Any) -> Any:
    # Imports TensorFlow, which whoever only asks for names must never wait for.
    from lookalike_server.models import keras_efficientnet  # noqa: PLC0415

    return keras_efficientnet.features(pixels, efficientnet_lite0.DIM)


def _small(pixels: Any) -> Any:
    """Four strided convolutions: learns in seconds, for tests of training and not for use."""
    from lookalike_server.models.keras_backend import keras  # noqa: PLC0415

    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(pixels)
    for index, filters in enumerate((16, 32, 64, 64)):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name=f"block{index}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"block{index}_bn")(x)
        x = keras.layers.ReLU(name=f"block{index}_relu")(x)
    return keras.layers.GlobalAveragePooling2D(name="features")(x)


def _nothing() -> Mapping[str, Any]:
    return {}


EFFICIENTNET_LITE0 = Backbone(_efficientnet, lambda: efficientnet_lite0.network().arrays(), "efficientnet-lite0")
TINY = Backbone(_small, _nothing)

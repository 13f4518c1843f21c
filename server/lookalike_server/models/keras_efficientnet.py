"""EfficientNet-Lite0 in Keras: RGB pixels in, L2-normalised features out.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), in the Lite variant of
Google's TPU repository: no squeeze-and-excitation, ReLU6 for swish, stem and head of fixed width. Inverted residual
blocks are those of MobileNetV2 (Sandler et al., 2018). The classifier is left out: what it classifies, the pooled
features, is the embedding.

Importing this module imports TensorFlow; only the TensorFlow engine and `training` do.
"""

from typing import NamedTuple

from lookalike_server.models.keras_backend import keras

MEAN, SCALE = 127.0, 128.0
"""Pixels enter as (pixel - MEAN) / SCALE, as Google trained it.

Not the ImageNet mean and deviation that the PyTorch package's README carries over from its ancestor: with those the
stem's outputs vary four times as much as its batch normalisation's stored variance says; with these, 0.9 times.
"""

BATCH_NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """A run of blocks at one resolution; only the first block strides."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(repeats=1, kernel=3, stride=1, expansion=1, filters=16),
    Stage(repeats=2, kernel=3, stride=2, expansion=6, filters=24),
    Stage(repeats=2, kernel=5, stride=2, expansion=6, filters=40),
    Stage(repeats=3, kernel=3, stride=2, expansion=6, filters=80),
    Stage(repeats=3, kernel=5, stride=1, expansion=6, filters=112),
    Stage(repeats=4, kernel=5, stride=2, expansion=6, filters=192),
    Stage(repeats=1, kernel=3, stride=1, expansion=6, filters=320),
)
"""Table 1 of the paper; 16 blocks in all."""


def build(input_size: tuple[int, int], dim: int) -> keras.Model:
    """Return the embedder, weights not loaded: pixels [n, height, width, 3], 0 to 255, to unit vectors [n, dim]."""
    pixels = keras.Input((*input_size, 3), name="pixels")
    embeddings = keras.layers.UnitNormalization(name="embeddings")(features(pixels, dim))
    return keras.Model(pixels, embeddings, name="efficientnet-lite0")


def features(pixels: keras.KerasTensor, dim: int) -> keras.KerasTensor:
    """Map pixels [n, height, width, 3], 0 to 255, to pooled features [n, dim], not normalised."""
    x = keras.layers.Rescaling(1 / SCALE, offset=-MEAN / SCALE, name="rescaling")(pixels)
    x = _convolution(x, "stem", filters=32, kernel=3, stride=2)
    for index, block in enumerate(_blocks()):
        x = _inverted_residual(x, f"block{index}", block)
    x = _convolution(x, "head", filters=dim)
    return keras.layers.GlobalAveragePooling2D(name="features")(x)


def _blocks() -> list[Stage]:
    """STAGES with each repeat spelled out as a stage of one block."""
    return [
        stage._replace(repeats=1, stride=stage.stride if repeat == 0 else 1)
        for stage in STAGES
        for repeat in range(stage.repeats)
    ]


def _inverted_residual(inputs: keras.KerasTensor, name: str, block: Stage) -> keras.KerasTensor:
    """Widen, filter each channel on its own, narrow; add the input where the shapes agree."""
    channels = inputs.shape[-1]
    x = inputs
    if block.expansion != 1:
        x = _convolution(x, f"{name}_expand", filters=channels * block.expansion)
    x = keras.layers.DepthwiseConv2D(
        block.kernel, strides=block.stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _batch_norm(x, f"{name}_depthwise")
    x = _convolution(x, f"{name}_project", filters=block.filters, activate=False)
    if block.stride == 1 and channels == block.filters:
        x = keras.layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _convolution(
    x: keras.KerasTensor, name: str, *, filters: int, kernel: int = 1, stride: int = 1, activate: bool = True
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
    return _batch_norm(x, name, activate=activate)


def _batch_norm(x: keras.KerasTensor, name: str, *, activate: bool = True) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x) if activate else x

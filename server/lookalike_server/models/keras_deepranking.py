"""DeepRanking in Keras: RGB pixels in, an L2-normalised embedding out, and where asked the probabilities of scenes.

Wang et al., "Learning Fine-grained Image Similarity with Deep Ranking" (CVPR 2014), figure 3, on any backbone: its
pooled features, L2-normalised, stand beside two shallow paths that see the picture at a low resolution and share one
L2 normalisation; a linear layer maps both to the embedding.

The scene head reads the same pooled features, so that scenes cost one small matrix product.

Importing this module imports TensorFlow; only the TensorFlow engine and `training` do.
"""

from typing import Any

from lookalike_server.errors import ModelFileError
from lookalike_server.models import backbones
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.keras_backend import keras

SUBSAMPLING = (4, 8)
"""One pixel of each low-resolution path is the mean of 4 x 4 and of 8 x 8 pixels of the input.

Where the input does not divide, the last cells are means of the pixels there are: 225 become 57 and 29, as in the
paper, and 224 become 56 and 28.
"""

FILTERS, KERNEL, STRIDE = 96, 8, 4
"""Of the one convolution in each low-resolution path; it is padded and has no activation."""

SCENE_SCALE = 32.0
"""Length of what the scene head reads: about that of the features before they are normalised."""

SIDE = 4
"""Height and width that each low-resolution path is max-pooled to: 2 x 4 x 4 x 96 = 3,072 numbers."""


def build(architecture: Architecture, *, dropout: float = 0.0, small: int | None = None) -> keras.Model:
    """Return the network, weights not loaded: pixels [n, *input_size, 3], 0 to 255, to a dict of its outputs.

    `embeddings` [n, dim], unit vectors; `scenes` [n, len(scenes)], probabilities, where there are scenes. The layers
    `features_unit` and `scene_logits` give what their names say. For training, `dropout` is the share of the numbers
    before the linear layers that are dropped, and the backbone may see the pixels `small`, at this height and width.
    """
    pixels = keras.Input((*architecture.input_size, 3), name="pixels")
    seen = pixels if small is None else keras.layers.Resizing(small, small, name="small")(pixels)
    features = _unit(backbones.load(architecture.backbone).features(seen), "features_unit")
    x = _linear(pixels, features, architecture, dropout)
    outputs = {}
    if architecture.scenes:
        outputs["scenes"] = _scenes(features, architecture, dropout)
    if architecture.scene_weight:
        x = keras.layers.Concatenate(name="joined")([x, _scene_part(outputs["scenes"], architecture.scene_weight)])
    return keras.Model(pixels, {"embeddings": _unit(x, "embeddings"), **outputs}, name="deepranking")


def _linear(
    pixels: keras.KerasTensor, features: keras.KerasTensor, architecture: Architecture, dropout: float
) -> keras.KerasTensor:
    x = features
    if architecture.low_resolution:
        x = keras.layers.Concatenate(name="multiscale")([x, _low_resolution(pixels)])
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(architecture.linear_dim, dtype="float32", name="linear")(x)
    return _unit(x, "linear_unit")


def _scene_part(scenes: keras.KerasTensor, weight: float) -> keras.KerasTensor:
    """Roots of probabilities: a unit vector, whose inner products are Bhattacharyya's coefficient; of this length."""
    return keras.layers.Rescaling(weight, dtype="float32", name="scene_part")(keras.ops.sqrt(scenes))


def subsampled(pixels: Any, step: int) -> Any:
    """What enters a low-resolution path, of pixels [n, height, width, 3]: what `low{step}_subsample` gives, -1 to 1."""
    return keras.ops.average_pool(keras.ops.cast(pixels, "float32") / 127.5 - 1, step, padding="same")


def _low_resolution(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Both paths, flattened and joined, as one unit vector."""
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="low_rescaling")(pixels)
    paths = [_path(scaled, step) for step in SUBSAMPLING]
    return _unit(keras.layers.Concatenate(name="low")(paths), "low_unit")


def _path(scaled: keras.KerasTensor, step: int) -> keras.KerasTensor:
    name = f"low{step}"
    x = keras.layers.AveragePooling2D(step, padding="same", name=f"{name}_subsample")(scaled)
    x = keras.layers.Conv2D(FILTERS, KERNEL, strides=STRIDE, padding="same", name=name)(x)
    # Windows overlap, 7 x 7 and 3 x 3 at the paper's size.
    strides = [-(-side // SIDE) for side in x.shape[1:3]]
    windows = [2 * stride - 1 for stride in strides]
    x = keras.layers.MaxPooling2D(windows, strides=strides, padding="same", name=f"{name}_pool")(x)
    if x.shape[1:3] != (SIDE, SIDE):
        raise ModelFileError(f"No {SIDE} x {SIDE} cells come of pixels {scaled.shape[1:3]}: take 112, 128, 224 or 256.")
    return keras.layers.Flatten(name=f"{name}_flat")(x)


def _scenes(features: keras.KerasTensor, architecture: Architecture, dropout: float) -> keras.KerasTensor:
    x = keras.layers.Rescaling(SCENE_SCALE, dtype="float32", name="scene_scale")(features)
    if dropout:
        x = keras.layers.Dropout(dropout, name="scene_dropout")(x)
    logits = keras.layers.Dense(len(architecture.scenes), dtype="float32", name="scene_logits")(x)
    softer = keras.layers.Rescaling(1 / architecture.temperature, dtype="float32", name="scene_temperature")(logits)
    return keras.layers.Softmax(dtype="float32", name="scenes")(softer)


def _unit(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """In single precision also where the rest is trained in half."""
    return keras.layers.UnitNormalization(dtype="float32", name=name)(x)

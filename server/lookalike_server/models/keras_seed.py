"""The ancestor's DeepRanking in Keras: RGB pixels in, L2-normalised embeddings out.

A student project of 2020 after Wang et al., "Learning Fine-grained Image Similarity with Deep Ranking" (2014), and not
quite the paper's: VGG16 (Simonyan and Zisserman, 2014) for the ConvNet, low-resolution paths that see the picture in
full resolution, each normalised by itself. It is rebuilt here to the digit, as its users have it.

Importing this module imports TensorFlow; only the TensorFlow engine and `training` do.
"""

from lookalike_server.models.keras_backend import keras

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""VGG16: convolutions of a block, and their filters."""


def build(input_size: tuple[int, int], dim: int) -> keras.Model:
    """Return the embedder, weights not loaded: pixels [n, height, width, 3], 0 to 1, to unit vectors [n, dim]."""
    pixels = keras.Input((*input_size, 3), name="pixels")
    low = [
        _low_resolution(pixels, stride=16, pool=3, pool_stride=4),
        _low_resolution(pixels, stride=32, pool=7, pool_stride=2),
    ]
    joined = keras.layers.Concatenate(name="joined")([*low, _vgg(pixels)])
    embedding = keras.layers.Dense(dim, name="embedding")(joined)
    return keras.Model(pixels, _unit(embedding, "embeddings"), name="seed")


def _vgg(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """VGG16 without its top, averaged, through two dense layers: [n, 4096]. Dropout is nothing when serving."""
    x = pixels
    for block, (convolutions, filters) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="vgg_mean")(x)
    for number in (1, 2):
        x = keras.layers.Dense(4096, activation="relu", name=f"vgg_dense{number}")(x)
    return _unit(x, "vgg_unit")


def _low_resolution(pixels: keras.KerasTensor, *, stride: int, pool: int, pool_stride: int) -> keras.KerasTensor:
    """One wide convolution without activation, pooled to 4 x 4 x 96: [n, 1536]."""
    name = f"stride{stride}"
    x = keras.layers.Conv2D(96, 8, strides=stride, padding="same", name=name)(pixels)
    x = keras.layers.MaxPooling2D(pool, strides=pool_stride, padding="same", name=f"{name}_pool")(x)
    return _unit(keras.layers.Flatten(name=f"{name}_flat")(x), f"{name}_unit")


def _unit(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.UnitNormalization(name=name)(x)

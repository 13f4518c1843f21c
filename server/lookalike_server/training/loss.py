"""What training makes small: the paper's hinge loss of triplets, and the weights themselves.

Wang et al. (2014), equations 3 and 4. Importing this module imports TensorFlow.
"""

from lookalike_server.models.keras_backend import keras

GAP = 0.2
"""How much nearer, in squared distance, a positive shall be than a negative; squared distances reach from 0 to 4."""

WEIGHT_DECAY = 0.001
"""Lambda of the paper."""


def triplet_hinge(
    query: keras.KerasTensor, positive: keras.KerasTensor, negative: keras.KerasTensor, gap: float = GAP
) -> keras.KerasTensor:
    """Mean over triplets of max(0, gap + D(q, p) - D(q, n)), each [t, dim], L2-normalised.

    D is the squared Euclidean distance. The hinge is taken triplet by triplet: those that are in order already do not
    make up for those that are not.
    """
    excess = gap + squared_distance(query, positive) - squared_distance(query, negative)
    return keras.ops.mean(keras.ops.relu(excess))


def squared_distance(one: keras.KerasTensor, other: keras.KerasTensor) -> keras.KerasTensor:
    """Row by row, [t, dim] to [t]."""
    return keras.ops.sum(keras.ops.square(one - other), axis=-1)


def weight_decay(model: keras.Model, strength: float = WEIGHT_DECAY) -> keras.KerasTensor:
    """Strength * ||W||^2 over the trainable kernels; biases and batch normalisation are left alone, as is usual."""
    kernels = [variable for variable in model.trainable_variables if variable.path.endswith("/kernel")]
    return strength * sum(keras.ops.sum(keras.ops.square(keras.ops.cast(kernel, "float32"))) for kernel in kernels)

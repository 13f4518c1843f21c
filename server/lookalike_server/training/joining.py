"""Joins what the scene head tells to the embedding, once all is trained.

A kind of place is more than a linear layer can tell from features: the roots of the scenes' probabilities become a part
of the embedding. To make room, the linear part is turned to its principal components and cut to the numbers that are
left. While it is trained the linear part has all numbers to itself, and so learns nothing from the probabilities of
pictures that the scene head knows by heart.

Importing this module imports TensorFlow.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lookalike_server.models import keras_deepranking
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.keras_backend import keras
from lookalike_server.training import weights

Floats = NDArray[np.float32]


def joined_architecture(trained: Architecture, weight: float) -> Architecture:
    """The architecture with a part for the scenes, where there are scenes, a weight, and room."""
    fits = trained.scenes and weight > 0 and len(trained.scenes) < trained.dim
    return replace(trained, scene_weight=weight) if fits else trained


def joined(whole: keras.Model, architecture: Architecture, embeddings: Floats) -> keras.Model:
    """The network of a joined architecture, with the weights of one that was trained without.

    `embeddings` [n, dim] of pictures that it was trained on: their principal components are kept.
    """
    made = keras_deepranking.build(architecture)
    arrays = dict(weights.of(whole))
    if architecture.scene_weight:
        kept = components(embeddings, architecture.linear_dim)
        arrays |= {name: arrays[name] @ kept for name in ("linear/kernel", "linear/bias")}
    weights.assign(made, arrays)
    return made


def components(embeddings: Floats, count: int) -> Floats:
    """Directions [dim, count] that keep the most of the embeddings' length."""
    # Not the singular vectors: of few embeddings there are fewer of these than of numbers to keep.
    _, directions = np.linalg.eigh(embeddings.T.astype(np.float64) @ embeddings)
    kept: Floats = directions[:, : -count - 1 : -1].astype(np.float32)
    return kept

"""What training makes small: the paper's triplet loss, and what keeps the network good for other tastes as well.

A batch of T triplets enters as 4T pictures: queries, positives, negatives, and copies, which are the queries' files
altered. The parts, each a mean over the batch, weighted and added up:

rank        the paper's hinge (`loss.triplet_hinge`), of (query, positive, negative); and, as nothing is more relevant
            to a picture than its own copy, of (query, copy, positive) and (copy, positive, negative)
kinds       softmax over one learned direction a kind: pictures of a kind gather (Movshovitz-Attias et al., 2017)
copies      softmax over the batch: each copy's own original among all pictures there (van den Oord et al., 2018)
neighbours  the order of a picture's neighbours stays near the one that the untrained backbone's features give:
            divergence of the two softmaxes over the batch (Fang et al., "SEED", 2021)
features    the backbone's features keep their direction: 1 - cosine with those of the untrained backbone
scenes      the scene head's cross-entropy, with smoothed labels

The two before the last guard against forgetting: kinds that were not trained on must not pay for those that were.
Importing this module imports TensorFlow.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lookalike_server.models.keras_backend import keras, tf
from lookalike_server.training.corpus import NOT_A_SCENE
from lookalike_server.training.loss import triplet_hinge
from lookalike_server.training.recipe import Weights

KIND_SCALE = 16.0
"""Inverse temperature of the softmax over kinds."""
COPY_TEMPERATURE = 0.06
NEIGHBOUR_TEMPERATURE = 0.07
SMOOTHING = 0.1


class Seen(NamedTuple):
    """What the network gives for the 4T pictures of a batch."""

    embeddings: tf.Tensor
    """[4T, dim] unit vectors."""
    features: tf.Tensor
    """[4T, c] the backbone's pooled features, L2-normalised."""
    logits: tf.Tensor | None
    """[4T, scenes]; None of a network without a scene head."""


class Truth(NamedTuple):
    """What is known of them."""

    kinds: tf.Tensor
    """[4T]"""
    scenes: tf.Tensor
    """[4T], or NOT_A_SCENE."""
    features: tf.Tensor
    """[3T, c] unit vectors: the untrained backbone's features of the unaltered pictures, less their mean."""


class Objective:
    """The loss, with its own learned directions of the kinds."""

    def __init__(self, kinds: int, dim: int, mean: tf.Tensor, weights: Weights, gap: float) -> None:
        """`mean` [c]: of the untrained features, normalised, of all pictures."""
        start = keras.random.normal((kinds, dim), stddev=0.1, seed=0)
        self.directions = keras.Variable(start, name="kind_directions")
        self._mean = mean
        self._weights = weights
        self._gap = gap

    @property
    def variables(self) -> list[keras.Variable]:
        """What is learned beside the network, for a checkpoint."""
        return [self.directions]

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """An optimiser's way to make its variables; this one is made already."""

    def parts(self, seen: Seen, truth: Truth) -> dict[str, tf.Tensor]:
        """The value, not weighted, of each part that counts."""
        query, positive, negative, copy = tf.split(seen.embeddings, 4)
        unaltered = tf.concat([query, positive, negative], 0)
        parts = {
            "rank": self._rank(query, positive, negative, copy),
            "kinds": self._kinds(seen.embeddings, truth.kinds),
            "copies": _copies(copy, unaltered),
            "neighbours": _neighbours(unaltered, truth.features),
            "features": self._features(seen.features, truth.features),
        }
        if seen.logits is not None:
            parts["scenes"] = _scenes(seen.logits, truth.scenes)
        return {name: part for name, part in parts.items() if getattr(self._weights, name)}

    def total(self, parts: dict[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum."""
        return tf.add_n([getattr(self._weights, name) * part for name, part in parts.items()])

    def _rank(self, query: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor, copy: tf.Tensor) -> tf.Tensor:
        triplets = ((query, positive, negative), (query, copy, positive), (copy, positive, negative))
        return tf.add_n([triplet_hinge(*triplet, gap=self._gap) for triplet in triplets]) / len(triplets)

    def _kinds(self, embeddings: tf.Tensor, kinds: tf.Tensor) -> tf.Tensor:
        cosines = embeddings @ tf.transpose(tf.math.l2_normalize(self.directions.value, 1))
        return _cross_entropy(kinds, KIND_SCALE * cosines)

    def _features(self, features: tf.Tensor, untrained: tf.Tensor) -> tf.Tensor:
        unaltered = features[: tf.shape(untrained)[0]] - self._mean
        return 1 - tf.reduce_mean(tf.reduce_sum(tf.math.l2_normalize(unaltered, 1) * untrained, 1))


def _copies(copy: tf.Tensor, unaltered: tf.Tensor) -> tf.Tensor:
    return _cross_entropy(tf.range(len(copy)), copy @ tf.transpose(unaltered) / COPY_TEMPERATURE)


def _neighbours(embeddings: tf.Tensor, untrained: tf.Tensor) -> tf.Tensor:
    """Kullback-Leibler divergence, each picture among the others."""
    itself = 1e9 * tf.eye(len(untrained))
    before = tf.nn.softmax(untrained @ tf.transpose(untrained) / NEIGHBOUR_TEMPERATURE - itself)
    now = tf.nn.log_softmax(embeddings @ tf.transpose(embeddings) / NEIGHBOUR_TEMPERATURE - itself)
    return tf.reduce_mean(tf.reduce_sum(before * (tf.math.log(before + 1e-12) - tf.where(before > 0, now, 0.0)), 1))


def _scenes(logits: tf.Tensor, scenes: tf.Tensor) -> tf.Tensor:
    """Over the pictures that show a scene; 0 when none does."""
    shown = tf.cast(scenes != NOT_A_SCENE, tf.float32)
    classes = logits.shape[1]
    wanted = tf.one_hot(scenes, classes) * (1 - SMOOTHING) + SMOOTHING / classes
    losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
    return tf.reduce_sum(losses * shown) / tf.maximum(tf.reduce_sum(shown), 1)


def _cross_entropy(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))

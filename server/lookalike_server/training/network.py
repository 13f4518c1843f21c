"""A network under training: its whole, its heads alone, and the one step that changes its weights.

Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.models import backbones, keras_deepranking
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.keras_backend import keras, tf
from lookalike_server.training import weights
from lookalike_server.training.loss import weight_decay
from lookalike_server.training.objective import Objective, Seen, Truth
from lookalike_server.training.recipe import Recipe

WARM_UP = 0.05
"""Share of a phase's steps in which the learning rate rises."""

LONGEST = 1.0
"""Gradients are cut to this norm."""


Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Embed = Callable[[Pixels], Floats]
"""Pixels [n, height, width, 3] to unit vectors [n, c]."""
See = Callable[[Pixels], list[Floats]]
"""Pixels [n, height, width, 3] to the arrays of `Seen`."""


class Network:
    """The whole network with its backbone's first weights, and the heads, which share its variables."""

    def __init__(self, architecture: Architecture, recipe: Recipe) -> None:
        self._architecture, self._recipe = architecture, recipe
        self._first = backbones.load(architecture.backbone).weights()
        self.body = frozenset(self._first)
        """Paths of the backbone's variables; empty for one that begins from scratch."""
        self.whole = self.built(None)
        weights.assign(self.whole, self._first)
        self.heads = heads(self.whole)
        self.see = seeing(self.whole)
        """As the network is when it is called."""

    def built(self, small: int | None) -> keras.Model:
        """A network of the same variables' paths, random ones; its backbone sees the pixels at this size, if small."""
        small = small if small and small < min(self._architecture.input_size) else None
        whole = keras_deepranking.build(self._architecture, dropout=self._recipe.dropout, small=small)
        for layer in whole.layers:
            if isinstance(layer, keras.layers.BatchNormalization) and self._first:
                layer.trainable = False  # batches are small; the statistics of a million pictures are better
        return keras.Model(whole.input, seen(whole))


def heads(whole: keras.Model) -> keras.Model:
    """From the backbone's features and the subsampled pixels to the tensors of `Seen`."""
    names = {layer.name for layer in whole.layers}
    low = [f"low{step}_subsample" for step in keras_deepranking.SUBSAMPLING]
    entrances = [whole.get_layer(name).output for name in ("features_unit", *low) if name in names]
    embeddings, features, *logits = seen(whole)
    # What enters a Keras model cannot leave it as it is.
    return keras.Model(entrances, [embeddings, keras.layers.Identity()(features), *logits])


def seen(whole: keras.Model) -> list[keras.KerasTensor]:
    """The tensors of `Seen`."""
    names = {layer.name for layer in whole.layers}
    layers = ("embeddings", "features_unit", "scene_logits")
    return [whole.get_layer(name).output for name in layers if name in names]


def seeing(whole: keras.Model) -> See:
    """A network as a function of pixels."""
    network = keras.Model(whole.input, seen(whole))
    pixels = tf.TensorSpec((None, *whole.input.shape[1:]), tf.uint8)
    run = tf.function(lambda batch: network(batch, training=False), input_signature=[pixels])
    return lambda batch: [np.asarray(each) for each in run(tf.constant(batch))]


class Step:
    """Changes the weights for one batch; also what a checkpoint keeps beside them."""

    def __init__(
        self, network: keras.Model, body: frozenset[str], objective: Objective, recipe: Recipe, steps: int
    ) -> None:
        """`body`: paths of the variables with a learning rate of their own; `steps`: how many there will be."""
        self._network, self._objective, self._decay = network, objective, recipe.weight_decay
        bodily = [variable for variable in network.trainable_variables if variable.path in body]
        others = [variable for variable in network.trainable_variables if variable.path not in body]
        self._groups = [
            (variables, keras.optimizers.Nadam(schedule(rate, steps), clipnorm=LONGEST))
            for variables, rate in (([*others, objective.directions], recipe.head_rate), (bodily, recipe.rate))
            if variables
        ]
        for variables, optimizer in self._groups:
            optimizer.build(variables)
        self._run = tf.function(self._once)

    def __call__(self, inputs: Any, truth: Truth) -> dict[str, float]:
        """One batch; the loss and its parts."""
        parts = self._run(inputs, truth)
        return {name: float(part) for name, part in parts.items()}

    @property
    def variables(self) -> Sequence[keras.Variable]:
        """The directions of the kinds first, then those of the optimisers."""
        return [*self._objective.variables, *(one for _, optimizer in self._groups for one in optimizer.variables)]

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """An optimiser's way to make its variables; these are made already."""

    def _once(self, inputs: Any, truth: Truth) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            embeddings, features, *logits = self._network(inputs, training=True)
            parts = self._objective.parts(Seen(embeddings, features, logits[0] if logits else None), truth)
            loss = self._objective.total(parts) + weight_decay(self._network, self._decay)
        variables = [[variable.value for variable in group] for group, _ in self._groups]
        # Nothing pulls at the directions of the kinds where that part of the loss is left out.
        found = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        for (group, optimizer), gradients in zip(self._groups, found, strict=True):
            optimizer.apply(gradients, group)
        return {"loss": loss, **parts}


def schedule(rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Up in a line, down in a cosine, to nothing."""
    rising = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - rising), warmup_target=rate, warmup_steps=rising)

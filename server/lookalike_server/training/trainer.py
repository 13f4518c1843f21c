"""The training loop, in two phases: the heads on cached features, then everything on pictures.

A corpus enters; weights are what leaves, those of the validation with the best score. After each epoch of the second
phase, and before the first, a checkpoint is written, from which an interrupted run goes on. Importing this
module imports TensorFlow.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.models.keras_backend import keras, tf
from lookalike_server.training import checkpoints, weights
from lookalike_server.training.batches import Painter, Rows, rows_of
from lookalike_server.training.cached import Cached
from lookalike_server.training.checkpoints import Checkpoint
from lookalike_server.training.corpus import Labels
from lookalike_server.training.files import write_whole
from lookalike_server.training.network import Network, See, Step
from lookalike_server.training.objective import Objective, Truth
from lookalike_server.training.progress import Progress
from lookalike_server.training.recipe import Recipe
from lookalike_server.training.standing import BEST, Standing
from lookalike_server.training.triplets import TripletSampler

LATER_RATE = 0.3
"""Share of the learning rates that is left for the epochs at full size."""

log = logging.getLogger(__name__)

Validate = Callable[[See], tuple[float, Mapping[str, float]]]


@dataclass(frozen=True)
class Stage:
    """Epochs that see pictures of one size."""

    small: int | None
    """Height and width in the backbone; None: the network's own."""
    epochs: range
    """Counted from 1 over all stages."""
    recipe: Recipe


def stages(recipe: Recipe) -> list[Stage]:
    """Small pictures first: the network learns most of it in less time; the last epochs see what will be served.

    The heads, trained already, go on at the backbone's rate.
    """
    small = min(recipe.small_epochs, recipe.epochs)
    first = replace(recipe, head_rate=recipe.rate)
    later = replace(recipe, rate=LATER_RATE * recipe.rate, head_rate=LATER_RATE * recipe.rate)
    both = [
        Stage(recipe.small_size, range(1, small + 1), first),
        Stage(None, range(small + 1, recipe.epochs + 1), later if small else first),
    ]
    return [stage for stage in both if stage.epochs]


class Trainer:
    """One run; what it has to remember lies in its folder."""

    def __init__(
        self,
        network: Network,
        objective: Objective,
        sampler: TripletSampler,
        *,
        labels: Labels,
        untrained: NDArray[np.float32],
        recipe: Recipe,
        standing: Standing,
    ) -> None:
        """`untrained` [n, c]: the first features of the pictures, less their mean, L2-normalised."""
        self._network, self._objective, self._sampler, self._recipe = network, objective, sampler, recipe
        self._labels, self._untrained = labels, untrained
        self._folder, self._from = standing.folder, standing.checkpoint
        self._state: dict[str, Any] = {"run": standing.run, "best": -1.0, "best_epoch": 0, "history": []}

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """The figures of each epoch of the second phase."""
        history: Sequence[Mapping[str, float]] = self._state["history"]
        return history

    def train_heads(self, plain: Cached, copies: Cached) -> None:
        """The first phase: pictures as they are, and altered."""
        size, epochs = self._recipe.head_triplets, self._recipe.head_epochs
        batches = self._batches(size)
        progress = Progress("training the heads", batches * epochs)
        step = Step(self._network.heads, frozenset(), self._objective, self._recipe, batches * epochs)
        for _ in range(epochs):
            for drawn in self._triplets(size, batches):
                rows = rows_of(drawn)
                views = zip(plain.of(rows[: drawn.size]), copies.of(rows[drawn.size :]), strict=True)
                parts = step([tf.constant(np.concatenate(pair)) for pair in views], self._truth(rows))
                progress.advance(1, told(parts))

    def train_all(self, painter: Painter, validate: Validate) -> None:
        """The second phase; it ends with the best weights in the network."""
        if self._from is not None:
            self._resume(self._from)
        else:
            self._judge(validate(self._network.see), 0)
            self._keep(self._network.whole, self._objective, 0)
        for stage in stages(self._recipe):
            left = [epoch for epoch in stage.epochs if epoch > self._done]
            if left and not self._stale:
                self._train(stage, left, painter, validate)
        log.info("the best weights are those after epoch %d", self._state["best_epoch"])
        with np.load(self._folder / BEST) as arrays:
            weights.assign(self._network.whole, dict(arrays))

    def _train(self, stage: Stage, left: Sequence[int], painter: Painter, validate: Validate) -> None:
        network, batches = self._network.built(stage.small), self._batches(stage.recipe.triplets)
        step = Step(network, self._network.body, self._objective, stage.recipe, batches * len(stage.epochs))
        if self._from is not None and self._done in stage.epochs:
            checkpoints.give_back(self._from, network, step)
        else:
            weights.assign(network, weights.of(self._network.whole))
        for epoch in left:
            self._epoch(step, painter, batches, epoch)
            weights.assign(self._network.whole, weights.of(network))
            self._judge(validate(self._network.see), epoch)
            self._keep(network, step, epoch)
            if self._stale:
                log.info("stopped: no better score for %d epochs", self._recipe.patience)
                return

    def _epoch(self, step: Step, painter: Painter, batches: int, epoch: int) -> None:
        progress = Progress(f"epoch {epoch} of {self._recipe.epochs}", batches)
        drawn = self._triplets(self._recipe.triplets, batches)
        for batch in painter.batches(drawn, first=epoch * batches):
            parts = step(tf.constant(batch.pixels), self._truth(batch.rows))
            progress.advance(1, told(parts))

    def _judge(self, found: tuple[float, Mapping[str, float]], epoch: int) -> None:
        score, figures = found
        self._state["history"].append({"epoch": epoch, "score": score, **figures})
        log.info("after epoch %d: %s", epoch, told({"score": score, **figures}))
        if score > self._state["best"]:
            self._state |= {"best": score, "best_epoch": epoch}
            self._keep_best()

    def _keep_best(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / BEST, weights.exact(weights.of(self._network.whole)))

    def _keep(self, network: keras.Model, optimizer: Step | Objective, epoch: int) -> None:
        self._state["random"] = self._sampler.state
        checkpoints.save(self._folder, checkpoints.take(network, optimizer, epoch, self._state))

    def _resume(self, checkpoint: Checkpoint) -> None:
        log.info("going on after epoch %d", checkpoint.epoch)
        self._state = dict(checkpoint.state)
        self._sampler.state = self._state["random"]
        prefix, arrays = "network/", checkpoint.arrays
        network = {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
        weights.assign(self._network.whole, network)
        for number, variable in enumerate(self._objective.variables):  # the first of a step's, too
            variable.assign(arrays[f"optimizer/{number}"])
        if not (self._folder / BEST).exists():
            self._state |= {"best": self._state["history"][-1]["score"], "best_epoch": self._done}
            self._keep_best()

    @property
    def _done(self) -> int:
        history = self._state["history"]
        return int(history[-1]["epoch"]) if history else 0

    @property
    def _stale(self) -> bool:
        """Whether so many epochs have brought nothing better that more of them will not."""
        return bool(self._done - self._state["best_epoch"] >= self._recipe.patience)

    def _batches(self, size: int) -> int:
        """Of an epoch, in which about every picture is seen once."""
        return max(1, len(self._labels.kinds) // (3 * size))

    def _triplets(self, size: int, batches: int) -> Iterator[Rows]:
        """One epoch's draws, [size, 3] each, from buffers filled anew."""
        self._sampler.refresh()
        return (self._sampler.draw(size) for _ in range(batches))

    def _truth(self, rows: Rows) -> Truth:
        unaltered = rows[: len(rows) // 4 * 3]
        known = (self._labels.kinds[rows], self._labels.scenes[rows], self._untrained[unaltered])
        return Truth(*(tf.constant(each) for each in known))


def told(parts: Mapping[str, float]) -> str:
    """The loss and its parts in a line."""
    return "  ".join(f"{name} {part:.3f}" for name, part in parts.items())

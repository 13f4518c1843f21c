"""One training run from folders to a model: `lookalike train FOLDER... --out MODEL`.

Folders of kinds enter; a model's folder leaves, which `lookalike serve --model deepranking:MODEL` serves. While it
trains, the folder holds checkpoints: the same command again goes on from there.

Importing this module imports TensorFlow.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError
from lookalike_server.models import backbones, registry
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.deepranking import DESCRIPTION
from lookalike_server.models.engines.tensorflow import limit_threads
from lookalike_server.models.keras_backend import keras, tf
from lookalike_server.training import bundle, corpus
from lookalike_server.training.augment import Augmentation, altered
from lookalike_server.training.batches import Painter
from lookalike_server.training.cached import CHUNK, Cached, cache
from lookalike_server.training.corpus import Corpus
from lookalike_server.training.examiner import Examiner
from lookalike_server.training.joining import joined, joined_architecture
from lookalike_server.training.network import Embed, Network, seeing
from lookalike_server.training.objective import Objective
from lookalike_server.training.progress import Progress
from lookalike_server.training.recipe import Recipe
from lookalike_server.training.relevance import Mix, Relevance, looks
from lookalike_server.training.standing import Standing, standing
from lookalike_server.training.trainer import Trainer
from lookalike_server.training.triplets import TripletSampler

CHECKPOINTS = "checkpoints"
"""Folder within the model's; removed when the run is done."""
LOOKED_AT = 3000
"""Lessons, at most, that principal components are told from."""

Floats = NDArray[np.float32]
Figures = Mapping[str, float]


def train(
    folders: Sequence[Path],
    out: Path,
    architecture: Architecture,
    recipe: Recipe,
    *,
    scenes: Path | None = None,
    threads: int = 1,
) -> Figures:
    """Train and write the model; returns the figures of the best validation.

    The kinds of the folder `scenes`, one of the folders, become the scenes that the network tells apart. Raises
    TrainingDataError when there is nothing to learn from, or `out` holds a finished model or another run.
    """
    if (out / DESCRIPTION).exists():
        raise TrainingDataError(f"{out} holds a finished model: name another folder with --out, or remove it.")
    backbones.load(architecture.backbone)  # a wrong name is told before the pictures are read
    limit_threads(threads)
    keras.utils.set_random_seed(recipe.seed)
    if recipe.mixed_precision:
        keras.config.set_dtype_policy("mixed_bfloat16")
    material = corpus.gather(folders, scenes, recipe, threads)
    architecture = replace(architecture, scenes=material.scenes)
    with (
        closing(Painter(material.lessons, architecture.input_size, recipe.seed, threads)) as painter,
        closing(Examiner(material.exam_pictures, material.exam, architecture.input_size, threads)) as examiner,
    ):
        return Run(material, architecture, recipe, painter, examiner, threads).to(out)


@dataclass(frozen=True)
class Run:
    """What one run consists of."""

    material: Corpus
    architecture: Architecture
    recipe: Recipe
    painter: Painter
    examiner: Examiner
    threads: int

    def to(self, out: Path) -> Figures:
        """Train, and write the model to this folder."""
        stands = standing(out / CHECKPOINTS, self._itself())
        network = Network(self.architecture, self.recipe)
        untrained = self._untrained(network) if network.body else None
        plain = self.cached(untrained, None) if untrained else None
        trainer = self._trainer(network, plain, stands)
        if untrained and plain:
            self.examiner.set_bar(untrained)
            if not stands.checkpoint and self.recipe.head_epochs:
                trainer.train_heads(plain, self.cached(untrained, altered))
        trainer.train_all(self.painter, self.examiner.judge)
        return self._save(network, trainer, out)

    def _itself(self) -> Mapping[str, Any]:
        """What makes this run another one than any other, by the words of a refusal to mix them."""
        return {
            "recipe": self.recipe.as_json(),
            "architecture": self.architecture.as_json(),
            "choice of pictures": self.material.digest,
        }

    def _untrained(self, network: Network) -> Embed:
        """The backbone as it was found: in the engine that serves it, which is faster, where that sees this size."""
        served = backbones.load(self.architecture.backbone).served
        model = registry.load(served) if served else None
        if model is None or model.input_size != self.architecture.input_size:
            return lambda pixels: network.see(pixels)[1]
        engine = model.engine("auto", threads=self.threads)
        return lambda pixels: engine.embed(pixels).embeddings

    def cached(self, untrained: Embed, view: Augmentation | None) -> Cached:
        """What the heads read of one view of every picture."""
        return cache(untrained, self.painter, len(self.material.lessons), view, self.architecture.low_resolution)

    def _trainer(self, network: Network, plain: Cached | None, stands: Standing) -> Trainer:
        labels, recipe = self.material.labels, self.recipe
        untrained, mean = centred(plain, len(labels.kinds))
        # A backbone from scratch has nothing to forget.
        weights = recipe.weights if plain else replace(recipe.weights, neighbours=0.0, features=0.0)
        kinds = int(labels.kinds.max()) + 1
        objective = Objective(kinds, self.architecture.dim, tf.constant(mean), weights, recipe.gap)
        sampler = TripletSampler(labels.kinds, self._relevance(plain), recipe.sampling, recipe.seed)
        return Trainer(network, objective, sampler, labels=labels, untrained=untrained, recipe=recipe, standing=stands)

    def _relevance(self, plain: Cached | None) -> Relevance:
        pictures = self.material.lessons
        progress, seen = Progress("relevance", len(pictures)), []
        for number in range(len(pictures)):
            seen.append(looks(pictures.picture(number)))
            progress.advance()
        if plain is None:
            nothing = np.ones((len(seen), 1), np.float32)
            return Relevance(nothing, seen, self.material.labels.kinds, Mix(features=0.0, colour=0.6, texture=0.4))
        return Relevance(plain.features.astype(np.float32), seen, self.material.labels.kinds)

    def _save(self, network: Network, trainer: Trainer, out: Path) -> Figures:
        architecture, figures = self.examiner.finish(network.see, self.architecture)
        architecture = joined_architecture(architecture, self.recipe.scene_weight)
        whole = network.whole
        if architecture.scene_weight:
            whole = joined(whole, architecture, self._embeddings(network))
            figures |= self.examiner.judge(seeing(whole))[1]
        bundle.save(
            whole,
            out,
            architecture,
            hyper_parameters=self.recipe.as_json(),
            metrics={"validation": figures, "history": trainer.history, "kinds_left_out": self.material.left_out},
        )
        rmtree(out / CHECKPOINTS)
        return figures

    def _embeddings(self, network: Network) -> Floats:
        """Of some lessons, as many as tell the principal components."""
        rows = np.arange(0, len(self.material.lessons), -(-len(self.material.lessons) // LOOKED_AT))
        progress, parts = Progress("principal components", len(rows)), []
        for part in np.array_split(rows, -(-len(rows) // CHUNK)):
            parts.append(network.see(self.painter.views(part, None, 0))[0])
            progress.advance(len(part))
        return np.concatenate(parts)


def centred(plain: Cached | None, count: int) -> tuple[Floats, Floats]:
    """The first features, less their mean and normalised, and the mean; ones of a backbone from scratch."""
    if plain is None:
        return np.ones((count, 1), np.float32), np.zeros(1, np.float32)
    features = plain.features.astype(np.float32)
    mean = features.mean(axis=0)
    apart = features - mean
    return apart / np.linalg.norm(apart, axis=1, keepdims=True), mean

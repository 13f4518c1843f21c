"""`python -m benchmarks.ablation FOLDER... --scenes FOLDER`: what each part of training brings.

Trains the heads of one network several ways, on the same cached features and pictures, adding one part at a time, and
asks each the questions of `lookalike evaluate` on the pictures set aside. The backbone itself rests: its fine-tuning is
the difference between the last row here and a model of `lookalike train`, which `--also` adds to the table.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from benchmarks.machine import describe
from lookalike_server.config import Settings
from lookalike_server.models.architecture import Architecture
from lookalike_server.training import corpus
from lookalike_server.training.augment import Augmentation
from lookalike_server.training.batches import Painter
from lookalike_server.training.cached import Cached, cache
from lookalike_server.training.corpus import Corpus
from lookalike_server.training.evaluate import evaluate
from lookalike_server.training.examiner import Examiner
from lookalike_server.training.network import Embed
from lookalike_server.training.recipe import Recipe, Weights
from lookalike_server.training.report import tables
from lookalike_server.training.train import Run
from lookalike_server.training.triplets import Rules

RANK_ONLY = Weights(rank=4.0, kinds=0.0, copies=0.0, neighbours=0.0, features=0.0, scenes=0.0)
NO_RELEVANCE = Rules(capacity=128, out_of_class=1.0, cap=1e-9)
"""Positives drawn evenly from the kind, negatives from other kinds."""
HEADS = Recipe(epochs=0, head_epochs=6, exam_pictures=100, exam_copies=10, scene_weight=0.0)

VARIANTS: Mapping[str, tuple[Architecture, Recipe]] = {
    "single-scale ranking": (
        Architecture(low_resolution=False),
        replace(HEADS, weights=RANK_ONLY, sampling=NO_RELEVANCE),
    ),
    "multiscale ranking": (Architecture(), replace(HEADS, weights=RANK_ONLY, sampling=NO_RELEVANCE)),
    "+ relevance sampling": (Architecture(), replace(HEADS, weights=RANK_ONLY)),
    "+ kinds and copies": (Architecture(), replace(HEADS, weights=replace(Weights(), neighbours=0.0))),
    "+ neighbours kept": (Architecture(), HEADS),
}


class Remembering(Run):
    """A run that takes features from the runs before it."""

    memory: ClassVar[dict[Augmentation | None, Cached]] = {}

    def cached(self, untrained: Embed, view: Augmentation | None) -> Cached:
        """Compute each view once, with the low-resolution paths' pixels, for all runs."""
        if view not in self.memory:
            self.memory[view] = cache(untrained, self.painter, len(self.material.lessons), view, low=True)
        both = self.memory[view]
        return both if self.architecture.low_resolution else Cached(both.features, ())


def main() -> None:
    """Train, judge and print."""
    flags = parse()
    logging.basicConfig(level=logging.WARNING)
    settings = Settings()
    recipe = replace(HEADS, leave_out=flags.leave_out)
    material = corpus.gather(flags.folders, flags.scenes, recipe, settings.cores)
    with TemporaryDirectory() as folder:
        train(material, Path(folder), flags.leave_out, settings.cores)
        models = ["efficientnet-lite0", *(f"deepranking:{Path(folder) / name}" for name in VARIANTS), *flags.also]
        report = tables(evaluate(models, flags.folders, settings, copies=flags.copies))
        print(f"{describe()}\n\n{shortened(report, folder)}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help="pictures as FOLDER/KIND/PICTURE.jpg")
    parser.add_argument("--scenes", metavar="FOLDER", type=Path, help="the folder whose kinds are scenes")
    parser.add_argument("--leave-out", type=int, default=0, metavar="KINDS", help="as for lookalike train")
    parser.add_argument("--copies", type=int, default=1000, help="pictures to look for altered")
    parser.add_argument("--also", metavar="MODEL", nargs="*", default=[], help="further models to judge")
    return parser.parse_args()


def train(material: Corpus, folder: Path, leave_out: int, threads: int) -> None:
    """Each variant into a folder of its name."""
    for name, (architecture, recipe) in VARIANTS.items():
        shaped = replace(architecture, scenes=material.scenes)
        with (
            closing(Painter(material.lessons, shaped.input_size, recipe.seed, threads)) as painter,
            closing(Examiner(material.exam_pictures, material.exam, shaped.input_size, threads)) as examiner,
        ):
            chosen = replace(recipe, leave_out=leave_out)
            Remembering(material, shaped, chosen, painter, examiner, threads).to(folder / name)


def shortened(report: str, folder: str) -> str:
    """The tables with names for folders."""
    names: Sequence[str] = list(VARIANTS)
    for name in names:
        report = report.replace(f"deepranking:{Path(folder) / name}", name)
    return report


if __name__ == "__main__":
    main()

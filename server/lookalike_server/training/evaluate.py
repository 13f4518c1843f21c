"""Models compared on a user's own pictures: `lookalike evaluate MODEL FOLDER...`.

Model specs and folders enter; figures leave, as plain data for JSON. A figure that a folder cannot give, such as the
precision of kinds of one picture, is None.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike_server.config import Settings
from lookalike_server.models.protocol import Outputs
from lookalike_server.training import metrics
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.embedding import Embedder
from lookalike_server.training.folder import SET_ASIDE
from lookalike_server.training.material import REFERENCE, SEED, Material, Taste, gather

FALSE_POSITIVE_RATE = 1e-5
"""Of all pairs of an altered copy and an original that is not its own."""

Figures = dict[str, Any]


def evaluate(
    models: Sequence[str],
    folders: Sequence[Path],
    settings: Settings,
    *,
    everything: bool = False,
    triplets: int = 10_000,
    copies: int = 1000,
) -> Figures:
    """Ask each model the same questions.

    Raises TrainingDataError for folders that cannot serve, ModelFileError and EngineMissing for models that cannot.
    """
    embedders = [Embedder(model, settings) for model in models]
    material = gather(folders, everything=everything, triplets=triplets, copies=copies, settings=settings)
    return {
        "material": _describe(material, everything),
        "models": [_judge(embedder, material) for embedder in embedders],
    }


def _describe(material: Material, everything: bool) -> Figures:
    return {
        "folders": [
            {
                "folder": str(taste.folder),
                "pictures": len(taste.rows),
                "kinds": len(taste.names),
                "triplets": len(taste.triplets),
            }
            for taste in material.tastes
        ],
        "share": 1.0 if everything else SET_ASIDE,
        "unreadable": list(material.unreadable),
        "originals": len(material.originals),
        "copies": len(material.originals) * len(ALTERATIONS),
        "relevance": REFERENCE,
        "seed": SEED,
    }


def _judge(embedder: Embedder, material: Material) -> Figures:
    outputs = embedder.files([picture.path for picture in material.pictures])
    return {
        "model": embedder.spec,
        "id": embedder.model.id,
        "dim": embedder.model.dim,
        "engine": embedder.engine.version,
        "folders": [_of_taste(taste, outputs, embedder.model.scenes) for taste in material.tastes],
        "copies": _of_copies(embedder, material, outputs),
    }


def _of_taste(taste: Taste, outputs: Outputs, scenes: Sequence[str]) -> Figures:
    embeddings = outputs.embeddings[taste.rows]
    found = metrics.retrieval(embeddings, taste.kinds)
    ranked = len(taste.triplets) > 0
    return {
        "folder": str(taste.folder),
        "queries": found.queries,
        "precision_at_1": figure(found.precision_at_1),
        "precision_at_5": figure(found.precision_at_5),
        "mean_average_precision": figure(found.mean_average_precision),
        "similarity_precision": figure(metrics.similarity_precision(embeddings, taste.triplets)),
        "score_at_30": metrics.score_at_top(embeddings, taste.triplets) if ranked else None,
        "scenes": _of_scenes(taste, outputs, scenes),
    }


def _of_scenes(taste: Taste, outputs: Outputs, scenes: Sequence[str]) -> Figures | None:
    """Of the pictures whose kind the model knows as a scene; None where there are none."""
    known = np.isin([taste.names[kind] for kind in taste.kinds], scenes)
    if not known.any():
        return None
    classes = np.array([scenes.index(taste.names[kind]) for kind in taste.kinds[known]], np.int64)
    probabilities = outputs.scenes[taste.rows[known]]
    return {
        "pictures": len(classes),
        "top_1": metrics.top_accuracy(probabilities, classes, 1),
        "top_5": metrics.top_accuracy(probabilities, classes, 5),
        "calibration_error": metrics.calibration_error(probabilities, classes),
    }


def _of_copies(embedder: Embedder, material: Material, outputs: Outputs) -> Figures | None:
    if not len(material.originals):
        return None
    originals = outputs.embeddings[material.originals]
    altered = embedder.altered([material.pictures[row].path for row in material.originals]).embeddings
    own = np.repeat(np.arange(len(originals)), len(ALTERATIONS))
    found = metrics.copy_recall(altered, originals, own, FALSE_POSITIVE_RATE)
    steps = [slice(start, None, len(ALTERATIONS)) for start in range(len(ALTERATIONS))]
    each = [metrics.copy_recall(altered[step], originals, own[step], FALSE_POSITIVE_RATE) for step in steps]
    return {
        "recall_at_1": found.recall_at_1,
        "recall_at_fpr": found.recall_at_fpr,
        "false_positive_rate": FALSE_POSITIVE_RATE,
        "recall_at_1_by_alteration": {name: one.recall_at_1 for name, one in zip(ALTERATIONS, each, strict=True)},
    }


def figure(value: float) -> float | None:
    """JSON knows no NaN."""
    return None if math.isnan(value) else value

"""How good a network is while it is being trained: on pictures that it is not trained on, in every taste there is.

The score is the geometric mean of ratios to the untrained backbone's features, one for each taste: so much as one taste
gains, another may lose, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.training.metrics import calibration_error, copy_recall, retrieval, top_accuracy

FALSE_POSITIVES = 1e-4
"""Rate at which copies are counted: validations have fewer pairs than `evaluate`."""

TEMPERATURES = np.geomspace(0.25, 4, 81)
"""Those that are tried."""

Floats = NDArray[np.float32]
Figures = dict[str, float]


@dataclass(frozen=True)
class Exam:
    """What is known of the pictures that a network is judged on."""

    kinds: NDArray[np.int64]
    scenes: NDArray[np.int64]
    """Place among the scenes; negative for a picture of no scene."""
    tastes: Mapping[str, NDArray[np.int64]]
    """Rows of the pictures that are searched among each other, by the name of the taste."""
    originals: NDArray[np.int64]
    """Rows of the pictures that are altered."""

    def figures(self, embeddings: Floats, copies: Floats) -> Figures:
        """Mean average precision of each taste in which two pictures share a kind, and the share of copies found.

        `copies` [originals * alterations, dim]: one picture's alterations after another.
        """
        found = {
            f"mAP {name}": retrieval(embeddings[rows], self.kinds[rows]).mean_average_precision
            for name, rows in self.tastes.items()
        }
        told = {name: figure for name, figure in found.items() if not np.isnan(figure)}
        own = np.repeat(np.arange(len(self.originals)), len(copies) // max(1, len(self.originals)))
        recall = copy_recall(copies, embeddings[self.originals], own, FALSE_POSITIVES)
        return told | {"copies found": recall.recall_at_fpr}

    def of_scenes(self, logits: Floats, temperature: float) -> Figures:
        """Accuracy and calibration of the scene head, on the pictures that `temperature` was not found on, if any."""
        rows = np.flatnonzero(self.scenes >= 0)[1::2]
        if not len(rows):
            return {}
        probabilities, truth = softmax(logits[rows] / temperature), self.scenes[rows]
        return {
            "scene top-1": top_accuracy(probabilities, truth, 1),
            "scene top-5": top_accuracy(probabilities, truth, 5),
            "scene calibration error": calibration_error(probabilities, truth),
        }

    def temperature(self, logits: Floats) -> float:
        """What makes probabilities true: the least surprise on every other picture (Guo et al., 2017)."""
        rows = np.flatnonzero(self.scenes >= 0)[::2]
        if not len(rows):
            return 1.0
        own = (np.arange(len(rows)), self.scenes[rows])
        surprise = [-np.log(softmax(logits[rows] / each)[own] + 1e-12).mean() for each in TEMPERATURES]
        return float(TEMPERATURES[int(np.argmin(surprise))])


def score(figures: Mapping[str, float], untrained: Mapping[str, float]) -> float:
    """1 for a network that is as good as the untrained features; what cannot be told does not count."""
    ratios = [figures[name] / untrained[name] for name in untrained if untrained[name] > 0]
    return float(np.exp(np.mean(np.log(np.maximum(ratios, 1e-9))))) if ratios else 1.0


def softmax(logits: Floats) -> Floats:
    """Of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares

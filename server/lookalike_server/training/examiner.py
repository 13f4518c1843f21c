"""Puts a network to the exam: embeds the exam's pictures and their altered copies.

Importing this module imports TensorFlow.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from lookalike_server.models import pixels
from lookalike_server.models.architecture import Architecture
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.gallery import Gallery
from lookalike_server.training.network import Embed, Floats, Pixels, See
from lookalike_server.training.progress import Progress
from lookalike_server.training.validation import Exam, Figures, score

CHUNK = 60
"""Pictures in one forward pass."""


class Examiner:
    """One exam for any number of networks."""

    def __init__(self, pictures: Gallery, exam: Exam, size: tuple[int, int], threads: int) -> None:
        self._pictures, self._exam, self._size = pictures, exam, size
        self._pool = ThreadPoolExecutor(threads, "examiner")
        self._first: Figures = {}

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def set_bar(self, untrained: Embed) -> Figures:
        """The figures of the untrained backbone, which scores are ratios to."""
        self._first, _ = self._examined("untrained features", lambda batch: [untrained(batch)])
        return self._first

    def judge(self, see: See) -> tuple[float, Figures]:
        """Score and figures of a network; the score is the mean of the tastes where there is no bar."""
        figures, _ = self._examined("validation", _judged(see))
        if not self._first:
            return float(np.mean(list(figures.values()))), figures
        return score(figures, self._first), figures

    def finish(self, see: See, architecture: Architecture) -> tuple[Architecture, Figures]:
        """The architecture with the temperature that makes probabilities true, and all figures."""
        figures, logits = self._examined("validation", _judged(see))
        if logits is None:
            return architecture, figures
        temperature = self._exam.temperature(logits)
        return replace(architecture, temperature=temperature), figures | self._exam.of_scenes(logits, temperature)

    def _examined(self, label: str, run: See) -> tuple[Figures, Floats | None]:
        progress = Progress(label, len(self._pictures) + len(self._exam.originals) * len(ALTERATIONS))
        embeddings, *logits = self._outputs(run, self._plain(), progress)
        copies, *_ = self._outputs(run, self._copies(), progress)
        return self._exam.figures(embeddings, copies), logits[0] if logits else None

    def _outputs(self, run: See, views: Iterator[list[Pixels]], progress: Progress) -> list[Floats]:
        parts = []
        for view in views:
            parts.append(run(np.stack(view)))
            progress.advance(len(view))
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _plain(self) -> Iterator[list[Pixels]]:
        numbers = range(len(self._pictures))
        for start in numbers[::CHUNK]:
            yield list(self._pool.map(self._view, numbers[start : start + CHUNK]))

    def _view(self, number: int) -> Pixels:
        return pixels.resized(self._pictures.picture(number), self._size)

    def _copies(self) -> Iterator[list[Pixels]]:
        step = CHUNK // len(ALTERATIONS)
        for start in range(0, len(self._exam.originals), step):
            several = self._pool.map(self._altered, self._exam.originals[start : start + step].tolist())
            yield [view for views in several for view in views]

    def _altered(self, number: int) -> list[Pixels]:
        picture = self._pictures.picture(number)
        return [pixels.resized(alter(picture), self._size) for alter in ALTERATIONS.values()]


def _judged(see: See) -> See:
    """Without the features, which stand in the middle."""
    return lambda batch: see(batch)[::2]

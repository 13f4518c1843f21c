"""What the first phase of training reads: the resting backbone's features, computed once for each picture.

A painter's pictures enter, arrays in half precision leave. Importing this module imports TensorFlow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike_server.models import keras_deepranking
from lookalike_server.training.augment import Augmentation
from lookalike_server.training.batches import Painter, Rows
from lookalike_server.training.network import Embed
from lookalike_server.training.progress import Progress

CHUNK = 64
"""Pictures in one forward pass."""


@dataclass(frozen=True)
class Cached:
    """What the heads read of one view of every picture."""

    features: NDArray[np.float16]
    """[n, c] the untrained backbone's, L2-normalised."""
    low: tuple[NDArray[np.float16], ...]
    """The subsampled pixels of each low-resolution path; none of a single-scale network."""

    def of(self, rows: Rows) -> list[NDArray[np.float32]]:
        """The heads' inputs for these pictures."""
        return [array[rows].astype(np.float32) for array in (self.features, *self.low)]


def cache(untrained: Embed, painter: Painter, count: int, view: Augmentation | None, low: bool) -> Cached:
    """One view of every picture; `untrained` is the backbone as it was found."""
    label = "features of the pictures" if view is None else "features of altered copies"
    progress, features = Progress(label, count), []
    paths: list[list[NDArray[np.float16]]] = [[] for _ in keras_deepranking.SUBSAMPLING if low]
    for start in range(0, count, CHUNK):
        pixels = painter.views(np.arange(start, min(start + CHUNK, count)), view, start)
        features.append(untrained(pixels).astype(np.float16))
        for path, step in zip(paths, keras_deepranking.SUBSAMPLING, strict=False):
            path.append(np.asarray(keras_deepranking.subsampled(pixels, step), np.float16))
        progress.advance(len(pixels))
    return Cached(np.concatenate(features), tuple(np.concatenate(path) for path in paths))

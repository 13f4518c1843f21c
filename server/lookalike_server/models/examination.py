"""What a network must show before it serves: it can tell pictures apart, and it says the same about one every time.

A network with dropout left on, a random operation in it or statistics taken over the batch would fill a collection with
vectors that cannot be found again.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.probes import probe_pictures

Compute = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Pixels [n, height, width, 3] to rows [n, k] of length about 1."""

TOLERANCE = 1e-3
"""Euclidean distance allowed between two answers about one picture, as between unit vectors.

A batch of another size is summed in another order. Measured with EfficientNet-Lite0 in TensorFlow: 4e-7 in single
precision, 4e-4 in half. A JPEG decoder of another make is 1e-3 to 2e-3 away, dropout of a hundredth of the features
1e-1.
"""


def examine(compute: Compute, size: tuple[int, int], title: str) -> int:
    """Run a network on four pictures; returns the length of its rows.

    `title` begins the message of the ModelFileError that is raised when it fails, or gives what cannot be used.
    """
    pictures = probe_pictures(size)
    rows = _first(compute, pictures, title)
    if not np.isfinite(rows).all():
        raise ModelFileError(f"{title} gives NaN or infinity: do range, mean and std fit what it was trained with?")
    if distance(rows[1:], rows[:1]) <= TOLERANCE:
        raise ModelFileError(f"{title} says the same of every picture: do output and range name what was meant?")
    again, alone = compute(pictures), np.concatenate([compute(picture[np.newaxis]) for picture in pictures])
    if (off := distance(again, rows)) > TOLERANCE:
        advice = "is dropout or a random operation left in it? Export it for inference."
        raise ModelFileError(f"{title} is not deterministic, {off:.2g} apart the second time: {advice}")
    if (off := distance(alone, rows)) > TOLERANCE:
        advice = "does it normalise over the batch? Export it for inference."
        raise ModelFileError(f"{title} is not deterministic, {off:.2g} apart in a batch of its own: {advice}")
    return int(rows.shape[1])


def distance(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """The largest Euclidean distance between rows."""
    return float(np.linalg.norm(ours - theirs, axis=1).max())


def _first(compute: Compute, pictures: NDArray[np.uint8], title: str) -> NDArray[np.float32]:
    """The libraries find only now what does not fit within the network."""
    try:
        return compute(pictures)
    except ModelFileError:
        raise
    except Exception as error:  # theirs have no public base class
        raise ModelFileError(f"{title} fails on pictures of this size: {error}") from error

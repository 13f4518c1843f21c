"""Where in the plane each image stands.

PCA looks along the two directions in which the vectors differ most: at once, the same on every machine, and what is far
in the plane is far indeed. UMAP keeps neighbours together, so that kinds of pictures become islands, whose distances
say little; it takes its time, and is seeded: the same on one machine. Enters: vectors [n, dim]. Leaves: places [n, 2].
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.mapping.errors import Unmappable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

CHUNK = 10_000
"""Vectors in double precision at a time."""
SAMPLE = 20_000
"""UMAP learns from so many and places the others among them."""
FEWEST = 30
"""UMAP of fewer says nothing, and cannot count neighbours: they are placed by PCA."""
NEIGHBOURS, MIN_DIST, SEED = 15, 0.25, 0


class Method(StrEnum):
    """How images are placed."""

    PCA = "pca"
    UMAP = "umap"


STRETCH = {Method.PCA: 1.0, Method.UMAP: 1.6}


@dataclass(frozen=True, slots=True)
class Placed:
    """Where each image stands: float32 [n, 2], and by what means, in words."""

    places: "Vectors"
    method: Method
    note: str


def place(vectors: "Vectors", method: Method = Method.PCA) -> Placed:
    """Place each vector in the plane. Raises Unmappable where UMAP is wanted and not installed."""
    if method is Method.UMAP and find_spec("umap") is None:
        raise Unmappable('UMAP is an extra: pip install "lookalike[umap]", or place by PCA.')
    places, share = by_pca(vectors)
    if method is Method.PCA or len(vectors) < FEWEST:
        return Placed(places, Method.PCA, f"PCA: {share:.0%} of what tells the images apart lies in this plane")
    return Placed(
        by_umap(vectors, places), Method.UMAP, "UMAP: neighbours stand together, distances between say little"
    )


def by_pca(vectors: "Vectors") -> tuple["Vectors", float]:
    """The coordinates along the two directions of most variance, and the share of the variance that these have.

    Of the two signs that a direction may have, its largest component is positive: a map is the same every time.
    """
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2), np.float32), 1.0
    mean = vectors.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((vectors.shape[1], vectors.shape[1]))
    for start in range(0, len(vectors), CHUNK):
        centred = vectors[start : start + CHUNK] - mean
        scatter += centred.T @ centred
    variances, directions = np.linalg.eigh(scatter)
    axes = directions[:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    chunks = [(vectors[start : start + CHUNK] - mean) @ axes for start in range(0, len(vectors), CHUNK)]
    total = float(variances.sum())
    share = float(variances[-2:].sum()) / total if total > 0 else 1.0
    return np.concatenate(chunks, dtype=np.float32, casting="same_kind"), share


def by_umap(vectors: "Vectors", begin: "Vectors") -> "Vectors":
    """The coordinates by UMAP, which starts from those given; of many vectors it learns from an even sample."""
    count = len(vectors)
    sample = np.linspace(0, count - 1, min(count, SAMPLE)).astype(np.int64)
    start = begin[sample] * (10 / max(float(np.abs(begin).max()), 1e-9))
    with _umap() as umap:
        model = umap.UMAP(
            n_neighbors=min(NEIGHBOURS, len(sample) - 1), min_dist=MIN_DIST, init=start, random_state=SEED, n_jobs=1
        )
        places = np.empty((count, 2), np.float32)
        places[sample] = model.fit_transform(vectors[sample])
        others = np.setdiff1d(np.arange(count), sample)
        for chunk in np.array_split(others, -(-len(others) // CHUNK)) if len(others) else ():
            places[chunk] = model.transform(vectors[chunk])
    return places


@contextmanager
def _umap() -> Iterator[Any]:
    """The package, its warnings unheard, and without TensorFlow, which a part of it that we do not use would load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        absent = "tensorflow" not in sys.modules
        if absent:
            sys.modules["tensorflow"] = None  # type: ignore[assignment] # 5 seconds instead of 19
        try:
            import umap  # noqa: PLC0415 - an extra, and slow to load
        finally:
            if absent:
                del sys.modules["tensorflow"]
        yield umap


def framed(placed: Placed, width: float, height: float) -> "Vectors":
    """The places moved and scaled to fill a frame; equal ones stand in its middle.

    PCA's are scaled the same both ways; where distances say little anyway, one way may be stretched.
    """
    places, room = placed.places, np.array([width, height])
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    scales = room / np.maximum(high - low, 1e-6)
    scale = np.minimum(scales, scales.min() * STRETCH[placed.method])
    middle = (low.astype(np.float64) + high) / 2
    return np.asarray((places - middle) * scale + room / 2, np.float32)

"""How relevant two pictures of one kind are to each other, told from the pictures where no person has said it.

The paper's golden features in small: a weighted mix of what a pre-trained network sees, of colour and of texture. Each
part is a unit vector whose inner products lie in [0, 1], so that the mix of all parts is one inner product of one
descriptor, and no matrix of all pairs is ever kept.

- features: the backbone's pooled features, L2-normalised; their cosine, and 0 where it is negative.
- colour: a histogram of 6 x 8 x 8 cells of CIE L*a*b*, where equal steps look equal; Bhattacharyya's coefficient.
- texture: histograms of 8 gradient orientations in 4 x 4 cells of the picture, weighted by the gradients' magnitudes,
  as in HOG (Dalal and Triggs, 2005); Bhattacharyya's coefficient.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

SIDE = 64
"""Height and width at which colour and texture are looked at, pixels."""
LIGHTNESS_BINS, COLOUR_BINS, COLOUR_REACH = 6, 8, 64
"""L* in 6 steps; a* and b* in 8 steps between -64 and 64, what is beyond in the outermost."""
CELLS, ORIENTATIONS = 4, 8
BLOCK = 1024
"""Pictures of a kind compared at once when totals are summed."""


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Weights of the parts; they sum to 1."""

    features: float = 0.6
    colour: float = 0.25
    texture: float = 0.15

    def __post_init__(self) -> None:
        parts = (self.features, self.colour, self.texture)
        if min(parts) < 0 or abs(sum(parts) - 1) > 1e-6:
            raise ValueError(f"the weights of a mix are not negative and sum to 1, not {parts}")


@dataclass(frozen=True)
class Looks:
    """What a picture looks like, beside what is in it."""

    colour: NDArray[np.float32]
    """[384] root of the histogram, a unit vector."""
    texture: NDArray[np.float32]
    """[128] root of the histogram, a unit vector."""


class Relevance:
    """Relevance between pictures of one kind, computed when it is asked for."""

    def __init__(
        self, features: NDArray[np.float32], looks: list[Looks], kinds: NDArray[np.int64], mix: Mix | None = None
    ) -> None:
        """Features [n, d] of any length other than zero; looks and kinds [n]."""
        mix = mix or Mix()
        parts = (
            (mix.features, features / np.linalg.norm(features, axis=1, keepdims=True)),
            (mix.colour, np.stack([look.colour for look in looks])),
            (mix.texture, np.stack([look.texture for look in looks])),
        )
        # Features apart: their cosine alone may be negative.
        self._features = (np.sqrt(parts[0][0]) * parts[0][1]).astype(np.float32)
        self._looks = np.concatenate([np.sqrt(weight) * part for weight, part in parts[1:]], axis=1, dtype=np.float32)
        self.totals = self._totals(kinds)

    def between(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Relevance [len(rows), len(columns)], 0 to 1."""
        features = np.maximum(self._features[rows] @ self._features[columns].T, 0)
        mixed: NDArray[np.float32] = np.minimum(features + self._looks[rows] @ self._looks[columns].T, 1)
        return mixed

    def _totals(self, kinds: NDArray[np.int64]) -> NDArray[np.float64]:
        totals = np.zeros(len(kinds))
        for kind in np.unique(kinds):
            members = np.flatnonzero(kinds == kind)
            for start in range(0, len(members), BLOCK):
                rows = members[start : start + BLOCK]
                itself = rows[:, np.newaxis] == members
                totals[rows] = np.where(itself, 0, self.between(rows, members)).sum(axis=1, dtype=np.float64)
        return totals


def looks(picture: Image.Image) -> Looks:
    """Look at an RGB picture of any size."""
    small = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return Looks(_colour(small), _texture(small))


def _colour(picture: Image.Image) -> NDArray[np.float32]:
    lab = np.asarray(ImageCms.applyTransform(picture, _to_lab()))
    lightness = lab[..., 0].astype(int) * LIGHTNESS_BINS // 256
    # Pillow's a* and b* are signed bytes in an unsigned image.
    opponents = np.clip(lab[..., 1:].astype(np.int8).astype(int), -COLOUR_REACH, COLOUR_REACH - 1)
    cells = (opponents + COLOUR_REACH) * COLOUR_BINS // (2 * COLOUR_REACH)
    bins = (lightness * COLOUR_BINS + cells[..., 0]) * COLOUR_BINS + cells[..., 1]
    return _root(np.bincount(bins.ravel(), minlength=LIGHTNESS_BINS * COLOUR_BINS**2))


def _texture(picture: Image.Image) -> NDArray[np.float32]:
    down, across = np.gradient(np.asarray(picture.convert("L"), np.float32))
    orientation = (np.arctan2(down, across) / np.pi % 1 * ORIENTATIONS).astype(int) % ORIENTATIONS
    cell = np.arange(SIDE) * CELLS // SIDE
    bins = (cell[:, np.newaxis] * CELLS + cell) * ORIENTATIONS + orientation
    # One grey level in all, so that a blank picture has a texture too: none, everywhere alike.
    even = 1 / ORIENTATIONS
    magnitude = np.bincount(bins.ravel(), np.hypot(down, across).ravel(), minlength=CELLS**2 * ORIENTATIONS)
    return _root(magnitude + even)


def _root(histogram: NDArray[Any]) -> NDArray[np.float32]:
    """Inner products of roots are Bhattacharyya's coefficient: 1 for equal histograms, 0 for disjoint ones."""
    return np.asarray(np.sqrt(histogram / histogram.sum()), np.float32)


@cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")

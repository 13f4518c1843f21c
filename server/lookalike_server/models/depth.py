"""Grey of more than 8 bits, as cameras of science and scanners write it, brought to the 8 bits that networks are fed.

Whole numbers of 16 bits are scaled, for their range is known. Numbers of 32 bits and floats have no such range: the
picture's own, from its least finite value to its largest, is stretched to black and white.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEEP = frozenset({"I", "F"})
ROWS = 256
"""Rows of a block that is worked on at once."""


def is_deep(image: Image.Image) -> bool:
    """Whether the picture's mode holds more than 8 bits."""
    return image.mode in DEEP or image.mode.startswith("I;16")


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture in mode L. Raises ValueError where it holds no finite number."""
    values = np.asarray(image)
    if image.mode == "F" or (values.size and (values.min() < 0 or values.max() > 0xFFFF)):
        return Image.fromarray(_stretched(values))
    # Mode I has room for 32 bits; most files fill 16.
    return Image.fromarray((values >> 8).astype(np.uint8))


def _stretched(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """From black to white; what is not a number is black, infinity white; a picture of one value all over is black."""
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("it holds no finite number")
    least, most = (float(bound) for bound in (values[finite].min(), values[finite].max()))
    grey = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), ROWS):
        # In blocks, for a large picture would take a gigabyte in double precision, which no range overflows.
        share = (values[start : start + ROWS].astype(np.float64) - least) / max(most - least, np.finfo(float).tiny)
        grey[start : start + ROWS] = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1) * 255 + 0.5
    return grey

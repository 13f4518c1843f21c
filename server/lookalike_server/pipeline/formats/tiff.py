"""What Pillow leaves to its callers in TIFF: how much a tile takes, and what the numbers of deep grey pictures mean."""

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

BITS, PHOTOMETRIC, TILE_WIDTH, TILE_HEIGHT, SAMPLE_FORMAT = 258, 262, 322, 323, 339
WHITE_IS_ZERO, UNSIGNED = 0, 1


def tile_pixels(image: Image.Image) -> int:
    """Pixels of one of its tiles, which may be larger than the picture; 0 where it has none."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    return int(tags.get(TILE_WIDTH, 0) * tags.get(TILE_HEIGHT, 0))


def in_shades(image: Image.Image) -> Image.Image:
    """A loaded picture with its deep grey from black to white, as everywhere: of 16 bits, or 32 that are stretched."""
    if not isinstance(image, TiffImageFile):
        return image
    if image.mode == "I;16" and image.tag_v2.get(BITS) == (12,):
        return image.point(lambda value: value * 16)
    if image.mode == "I;16" and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        return image.point(lambda value: value * -1 + 0xFFFF)
    return _signless(image) if image.mode == "I" else image


def _signless(image: TiffImageFile) -> Image.Image:
    """Pillow knows 32 bits with a sign only: the upper half of those without comes as negative numbers."""
    values = np.asarray(image)
    if image.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,)) != (UNSIGNED,) or values.min() >= 0:
        return image
    return Image.fromarray(values.view(np.uint32).astype(np.float32))

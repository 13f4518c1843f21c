"""Small copies of pictures for people to look at: upright, fitted into a box, transparent parts white.

Enters: a path, which may lead into another file, or the bytes of a picture. Leaves: a Pillow image, or a JPEG.
Originals are only read. Needs Pillow, which comes with the extra `cli`: import this module only where thumbnails are
wanted.
"""

import io
from os import PathLike
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageOps

from lookalike import containers
from lookalike.errors import LookalikeError
from lookalike.queries import Region

UNREADABLE = (LookalikeError, OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What is raised at files that are gone, damaged, no pictures, or bombs."""

MOST_BYTES = 1 << 30
"""Of a picture that is shown; what a server took in is smaller."""

PAPER, OUTLINE = "#ffffff", "#1f6feb"
QUALITY = 82  # of JPEG: at this size no eye tells more

Readable: TypeAlias = str | PathLike[str] | bytes


def thumbnail(picture: Readable, size: int, region: Region | None = None) -> bytes | None:
    """A JPEG that fills a square of `size` pixels one way, the region outlined; None of what cannot be read."""
    try:
        small = fitted(picture, (size, size))
    except UNREADABLE:
        return None
    if region is not None:
        outline(small, region)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=QUALITY)
    return buffer.getvalue()


def fitted(picture: Readable, box: tuple[int, int]) -> Image.Image:
    """The picture as large as the box (pixels) allows, as a person sees it. Raises one of `UNREADABLE`."""
    with Image.open(io.BytesIO(containers.content(picture, MOST_BYTES))) as file:
        file.draft("RGB", (2 * box[0], 2 * box[1]))
        upright = ImageOps.exif_transpose(file).convert("RGBA")
    scale = min(box[0] / upright.width, box[1] / upright.height)
    # A panorama may be a thousand times as wide as high.
    size = max(1, round(scale * upright.width)), max(1, round(scale * upright.height))
    small = upright.resize(size, Image.Resampling.LANCZOS)
    opaque = Image.new("RGB", small.size, PAPER)
    opaque.paste(small, mask=small.getchannel("A"))
    return opaque


def outline(picture: Image.Image, region: Region) -> None:
    """Draw the edges of a region into the picture."""
    left, top, right, bottom = region.left, region.top, region.right, region.bottom
    corners = (left * picture.width, top * picture.height, right * picture.width - 1, bottom * picture.height - 1)
    ImageDraw.Draw(picture).rectangle(corners, outline=OUTLINE, width=3)

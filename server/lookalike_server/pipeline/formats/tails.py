"""JPEGs that are cut short: a broken download, a card pulled too early. What is there of them is often worth finding.

A picture is taken when at least half of its rows are there; what is missing counts as grey. One in several scans
(progressive) is taken when its first scan is whole: that holds all rows, coarsely. Other formats that are cut short
stay refused: what is missing there may be anywhere in the picture.

A picture that was cut and given an end again is held to the same: decoders make the rest of it grey, and do not tell.

Where the rows end is seen from outside: the decoder writes them over a canvas, and the canvas is what it did not reach.
Pillow's own way, LOAD_TRUNCATED_IMAGES, holds for all threads at once, and does not tell.
"""

import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from lookalike_server.errors import ImageUndecodable
from lookalike_server.pipeline.formats.scans import START_OF_SCAN, first_scan, has_scans

START, END = b"\xff\xd8\xff", b"\xff\xd9"
ENOUGH = 0.5
"""Share of the rows that must be there."""
LOWER = 0.6
"""Of a picture of which too little is there, all below this share of its height is grey, and half a block above."""
PADDING = bytes(8)
"""The decoder looks ahead so far, or it would miss the last blocks before the end."""


def is_jpeg(content: bytes) -> bool:
    """Whether there is a tail that may be broken."""
    return content.startswith(START)


def check_end(image: Image.Image, content: bytes) -> None:
    """Refuse a JPEG that ends well, and is cut short before; of a loaded picture. Raises ImageUndecodable."""
    if is_jpeg(content) and _is_flat(image, image.height - 1) and _is_flat(image, LOWER * image.height):
        with _opened(content) as unloaded:
            end = content.find(END, first_scan(unloaded))
        mended(content[:end] if end >= 0 else content)


def mended(content: bytes) -> bytes:
    """A JPEG whose decoding failed, brought to an end. Raises ImageUndecodable where too little of it is there."""
    with _opened(content) as image:
        if has_scans(image, content):
            if content.find(START_OF_SCAN, first_scan(image)) < 0:
                raise ImageUndecodable("the picture is cut short within the first of its scans: copy it anew")
            return content[: _whole_segments(content)] + END
    there = share_of_rows(content)
    if there < ENOUGH:
        words = f"{1 - there:.0%} of its rows cannot be decoded, at most half may be missing"
        raise ImageUndecodable(f"the picture is cut short or damaged: {words}; copy it anew")
    return content + END


def share_of_rows(content: bytes) -> float:
    """How much of the height of a JPEG in one scan can be decoded, 0 to 1, to a block's height.

    Decoded at an eighth of its size over black and over white: rows that were decoded are the same on both.
    """
    over_black, over_white = (_decoded_over(content, shade) for shade in (0, 255))
    is_there = (over_black == over_white).reshape(len(over_black), -1).all(axis=1)
    return float(is_there.mean())


def _is_flat(image: Image.Image, top: float) -> bool:
    """Whether there is one colour only from this row down."""
    bands = image.crop((0, int(top), image.width, image.height)).split()
    return all(least == most for least, most in (band.getextrema() for band in bands))


def _opened(content: bytes) -> JpegImageFile:
    image = Image.open(io.BytesIO(content), formats=("JPEG",))
    if not isinstance(image, JpegImageFile):
        raise TypeError(f"a JPEG was opened as {image.format}")
    return image


def _decoded_over(content: bytes, shade: int) -> NDArray[np.uint8]:
    """As far as the decoder comes, and beyond that the shade; pixels [h, w] or [h, w, channels]."""
    with _opened(content + PADDING) as image:
        image.draft(None, (1, 1))
        image.im = Image.new(image.mode, image.size, (shade,) * len(image.getbands())).im
        image.decodermaxblock = max(len(content), image.decodermaxblock)
        with suppress(OSError):
            image.load()
        image.tile = []  # what was decoded before the damage is all there will be
        return np.asarray(image)


def _whole_segments(content: bytes) -> int:
    """Where the last segment ends that is whole: half a table between scans is an error to decoders."""
    last = content.rfind(b"\xff", 0, len(content) - 1)
    while last > 0 and (content[last + 1] in {0x00, 0xFF} or 0xD0 <= content[last + 1] <= 0xD7):
        last = content.rfind(b"\xff", 0, last)
    end = last + 2 + int.from_bytes(content[last + 2 : last + 4], "big")
    return len(content) if last <= 0 or last + 4 <= len(content) >= end else last

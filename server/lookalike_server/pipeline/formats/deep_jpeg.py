"""JPEG of more than 8 bits, which scanners and medicine write: 12 bits, or up to 16 without loss (by imagecodecs)."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.pipeline.formats.lazy import LazyImage

START = b"\xff\xd8\xff"
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a frame's header (ITU T.81, table B.1)."""
LOSSLESS = 0xC3
MAX_SEGMENTS = 1000


def is_deep_jpeg(content: bytes) -> bool:
    """Whether it is a JPEG that usual decoders cannot read."""
    marker, bits, _, _ = frame(content) if content.startswith(START) else (0, 8, 0, 0)
    return bits > 8 or marker == LOSSLESS


def opened(content: bytes) -> Image.Image:
    """The picture, decoded when it is loaded."""
    return DeepJpeg(io.BytesIO(content))


class DeepJpeg(LazyImage):
    """A picture of which the header is read."""

    format = "JPEG"

    def header(self, content: bytes) -> tuple[int, int]:
        """Width and height."""
        _, self._bits, height, width = frame(content)
        return width, height

    def pixels(self, content: bytes) -> NDArray[np.uint8]:
        """Scaled to 8 bits; raises what libjpeg raises."""
        import imagecodecs  # noqa: PLC0415 - only where there is such a picture

        deep: NDArray[np.uint16] = imagecodecs.jpeg8_decode(content)
        return (deep >> max(self._bits - 8, 0)).astype(np.uint8)


def frame(content: bytes) -> tuple[int, int, int, int]:
    """Marker of the frame, bits of a sample, height and width; zeros and 8 bits where there is no frame's header."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        if at + 9 > len(content) or content[at] != 0xFF:
            break
        marker, size, bits, height, width = struct.unpack_from(">xBHBHH", content, at)
        if marker in FRAMES:
            return marker, bits, height, width
        at += 2 + size
    return 0, 8, 0, 0

"""JPEG XL, read by imagecodecs (libjxl): a header that says how large, and pixels that are decoded when asked for.

libjxl turns the picture as its header says; whatever EXIF says of that is not meant for whoever shows it (ISO/IEC
18181-2, 9.5), and is left out. Of an animation the first picture counts.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from lookalike_server.pipeline.formats.boxes import boxes
from lookalike_server.pipeline.formats.lazy import LazyImage

BARE = b"\xff\x0a"
BOXED = b"\0\0\0\x0cJXL \r\n\x87\n"
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, by their numbers from 1 (ISO/IEC 18181-1, SizeHeader)."""
SIDE_BITS = (9, 13, 18, 30)
SIDEWAYS = frozenset({5, 6, 7, 8})


def is_jxl(content: bytes) -> bool:
    """Whether the file is JPEG XL, bare or in boxes."""
    return content.startswith((BARE, BOXED))


def opened(content: bytes) -> Image.Image:
    """The picture, decoded when it is loaded. Raises SyntaxError where its header is cut short."""
    return JxlImageFile(io.BytesIO(content))


class JxlImageFile(LazyImage):
    """A picture of which the header is read."""

    format = "JXL"

    def header(self, content: bytes) -> tuple[int, int]:
        """Width and height; keeps what the camera wrote."""
        stream, exif = _parts(content)
        if exif:
            self.info["exif"] = exif
        return size_of(stream)

    def pixels(self, content: bytes) -> NDArray[np.uint8]:
        """Decoded and turned; raises what libjxl raises."""
        import imagecodecs  # noqa: PLC0415 - only where there is such a picture

        return eight_bits(imagecodecs.jpegxl_decode(content, index=0, numthreads=1))

    def getexif(self) -> Image.Exif:
        """What the camera wrote, but for the orientation."""
        exif = super().getexif()
        exif.pop(ExifTags.Base.Orientation, None)
        return exif


def size_of(stream: bytes) -> tuple[int, int]:
    """Width and height as a person sees it (ISO/IEC 18181-1, SizeHeader and ImageMetadata). Raises SyntaxError."""
    bits = _Bits(stream[len(BARE) :])
    is_small = bits.take(1)

    def side() -> int:
        return 8 * (bits.take(5) + 1) if is_small else bits.take(SIDE_BITS[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    width = height * RATIOS[ratio - 1][0] // RATIOS[ratio - 1][1] if ratio else side()
    is_plain = bits.take(1) or not bits.take(1)
    orientation = 1 if is_plain else bits.take(3) + 1
    return (height, width) if orientation in SIDEWAYS else (width, height)


def eight_bits(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Pixels [h, w] or [h, w, channels] of any type as 8 bits each; of floats 1 is white, and what is more."""
    if pixels.dtype == np.uint8:
        return pixels.view(np.uint8)
    if pixels.dtype == np.uint16:
        return (pixels.view(np.uint16) >> 8).astype(np.uint8)
    floats = np.nan_to_num(pixels.astype(np.float32), nan=0.0)
    return (floats.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _parts(content: bytes) -> tuple[bytes, bytes]:
    """The beginning of the code stream, and EXIF as Pillow keeps it."""
    if content.startswith(BARE):
        return content[:32], b""
    stream = exif = b""
    for kind, body in boxes(content):
        if kind in {b"jxlc", b"jxlp"} and not stream:
            # A part begins with its number.
            stream = bytes(body[4:36] if kind == b"jxlp" else body[:32])
        elif kind == b"Exif" and not exif:
            exif = b"Exif\0\0" + bytes(body[4 + int.from_bytes(body[:4], "big") :])
    return stream, exif


class _Bits:
    """A stream of bits, the lowest of each byte first."""

    def __init__(self, content: bytes) -> None:
        self._left = 8 * len(content)
        self._value = int.from_bytes(content, "little")

    def take(self, bits: int) -> int:
        """The next so many as a number. Raises SyntaxError at the end."""
        self._left -= bits
        if self._left < 0:
            raise SyntaxError("its header is cut short")
        taken = self._value & ((1 << bits) - 1)
        self._value >>= bits
        return taken

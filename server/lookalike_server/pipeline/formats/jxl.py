"""JPEG XL, read by imagecodecs (libjxl): a header that says how large, and pixels that are decoded when asked for.

libjxl turns the picture as its header says; whatever EXIF says of that is not meant for whoever shows it (ISO/IEC
18181-2, 9.5), and is left out. Of an animation the first picture counts.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from lookalike_server.pipeline.formats import jxl_header
from lookalike_server.pipeline.formats.boxes import boxes
from lookalike_server.pipeline.formats.lazy import LazyImage

BARE = b"\xff\x0a"
BOXED = b"\0\0\0\x0cJXL \r\n\x87\n"


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
        told = jxl_header.read(stream)
        self._bits = told.bits
        return told.width, told.height

    def pixels(self, content: bytes) -> NDArray[np.uint8]:
        """Decoded and turned; raises what libjxl raises."""
        import imagecodecs  # noqa: PLC0415 - only where there is such a picture

        return eight_bits(imagecodecs.jpegxl_decode(content, index=0, numthreads=1), self._bits)

    def getexif(self) -> Image.Exif:
        """What the camera wrote, but for the orientation."""
        exif = super().getexif()
        exif.pop(ExifTags.Base.Orientation, None)
        return exif


def eight_bits(pixels: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """Pixels [h, w] or [h, w, channels] as 8 bits each; whole numbers have so many bits, and of floats 1 is white."""
    if np.issubdtype(pixels.dtype, np.floating):
        floats = np.nan_to_num(pixels.astype(np.float32), nan=0.0)
        return (floats.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    if bits == 8:
        return pixels.view(np.uint8)
    numbers: NDArray[np.uint16] = pixels.astype(np.uint16, copy=False)
    return (numbers >> (bits - 8) if bits > 8 else numbers * 255 // (2**bits - 1)).astype(np.uint8)


def _parts(content: bytes) -> tuple[bytes, bytes]:
    """The beginning of the code stream, and EXIF as Pillow keeps it."""
    if content.startswith(BARE):
        return content[: jxl_header.MOST], b""
    stream = exif = b""
    for kind, body in boxes(content):
        if kind in {b"jxlc", b"jxlp"} and not stream:
            # A part begins with its number.
            start = 4 if kind == b"jxlp" else 0
            stream = bytes(body[start : start + jxl_header.MOST])
        elif kind == b"Exif" and not exif:
            exif = b"Exif\0\0" + bytes(body[4 + int.from_bytes(body[:4], "big") :])
    return stream, exif

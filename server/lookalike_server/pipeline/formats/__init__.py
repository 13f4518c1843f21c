"""What kind of file some bytes are, and how it is opened: bytes enter, a picture leaves that is not decoded yet.

The bytes decide, never a name. What Pillow reads is opened by Pillow; HEIF, JPEG XL and camera RAW by libraries of
their own, whose pictures behave as Pillow's do: their size is known from the header, so that it can be judged before
anything is decoded. Some of these libraries are extras: without one, the error says what to install.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec

from PIL import Image, UnidentifiedImageError, features

from lookalike_server.errors import ImageUndecodable
from lookalike_server.pipeline.formats import deep_jpeg, heif, jxl, kinds, raw

BY_PILLOW = tuple(
    name for name in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP") if name != "AVIF" or features.check("avif")
)
"""Pillow's names of the formats that it opens; of GIF, TIFF and MPO (a kind of JPEG) the first picture counts."""
_AVIF = threading.Lock()


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that a library besides Pillow reads."""

    format: str
    """Its name, as in `Decoded.format`."""
    words: str
    """What people call it."""
    library: str
    """The module that must be there."""
    extra: str
    """What to install for it."""
    recognises: Callable[[bytes], bool]
    opened: Callable[[bytes], Image.Image]

    @property
    def is_installed(self) -> bool:
        """Whether its library is there."""
        return find_spec(self.library) is not None


READERS = (
    Reader("HEIF", "HEIF", "pi_heif", "server-lite", heif.is_heif, heif.opened),
    Reader("JXL", "JPEG XL", "imagecodecs", "jxl", jxl.is_jxl, jxl.opened),
    Reader("JPEG", "JPEG of more than 8 bits", "imagecodecs", "jxl", deep_jpeg.is_deep_jpeg, deep_jpeg.opened),
    Reader("RAW", "camera RAW", "rawpy", "raw", raw.is_raw, raw.opened),
)


def readable() -> tuple[str, ...]:
    """Names of the formats that this installation reads."""
    return tuple(sorted({*BY_PILLOW, *(reader.format for reader in READERS if reader.is_installed)}))


def opened(content: bytes) -> Image.Image:
    """The picture with its header read. Raises ImageUndecodable where it is none, or of a kind that is not read here.

    A library's own error, about a header that is damaged, passes through.
    """
    for reader in READERS:
        if reader.recognises(content):
            return _opened_by(reader, content)
    try:
        return Image.open(io.BytesIO(content), formats=BY_PILLOW)
    except UnidentifiedImageError as error:
        raise ImageUndecodable(f"the picture cannot be decoded: {kinds.described(content)}") from error


@contextmanager
def alone(image: Image.Image) -> Iterator[None]:
    """Keep AVIFs from being decoded side by side: they may be coded far larger than they say, and nobody tells.

    Three kilobytes can take a gigabyte, which no budget knows of; ten such at once must not take ten.
    """
    with _AVIF if image.format == "AVIF" else nullcontext():
        yield


def _opened_by(reader: Reader, content: bytes) -> Image.Image:
    if not reader.is_installed:
        raise ImageUndecodable(
            f'this server reads no {reader.words}: run pip install "lookalike[{reader.extra}]" there'
        )
    return reader.opened(content)

"""Pages as bytes that a server reads: PNG, or TIFF for what PNG has no room for. The same page gives the same bytes."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lookalike.errors import ImageTooLarge

if TYPE_CHECKING:
    from PIL.Image import Image

DAMAGE = (ArithmeticError, AttributeError, MemoryError, SyntaxError, TypeError, struct.error)
"""What Pillow raises at damaged pages besides what every reader does."""

MOST_PIXELS = 100_000_000
"""Of a page; a small file can ask for more memory than there is."""

_IN_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_IN_TIFF = ("F", "I", "I;16B")
"""Numbers that are no shades yet: the server makes shades of them, as it does of a first page."""


@contextmanager
def quiet() -> Iterator[None]:
    """Pillow's warnings of odd files stay here: what matters of them becomes an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_pixels(path: str, width: int, height: int) -> None:
    """Raise ImageTooLarge where a page has too many pixels to be unpacked here."""
    if width * height > MOST_PIXELS:
        raise ImageTooLarge(f"{path} has {width:,} x {height:,} pixels, and at most {MOST_PIXELS:,} are unpacked here")


def encoded(path: str, image: "Image", max_bytes: int) -> bytes:
    """The page's bytes. Raises ImageTooLarge over `max_bytes`."""
    kept = image if image.mode in _IN_PNG + _IN_TIFF else image.convert("RGB")
    buffer = io.BytesIO()
    # Profiles of other colours than those of the copy would mislead.
    kept.save(buffer, "TIFF" if kept.mode in _IN_TIFF else "PNG", icc_profile=None)
    if buffer.tell() > max_bytes:
        raise ImageTooLarge(f"{path} has {buffer.tell():,} bytes as a picture, and the server accepts {max_bytes:,}")
    return buffer.getvalue()

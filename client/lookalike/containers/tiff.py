"""Pages of a TIFF: the first is the file itself, which the server reads; the others are taken out as pictures.

Reduced copies and masks, which scanners and maps keep beside a page, are no pages. Needs Pillow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike import pictures
from lookalike.containers import png
from lookalike.containers.damage import needed, told
from lookalike.containers.member import Member
from lookalike.errors import ImageUnreadable, SourceVanished

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.TiffImagePlugin import TiffImageFile

MOST = 10_000
"""Pages that are looked at."""

_NEW_SUBFILE_TYPE, _BITS, _PHOTOMETRIC = 254, 258, 262
_REDUCED, _MASK = 0x1, 0x4
_WHITE_IS_ZERO = 0


def members(path: str, max_bytes: int) -> Iterator[Member]:
    """The file itself, then its pages from the second on."""
    place = pictures.location(path) or path
    yield Member(place, path)
    number = 0
    try:
        with _opened(path) as file:
            number = 1
            while _turn(file, number + 1):
                number += 1
                if _is_page(file):
                    whole = f"{place}#page={number}"
                    yield Member.of(whole, partial(_taken_out, whole, file, max_bytes))
    except ImageUnreadable as error:
        # What is wrong with the file itself the server tells, and better.
        if number or isinstance(error.__cause__, ImportError):
            yield Member(f"{place}#page={max(number, 1) + 1}", None, error)


def read(path: str, inside: str, max_bytes: int) -> bytes:
    """The page that `page=3` names. Raises SourceVanished where there is none."""
    number = int(inside.removeprefix("page="))
    if number == 1:
        return pictures.content(path, max_bytes)
    with _opened(path) as file:
        if number and _turn(file, number):
            return _taken_out(f"{path}#{inside}", file, max_bytes)
    raise SourceVanished(f"{path} has no page {number} any more: import it again")


@contextmanager
def _opened(path: str) -> "Iterator[TiffImageFile]":
    with needed(path, "Pillow", "cli"):
        from PIL import Image  # noqa: PLC0415 - not everybody has it
    with told(path, *png.DAMAGE, Image.DecompressionBombError), pictures.opened(Path(path)) as file:
        with png.quiet():
            image = Image.open(file, formats=["TIFF"])
        with image:
            yield image  # type: ignore[misc]


def _turn(file: "TiffImageFile", number: int) -> bool:
    """Go to a page; False where there is none."""
    if number > MOST:
        raise ImageUnreadable(f"{number:,} pages and more are not looked at")
    try:
        with png.quiet():
            file.seek(number - 1)
    except EOFError:
        return False
    return True


def _is_page(file: "TiffImageFile") -> bool:
    return not int(file.tag_v2.get(_NEW_SUBFILE_TYPE, 0)) & (_REDUCED | _MASK)


def _taken_out(whole: str, file: "TiffImageFile", max_bytes: int) -> bytes:
    with told(whole, *png.DAMAGE), png.quiet():
        png.check_pixels(whole, *file.size)
        return png.encoded(whole, _in_shades(file), max_bytes)


def _in_shades(file: "TiffImageFile") -> "Image":
    """The page with deep grey as PNG has it: Pillow reads 12 bits, and black as the largest number, as they are."""
    if file.mode == "I;16" and file.tag_v2.get(_BITS) == (12,):
        return file.point(lambda value: value * 16)
    if file.mode == "I;16" and file.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        return file.point(lambda value: value * -1 + 0xFFFF)
    return file

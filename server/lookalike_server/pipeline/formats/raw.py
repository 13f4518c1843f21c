"""Camera RAW, seen through the preview that the camera put inside: the way it meant the picture to look, and quick.

LibRaw (rawpy) finds the preview; the sensor's own data are never unpacked. What the preview's EXIF leaves open, which
way up above all, LibRaw knows from the file around it.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from PIL import ExifTags, Image

from lookalike_server.errors import ImageUndecodable
from lookalike_server.pipeline.formats.boxes import brands

MARKS = (
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"IIU\0"),  # Panasonic, Leica
    (0, b"IIRO"),  # Olympus, three of them
    (0, b"IIRS"),
    (0, b"MMOR"),
    (0, b"FOVb"),  # Sigma
    (0, b"\0MRM"),  # Minolta
    (6, b"HEAPCCDR"),  # Canon, before 2004
    (8, b"CR\2"),  # Canon, a TIFF
)
"""What files of these makers begin with, and where."""
ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)
"""EXIF's orientation by LibRaw's `flip`."""

SUB_IFDS, PHOTOMETRIC, DNG_VERSION = 330, 262, 50706
SENSOR = frozenset({32803, 34892})
"""Values of PhotometricInterpretation: behind a mosaic of filters, and linear (DNG 1.7)."""
MAX_IFDS = 32
TAIL = 1 << 16
"""Bytes at the end of a preview by which it is known to be the file's own."""


def is_raw(content: bytes) -> bool:
    """Whether the file is a camera's RAW: by its first bytes, or a TIFF of which a part holds a sensor's data."""
    if any(content.startswith(mark, start) for start, mark in MARKS) or brands(content)[:1] == (b"crx ",):
        return True
    return any(DNG_VERSION in ifd or SENSOR.intersection(ifd.get(PHOTOMETRIC, ())) for ifd in ifds(content))


def opened(content: bytes) -> Image.Image:
    """The preview, decoded when it is loaded; its `format` is RAW. Raises what LibRaw and Pillow raise.

    ImageUndecodable where there is no preview, or half of one.
    """
    import rawpy  # noqa: PLC0415 - only where there is such a picture

    try:
        with rawpy.imread(io.BytesIO(content)) as camera:
            preview, flip = camera.extract_thumb(), camera.sizes.flip
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
        raise ImageUndecodable("the camera RAW file holds no preview that can be read: develop it to JPEG") from error
    if preview.format == rawpy.ThumbFormat.JPEG:
        # Of a preview that the file's end cuts off, LibRaw gives the rest as what the memory held before.
        if preview.data[-min(TAIL, len(preview.data) // 4) :] not in content:
            raise ImageUndecodable("the camera RAW file is cut short within its preview: copy it anew")
        image: Image.Image = Image.open(io.BytesIO(preview.data), formats=("JPEG",))
    else:
        image = Image.fromarray(np.asarray(preview.data))
    image.format = "RAW"
    with suppress(Exception):  # what is damaged in EXIF is not known, as everywhere
        _complete(image, content, ORIENTATIONS[flip])
    return image


def _complete(image: Image.Image, content: bytes, orientation: int) -> None:
    """Tell of the preview what the file around it says: which way up, when and where, as far as that is a TIFF."""
    exif, around = image.getexif(), Image.Exif()
    exif.setdefault(ExifTags.Base.Orientation, orientation)
    around.load(content)
    for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        exif.get_ifd(part).update(around.get_ifd(part))


def ifds(content: bytes) -> Iterator[dict[int, tuple[int, ...]]]:
    """The directories of a TIFF, those below others too: some whole numbers by their tag. None for another file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None or len(content) < 8:
        return
    waiting, seen = list(struct.unpack_from(f"{order}I", content, 4)), set[int]()
    while waiting and len(seen) < MAX_IFDS:
        start = waiting.pop(0)
        if start in seen or not 8 <= start <= len(content) - 2:
            continue
        seen.add(start)
        ifd, following = _ifd(content, start, order)
        yield ifd
        waiting += [*ifd.get(SUB_IFDS, ()), *following]


def _ifd(content: bytes, start: int, order: str) -> tuple[dict[int, tuple[int, ...]], tuple[int, ...]]:
    """One directory, as far as the file reaches, and where the next one begins."""
    (count,) = struct.unpack_from(f"{order}H", content, start)
    end = min(start + 2 + 12 * count, len(content))
    found = {}
    for entry in range(start + 2, end - 11, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", content, entry)
        if tag in {SUB_IFDS, PHOTOMETRIC, DNG_VERSION} and values <= MAX_IFDS:
            found[tag] = _numbers(content, entry + 8, order, kind, values)
    following = struct.unpack_from(f"{order}I", content, end) if end + 4 <= len(content) else ()
    return found, following


def _numbers(content: bytes, at: int, order: str, kind: int, count: int) -> tuple[int, ...]:
    """A field's numbers: in its place, or where that points to when they do not fit."""
    each = {1: "B", 3: "H", 4: "I", 13: "I"}.get(kind, "B")
    layout = struct.Struct(f"{order}{count}{each}")
    if layout.size > 4:
        (at,) = struct.unpack_from(f"{order}I", content, at)
    return layout.unpack_from(content, at) if at + layout.size <= len(content) else ()

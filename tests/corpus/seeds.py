"""One whole picture of every format and of every way it may be written: what is then damaged, bent and mutated."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from tests.corpus.cameras import dng
from tests.pictures import encoded, picture

SAMPLES = Path(__file__).with_name("samples")
"""HEIF, which nothing that is installed here writes; made by libheif's encoder from `picture(21)`."""


@cache
def seeds() -> dict[str, bytes]:
    """File by its name, without a dot where the format is plain; what imagecodecs writes where that is there."""
    whole = picture(21)
    made = {
        "jpg": encoded(whole, "JPEG", exif=exif()),
        "progressive.jpg": encoded(whole, "JPEG", progressive=True),
        "grey.jpg": encoded(whole.convert("L"), "JPEG"),
        "cmyk.jpg": encoded(whole.convert("CMYK"), "JPEG"),
        "mpo": encoded(whole, "MPO", **frames()),
        "png": encoded(whole, "PNG", exif=exif()),
        "palette.png": encoded(whole.convert("P"), "PNG", transparency=3),
        "deep.png": encoded(gradient(), "PNG"),
        "apng": encoded(whole, "PNG", **frames()),
        "gif": encoded(whole, "GIF"),
        "moving.gif": encoded(whole, "GIF", **frames()),
        "webp": encoded(whole, "WEBP", exif=exif()),
        "lossless.webp": encoded(whole, "WEBP", lossless=True),
        "moving.webp": encoded(whole, "WEBP", **frames()),
        "tif": encoded(whole, "TIFF"),
        "lzw.tif": encoded(whole, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(whole, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tif": encoded(whole, "TIFF", compression="jpeg"),
        "fax.tif": encoded(whole.convert("1"), "TIFF", compression="group4"),
        "float.tif": encoded(gradient().convert("I").convert("F"), "TIFF"),
        "pages.tif": encoded(picture(21), "TIFF", **frames()),
        "bmp": encoded(whole, "BMP"),
        "avif": encoded(whole, "AVIF", speed=10, exif=exif()),
        "dng": dng(encoded(whole, "JPEG"), *whole.size),
    }
    made |= {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*.heic"))}
    return made | (by_imagecodecs(whole) if find_spec("imagecodecs") else {})


def frames() -> dict[str, Any]:
    """What makes Pillow write several pictures into one file; new ones, for it leaves settings in those it wrote."""
    return {"save_all": True, "append_images": [picture(22), picture(23)]}


def exif() -> Image.Exif:
    """What a camera may write: when and where."""
    told = Image.Exif()
    told[ExifTags.Base.Make] = "Lookalike"
    told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2021:05:06 07:08:09"
    told.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (47.0, 30.0, 0.0), 3: "E", 4: (8.0, 15.0, 0.0)})
    return told


def gradient(width: int = 128, height: int = 96) -> Image.Image:
    """Grey of 16 bits from black on the left to white on the right."""
    row = np.linspace(0, 65535, width).astype("<u2")
    return Image.fromarray(np.tile(row, (height, 1)))


def by_imagecodecs(image: Image.Image) -> dict[str, bytes]:
    """JPEG XL bare, in boxes, and of more than 8 bits; JPEG of 12 bits, and of 16 without loss."""
    import imagecodecs  # noqa: PLC0415 - an extra

    pixels, deep = np.asarray(image), np.asarray(gradient())
    return {
        "jxl": bytes(imagecodecs.jpegxl_encode(pixels, level=90)),
        "boxed.jxl": bytes(imagecodecs.jpegxl_encode(pixels, level=90, usecontainer=True)),
        "deep.jxl": bytes(imagecodecs.jpegxl_encode(deep, lossless=True)),
        "deep.jpg": bytes(imagecodecs.jpeg8_encode(deep >> 4, level=95, bitspersample=12)),
        "lossless.jpg": bytes(imagecodecs.ljpeg_encode(deep)),
        "float.jxl": bytes(imagecodecs.jpegxl_encode((pixels / 255).astype(np.float32), lossless=True)),
    }

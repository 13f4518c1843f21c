"""Small files that would take much memory or time: by what they claim, or by what they become when unpacked."""

import struct
import zlib
from collections.abc import Iterator
from functools import partial

from PIL import Image
from tests.corpus.cameras import directory, dng, numbers
from tests.corpus.seeds import seeds
from tests.corpus.specimen import TAKEN, TOO_LARGE, UNDECODABLE, Specimen
from tests.pictures import encoded, picture

HUGE = 60_000
"""Pixels on a side: 3.6 thousand million in all."""
MANY = 2_000


def specimens() -> Iterator[Specimen]:
    """All of them."""
    bomb = partial(Specimen, "bomb")
    text, profile = b"Comment\0\0" + packed(), b"profile\0\0" + packed()
    yield bomb("PNG that says 60,000 x 60,000", png_of(HUGE, HUGE), TOO_LARGE)
    yield bomb("PNG of 15,000 x 15,000 in 28 kB", encoded(Image.new("1", (15_000, 15_000))), TOO_LARGE)
    yield bomb("PNG of which a text unpacks to 100 MB (zTXt)", png_with(b"zTXt", text), UNDECODABLE)
    yield bomb("PNG of which the colour profile unpacks to 100 MB", png_with(b"iCCP", profile), UNDECODABLE)
    yield bomb("PNG of 2,000 pictures (APNG): the first counts", apng(MANY), TAKEN)
    yield bomb("JPEG that says 60,000 x 60,000", jpeg_of(HUGE, HUGE), TOO_LARGE)
    yield bomb("JPEG of 500 scans", scans(500), UNDECODABLE)
    yield bomb("JPEG that says 11,000 x 11,000 and ends early", jpeg_of(11_000, 11_000), UNDECODABLE)
    yield bomb("GIF that says 65,535 x 65,535", patched(seeds()["gif"], 6, b"\xff" * 4), TOO_LARGE)
    yield bomb("GIF of 2,000 pictures: the first counts", gif(MANY), TAKEN)
    yield bomb("WebP that says 16,384 x 16,384", webp_of(16_384, 16_384), TOO_LARGE)
    yield bomb("BMP that says 60,000 x 60,000", patched(seeds()["bmp"], 18, struct.pack("<ii", HUGE, HUGE)), TOO_LARGE)
    yield bomb("TIFF that says 60,000 x 60,000", tiff_of(HUGE, HUGE), TOO_LARGE)
    yield bomb("TIFF of 16 x 16 with a tile of 22,000 x 22,000", tiff_of(16, 16, tile=22_000), TOO_LARGE)
    yield bomb("TIFF whose strip unpacks to 100 MB", tiff_of(16, 16, strip=zlib.compress(bytes(100_000_000))), TAKEN)
    yield bomb("TIFF whose directories lead in a circle", tiff_of(16, 16, following=8), TAKEN)
    yield bomb("TIFF with a field of 4 thousand million values", tiff_of(16, 16, values=0xFFFFFFF0), TAKEN)
    yield bomb("AVIF that says 60,000 x 60,000", sized(seeds()["avif"], HUGE), UNDECODABLE)
    yield bomb("AVIF that says 12,000 x 12,000", sized(seeds()["avif"], 12_000), TOO_LARGE)
    yield bomb("HEIF that says 60,000 x 60,000", sized(seeds()["upright.heic"], HUGE), TOO_LARGE)
    yield bomb("HEIF that says 12,000 x 12,000", sized(seeds()["upright.heic"], 12_000), TOO_LARGE)
    yield bomb("HEIF that is larger than it says", sized(seeds()["upright.heic"], 2), UNDECODABLE)
    preview = jpeg_of(HUGE, HUGE)
    yield bomb("camera RAW whose preview says 60,000 x 60,000", dng(preview, HUGE, HUGE), TOO_LARGE, extra="rawpy")
    yield bomb("camera RAW whose preview has 500 scans", dng(scans(500), 200, 150), UNDECODABLE, extra="rawpy")
    yield bomb("JPEG XL that says 1,073,741,824 x 1,073,741,824", jxl_of(30), TOO_LARGE, extra="imagecodecs")


def patched(content: bytes, at: int, by: bytes) -> bytes:
    """The content with some bytes replaced."""
    return content[:at] + by + content[at + len(by) :]


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG that says so, and has the pixels of a small one."""
    small = seeds()["png"]
    return small[:8] + chunk(b"IHDR", struct.pack(">II", width, height) + small[24:29]) + small[33:]


def png_with(kind: bytes, data: bytes) -> bytes:
    """A PNG with one chunk more."""
    small = seeds()["png"]
    return small[:33] + chunk(kind, data) + small[33:]


def packed(size: int = 100_000_000) -> bytes:
    """So many zeros in a thousandth of their size."""
    return zlib.compress(bytes(size), 9)


def apng(count: int) -> bytes:
    """An APNG of so many pictures that differ by a pixel."""
    return encoded(Image.new("L", (32, 32)), "PNG", save_all=True, append_images=dots(count))


def gif(count: int) -> bytes:
    """A GIF likewise."""
    return encoded(Image.new("L", (32, 32)), "GIF", save_all=True, append_images=dots(count))


def dots(count: int) -> list[Image.Image]:
    """Black pictures with a grey pixel each, at changing places."""
    made = [Image.new("L", (32, 32)) for _ in range(count)]
    for number, image in enumerate(made):
        image.putpixel((number % 32, number // 32 % 32), 128)
    return made


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG that says so, and has the pixels of a small one."""
    small = encoded(picture(21), "JPEG")
    return patched(small, small.index(b"\xff\xc0") + 5, struct.pack(">HH", height, width))


def scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last scan."""
    whole = seeds()["progressive.jpg"]
    start = whole.rindex(b"\xff\xda")
    return whole[:start] + whole[start:-2] * count + whole[-2:]


def webp_of(width: int, height: int) -> bytes:
    """A WebP whose canvas is so large, and its picture small."""
    moving = seeds()["moving.webp"]
    return patched(moving, 24, (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def tiff_of(
    width: int, height: int, *, tile: int = 0, strip: bytes = b"", following: int = 0, values: int = 0
) -> bytes:
    """A grey TIFF: of pixels that are zero, or of a strip that zlib unpacks."""
    size, at = len(strip) or width * height % 1_000_000, 400
    of_strip = {273: at, 278: height, 279: size}
    of_tile = {322: tile, 323: tile, 324: at, 325: size}
    plain = {256: width, 257: height, 258: 8, 259: 8 if strip else 1, 262: 1, 277: 1}
    fields = [numbers(tag, "long", value) for tag, value in (plain | (of_tile if tile else of_strip)).items()]
    if values:
        fields.append((40000, 12, values, struct.pack("<I", at)))
    head = struct.pack("<2sHI", b"II", 42, 8) + directory(8, *fields, following=following)
    return head.ljust(at, b"\0") + (strip or bytes(size))


def sized(content: bytes, side: int) -> bytes:
    """A HEIF or AVIF that says another size: the box `ispe` holds width and height."""
    return patched(content, content.index(b"ispe") + 8, struct.pack(">II", side, side))


def jxl_of(bits: int) -> bytes:
    """A JPEG XL whose header says a square of 2 to the power of so many pixels, and the rest is zeros."""
    side = 2**bits - 1
    header = (0b11 << 1) | (side << 3) | (1 << 33) | (1 << 36)
    return bytes([0xFF, 0x0A, *header.to_bytes(8, "little"), *bytes(64)])

"""Files that are odd and not wrong, or wrong in a way that costs nothing: shapes, numbers, EXIF, kinds, tails."""

import struct
from collections.abc import Iterator
from functools import partial

import numpy as np
from PIL import ExifTags, Image
from tests.corpus.bombs import patched
from tests.corpus.seeds import exif, gradient, seeds
from tests.corpus.specimen import TAKEN, UNDECODABLE, Specimen
from tests.pictures import encoded, picture


def specimens() -> Iterator[Specimen]:
    """All of them."""
    yield from _nothing()
    yield from _shapes()
    yield from _depths()
    yield from _exif()
    yield from _damaged()
    yield from _other_kinds()
    yield from _polyglots()
    yield from _misnamed()


def _nothing() -> Iterator[Specimen]:
    empty = partial(Specimen, "nothing in it", outcome=UNDECODABLE)
    yield empty("0 bytes", b"")
    yield empty("1 byte", b"\x89")
    yield empty("100,000 zeros", bytes(100_000))
    yield empty("noise", np.random.default_rng(1).bytes(5_000))
    yield empty("a PNG of 0 x 0", patched(seeds()["png"], 16, bytes(8)))


def _shapes() -> Iterator[Specimen]:
    shape = partial(Specimen, "shape", outcome=TAKEN)
    for name in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        yield shape(f"1 x 1, {name}", encoded(Image.new("RGB", (1, 1), "teal"), name))
    yield shape("30,000 x 1", encoded(Image.new("RGB", (30_000, 1), "teal")))
    yield shape("1 x 30,000", encoded(Image.new("RGB", (1, 30_000), "olive")))
    yield shape("65,500 x 1, JPEG", encoded(Image.new("RGB", (65_500, 1), "navy"), "JPEG"))


def _depths() -> Iterator[Specimen]:
    depth = partial(Specimen, "depth and colours", outcome=TAKEN)
    floats = np.linspace(-5, 5, 64 * 48, dtype=np.float32).reshape(48, 64)
    yield depth("floats from -5 to 5", encoded(Image.fromarray(floats), "TIFF"))
    yield depth("floats, some NaN", encoded(Image.fromarray(np.where(floats > 0, floats, np.nan)), "TIFF"))
    yield depth("floats, some infinite", encoded(Image.fromarray(np.where(floats > 0, floats, np.inf)), "TIFF"))
    yield Specimen(
        "depth and colours", "floats, all NaN", encoded(Image.fromarray(floats * np.nan), "TIFF"), UNDECODABLE
    )
    yield depth("32 bits, with negative numbers", encoded(Image.fromarray((floats * 1e8).astype(np.int32)), "TIFF"))
    yield depth("16 bits, PNG", encoded(gradient(64, 32)))
    yield depth("16 bits, TIFF", encoded(gradient(64, 64), "TIFF"))
    for mode in ("1", "LA", "PA", "CMYK", "LAB", "YCbCr"):
        yield depth(f"mode {mode}", encoded(picture(31).convert("RGBA").convert(MODES.get(mode, mode)), *_file(mode)))


MODES = {"PA": "P", "LAB": "RGB"}


def _file(mode: str) -> tuple[str]:
    return ("TIFF",) if mode in ("CMYK", "YCbCr", "LAB") else ("PNG",)


def _exif() -> Iterator[Specimen]:
    odd = partial(Specimen, "EXIF", outcome=TAKEN)
    yield odd("orientation 77", encoded(picture(41), "JPEG", exif=told({ExifTags.Base.Orientation: 77})))
    yield odd("noise", encoded(picture(42), "JPEG", exif=b"Exif\0\0" + np.random.default_rng(2).bytes(200)))
    yield odd("cut short", encoded(picture(43), "JPEG", exif=exif().tobytes()[:40]))
    yield odd(
        "a directory that is its own next", encoded(picture(44), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0")
    )
    entry = struct.pack("<HHII", ExifTags.Base.Make, 2, 0xFFFFFFF0, 8)
    endless = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    yield odd("a text of 4 thousand million letters", encoded(picture(45), "JPEG", exif=endless))
    nowhere = exif()
    nowhere.get_ifd(ExifTags.IFD.GPSInfo).update({2: (float("inf"),) * 3, 4: (1.0, 99.0, 99.0)})
    yield odd("a place that is none", encoded(picture(46), "JPEG", exif=nowhere))
    never = exif()
    never.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "0000:00:00 00:00:00"
    yield odd("taken in the year 0", encoded(picture(47), "JPEG", exif=never))


def told(tags: dict[int, int]) -> Image.Exif:
    """EXIF of these tags."""
    made = Image.Exif()
    made.update(tags)
    return made


def _damaged() -> Iterator[Specimen]:
    png, jpg = seeds()["png"], seeds()["jpg"]
    inside = png.index(b"IDAT") + 500
    damaged = partial(Specimen, "damaged inside")
    yield damaged("PNG, a bit of its header", patched(png, 19, bytes([png[19] ^ 4])), UNDECODABLE)
    yield damaged("PNG, a byte of its pixels", patched(png, inside, bytes([png[inside] ^ 255])), UNDECODABLE)
    bare = jpg.replace(b"\xff\xdb", b"\xff\xec").replace(b"\xff\xc4", b"\xff\xec")
    yield damaged("JPEG without its tables", bare, UNDECODABLE)
    yield damaged("BMP with 77 bits a pixel", patched(seeds()["bmp"], 28, b"\x4d\0"), UNDECODABLE)
    half = len(jpg) // 2
    yield damaged("JPEG, the second half zeros", jpg[:half] + bytes(half), UNDECODABLE)
    yield damaged("JPEG, 20 bytes of its pixels", patched(jpg, half, bytes(20)), TAKEN)
    yield damaged("TIFF, a byte of its pixels", patched(seeds()["tif"], 9_000, b"\x99"), TAKEN)


def _other_kinds() -> Iterator[Specimen]:
    other = partial(Specimen, "another kind", outcome=UNDECODABLE)
    yield other("text", b"Dear all, the pictures are attached.")
    yield other("a web page", b"<!doctype html><html><body>404 Not Found</body></html>")
    yield other("a drawing (SVG)", b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>")
    yield other("a document (PDF)", encoded(picture(51), "PDF"))
    yield other("a Photoshop document", b"8BPS\0\1" + bytes(100))
    yield other("a zip archive", b"PK\3\4" + bytes(100))
    yield other("a video (MP4)", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100))
    yield other("JPEG 2000", encoded(picture(52), "JPEG2000"))
    yield other("a pixmap (PPM)", encoded(picture(53), "PPM"))
    yield other("an icon", encoded(picture(54), "ICO"))


def _polyglots() -> Iterator[Specimen]:
    both = partial(Specimen, "two things at once", outcome=TAKEN)
    yield both("JPEG with a zip archive behind", encoded(picture(61), "JPEG") + b"PK\3\4" + bytes(5_000))
    yield both("PNG with a program behind", encoded(picture(62)) + b"<?php system($_GET['c']); ?>")
    yield both("GIF that is a script", encoded(picture(63), "GIF").replace(b"GIF87a", b"GIF89a") + b"/*=1;alert(1)//*/")
    yield both("JPEG with another behind", encoded(picture(64), "JPEG") + encoded(picture(65), "JPEG"))
    yield both("JPEG with a page in its comment", encoded(picture(66), "JPEG", comment=b"<script>alert(1)</script>"))
    document = b"%PDF-1.4\n" + encoded(picture(67), "JPEG")
    yield Specimen("two things at once", "a document with a JPEG inside", document, UNDECODABLE)


def _misnamed() -> Iterator[Specimen]:
    for name, kind in (("a.png", "JPEG"), ("a.jpg", "PNG"), ("a.heic", "JPEG"), ("a.dng", "PNG"), ("a.txt", "WEBP")):
        content = encoded(picture(70 + len(kind), 90 + ord(name[2])), kind)
        yield Specimen("named wrongly", f"{kind} called {name}", content, TAKEN, path=name)
    yield Specimen("named wrongly", "a text called a.jpg", b"not a picture at all", UNDECODABLE, path="a.jpg")

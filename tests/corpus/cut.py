"""Files cut short: in every chunk, segment, block and box of which they are made."""

import struct
from collections.abc import Iterator

from tests.corpus.seeds import seeds
from tests.corpus.specimen import TAKEN, UNDECODABLE, Specimen

from lookalike_server.pipeline.formats.boxes import boxes

GROUP = "cut short"


def specimens() -> Iterator[Specimen]:
    """All of them."""
    yield from _in_chunks("PNG", seeds()["png"], png_chunks(seeds()["png"]), taken={"IEND"})
    yield from _in_chunks("JPEG", seeds()["jpg"], jpeg_segments(seeds()["jpg"]), taken={"EOI"})
    yield from _in_chunks("WebP", seeds()["webp"], webp_chunks(seeds()["webp"]), taken=set())
    yield from _in_chunks("GIF", seeds()["gif"], gif_blocks(seeds()["gif"]), taken={"trailer"})
    yield from _in_chunks("TIFF", seeds()["tif"], tiff_parts(seeds()["tif"]), taken=set())
    yield from _in_chunks("BMP", seeds()["bmp"], {"header": 20, "pixels": 1000}, taken=set())
    yield from _in_chunks("AVIF", seeds()["avif"], box_ends(seeds()["avif"]), taken=set())
    yield from _in_chunks("HEIF", seeds()["upright.heic"], box_ends(seeds()["upright.heic"]), taken=set())
    yield from _in_chunks("DNG", seeds()["dng"], {"directory": 100, "preview": 3000}, taken=set())
    if "jxl" in seeds():
        yield from _in_chunks("JPEG XL", seeds()["jxl"], {"header": 3, "pixels": 500}, taken=set(), extra="imagecodecs")
        boxed = seeds()["boxed.jxl"]
        yield from _in_chunks("JPEG XL", boxed, box_ends(boxed), taken=set(), extra="imagecodecs")
    yield from _in_parts()


def _in_chunks(
    name: str, content: bytes, places: dict[str, int], taken: set[str], extra: str = ""
) -> Iterator[Specimen]:
    for place, at in places.items():
        outcome = TAKEN if place in taken else UNDECODABLE
        yield Specimen(GROUP, f"{name}, cut in {place}", content[:at], outcome, extra=extra)


def _in_parts() -> Iterator[Specimen]:
    """JPEGs by how much of their coded pixels is left: what counts are rows, or the scans of progressive ones."""
    whole, progressive = seeds()["jpg"], seeds()["progressive.jpg"]
    for percent, outcome in ((20, UNDECODABLE), (40, UNDECODABLE), (60, TAKEN), (95, TAKEN)):
        start = whole.rindex(b"\xff\xda")
        cut = whole[: start + (len(whole) - start) * percent // 100]
        yield Specimen(GROUP, f"JPEG, {percent}% of its coded pixels", cut, outcome)
        yield Specimen(GROUP, f"JPEG, {percent}% of its coded pixels and an end", cut + b"\xff\xd9", outcome)
    scans = [at for at in range(len(progressive)) if progressive.startswith(b"\xff\xda", at)]
    yield Specimen(GROUP, "progressive JPEG, cut in its first scan", progressive[: scans[0] + 100], UNDECODABLE)
    yield Specimen(GROUP, "progressive JPEG, cut in the tables after it", progressive[: scans[1] - 5], UNDECODABLE)
    yield Specimen(GROUP, "progressive JPEG, cut in its second scan", progressive[: scans[1] + 30], TAKEN)
    yield Specimen(GROUP, "progressive JPEG, cut in the tables after that", progressive[: scans[2] - 5], TAKEN)


def png_chunks(content: bytes) -> dict[str, int]:
    """The middle of each chunk of a PNG; of several with the same name the last."""
    places, at = {"signature": 4}, 8
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        places[content[at + 4 : at + 8].decode()] = at + 8 + size // 2
        at += 12 + size
    return places


def jpeg_segments(content: bytes) -> dict[str, int]:
    """The middle of each segment of a JPEG, and of the coded pixels."""
    names = {0xE0: "APP0", 0xE1: "APP1 (EXIF)", 0xDB: "DQT", 0xC0: "SOF0", 0xC4: "DHT", 0xDA: "SOS"}
    places, at = {"SOI": 1}, 2
    while "SOS" not in places:
        marker, size = struct.unpack_from(">xBH", content, at)
        places[names[marker]] = at + 2 + size // 2
        at += 2 + size
    return places | {"EOI": len(content) - 1}


def webp_chunks(content: bytes) -> dict[str, int]:
    """The middle of each chunk of a WebP."""
    places, at = {"RIFF": 8}, 12
    while at < len(content):
        (size,) = struct.unpack_from("<I", content, at + 4)
        places[content[at : at + 4].decode().strip()] = at + 8 + size // 2
        at += 8 + size + size % 2
    return places


def gif_blocks(content: bytes) -> dict[str, int]:
    """The middle of what a GIF of one picture is made of."""
    colours = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    image = content.index(b",", colours)
    return {
        "screen": 9,
        "palette": colours // 2,
        "image": image + 5,
        "pixels": len(content) // 2,
        "trailer": len(content) - 1,
    }


def tiff_parts(content: bytes) -> dict[str, int]:
    """The middle of a TIFF's header, directory and pixels."""
    (directory,) = struct.unpack_from("<I", content, 4)
    return {"header": 5, "directory": directory + 20, "pixels": len(content) * 2 // 3}


def box_ends(content: bytes) -> dict[str, int]:
    """The middle of each box; of several with the same name the last."""
    places, at = {}, 0
    for kind, body in boxes(content):
        end = content.index(bytes(body[-8:]), at) + 8
        places[kind.decode().strip()] = end - len(body) // 2
        at = end
    return places

"""HEIF as telephones write it (HEVC inside), read by pi_heif; the picture that the file calls its primary counts.

libheif turns the picture itself, as the file says; its EXIF then no longer says to, so that it is not turned twice. It
refuses by itself what is coded larger than the header says.
"""

import io

from PIL import Image

from lookalike_server.pipeline.formats.boxes import boxes, brands

CODED = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
"""Brands of pictures and sequences coded by HEVC (ISO/IEC 23008-12, annex B)."""
GENERAL = frozenset({b"mif1", b"msf1"})
"""Brands that leave open how it is coded."""
ITEM = b"infe"
"""The box that says of what kind an item is: a picture, EXIF, ..."""


def is_heif(content: bytes) -> bool:
    """Whether the file is HEIF, and not AVIF, which is built likewise."""
    named = brands(content)
    return bool(named) and (named[0] in CODED or (named[0] in GENERAL and not {b"avif", b"avis"} & set(named)))


def opened(content: bytes) -> Image.Image:
    """The picture, decoded when it is loaded. Raises SyntaxError or what else libheif has to say of its header."""
    from pi_heif import HeifImageFile, options  # noqa: PLC0415 - only where there is such a picture

    # Pictures share the processor among each other already; what lies beside the pixels is not looked at.
    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    check_items(content)
    image: Image.Image = HeifImageFile(io.BytesIO(content))
    return image


def check_items(content: bytes) -> None:
    """Refuse what kills the process: pi_heif 1.4 takes the kinds of a file's items for UTF-8, and does not look.

    Raises SyntaxError. Items may be described anywhere but in `mdat`, which is the coded pixels.
    """
    for kind, body in boxes(content):
        described = b"" if kind == b"mdat" else bytes(body)
        at = described.find(ITEM)
        while at >= 0:
            _check_item(described, at)
            at = described.find(ITEM, at + 1)


def _check_item(content: bytes, at: int) -> None:
    """One box `infe` (ISO/IEC 14496-12, 8.11.6): version, flags, id and protection, then words."""
    end = at - 4 + int.from_bytes(content[at - 4 : at], "big")
    words = content[at + (14 if content[at + 4 : at + 5] == b"\3" else 12) : end]
    try:
        words.decode()
    except UnicodeDecodeError:
        raise SyntaxError("the kind of one of its items is not written in letters") from None

"""HEIF as telephones write it (HEVC inside), read by pi_heif; the picture that the file calls its primary counts.

libheif turns the picture itself, as the file says; its EXIF then no longer says to, so that it is not turned twice. It
refuses by itself what is coded larger than the header says.
"""

import io

from PIL import Image

from lookalike_server.pipeline.boxes import brands

CODED = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
"""Brands of pictures and sequences coded by HEVC (ISO/IEC 23008-12, annex B)."""
GENERAL = frozenset({b"mif1", b"msf1"})
"""Brands that leave open how it is coded."""


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
    image: Image.Image = HeifImageFile(io.BytesIO(content))
    return image

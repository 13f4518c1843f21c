"""What happens to photographs on their way through the world: cropped, mirrored, recompressed, rescaled, relit.

`COPIES` go into the collection beside the original. `QUERIES` stay outside: they are altered in other ways, so that no
query is ever a file that the collection holds.
"""

from collections.abc import Callable, Mapping
from io import BytesIO

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Alteration = Callable[[Image.Image], Image.Image]


def _cropped(left: float, top: float, right: float, bottom: float) -> Alteration:
    def crop(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))

    return crop


def _rotated(degrees: float) -> Alteration:
    """Askew on white paper, as a scan is."""

    def rotate(picture: Image.Image) -> Image.Image:
        return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")

    return rotate


def _lit(factor: float) -> Alteration:
    return lambda picture: ImageEnhance.Brightness(picture).enhance(factor)


def _contrasted(factor: float) -> Alteration:
    return lambda picture: ImageEnhance.Contrast(picture).enhance(factor)


def _compressed(quality: int) -> Alteration:
    def compress(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return compress


def _at_most(side: int) -> Alteration:
    return lambda picture: ImageOps.contain(picture, (side, side), Image.Resampling.LANCZOS)


def _greyscale(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 200))


def _barred(picture: Image.Image) -> Image.Image:
    """A black bar across the middle, as in print."""
    width, height = picture.size
    barred = picture.copy()
    ImageDraw.Draw(barred).rectangle((0, int(0.42 * height), width, int(0.58 * height)), fill="black")
    return barred


def _in_turn(*alterations: Alteration) -> Alteration:
    def alter(picture: Image.Image) -> Image.Image:
        for alteration in alterations:
            picture = alteration(picture)
        return picture

    return alter


COPIES: Mapping[str, Alteration] = {
    "crop 70%": _cropped(0.15, 0.15, 0.85, 0.85),
    "mirrored": ImageOps.mirror,
    "JPEG quality 15": _compressed(15),
    "brighter": _lit(1.5),
    "darker": _lit(0.55),
    "rotated 15°": _rotated(15),
    "greyscale": _greyscale,
    "128 pixels": _at_most(128),
}

QUERIES: Mapping[str, Alteration] = {
    "left part": _cropped(0.0, 0.1, 0.6, 0.9),
    "tilted 8°, darker": _in_turn(_rotated(-8), _lit(0.7)),
    "mirrored, brighter": _in_turn(ImageOps.mirror, _lit(1.3)),
    "hard contrast": _contrasted(1.9),
    "blurred": _blurred,
    "black bar": _barred,
}

"""What happens to a picture between two finds of it: the ten alterations that copy detection is measured with.

An RGB picture enters, an RGB picture leaves; nothing is random, so that every model meets the same queries.
"""

from collections.abc import Callable, Mapping
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

Alteration = Callable[[Image.Image], Image.Image]

COLOUR_GAINS = (1.5, 1.0, 0.5)
"""Of red, green and blue: a strong orange cast."""


def contained(picture: Image.Image, side: int, kernel: Image.Resampling) -> Image.Image:
    """Fit into a square, aspect kept; a picture a hundred times as long as wide stays a pixel wide."""
    scale = side / max(picture.size)
    return picture.resize((max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)), kernel)


def _jpeg(quality: int) -> Alteration:
    def compress(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return compress


def _at_most(side: int) -> Alteration:
    """Fit into a square of `side` pixels, aspect kept."""
    return lambda picture: contained(picture, side, Image.Resampling.LANCZOS)


def _cropped(share: float) -> Alteration:
    """Keep the middle: this share of the width and of the height."""

    def crop(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        left, top = round(width * (1 - share) / 2), round(height * (1 - share) / 2)
        return picture.crop((left, top, max(width - left, left + 1), max(height - top, top + 1)))

    return crop


def _rotated(degrees: float) -> Alteration:
    """Turn anticlockwise inside the frame: the picture's corners are lost, the frame's are black."""
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC)


def _tinted(picture: Image.Image) -> Image.Image:
    return picture.point([min(round(level * gain), 255) for gain in COLOUR_GAINS for level in range(256)])


def _greyscale(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _with_banner(picture: Image.Image) -> Image.Image:
    """A red strip with white words over the lowest fifth, as news channels print."""
    bannered, (width, height) = picture.copy(), picture.size
    draw, top = ImageDraw.Draw(bannered), height - max(height // 5, 1)
    draw.rectangle((0, top, width, height), fill=(190, 20, 20))
    font = ImageFont.load_default(max((height - top) * 0.6, 1))
    draw.text((width / 20, (top + height) / 2), "BREAKING NEWS", fill="white", font=font, anchor="lm")
    return bannered


def _with_border(picture: Image.Image) -> Image.Image:
    """A white frame, a tenth of the shorter side wide."""
    return ImageOps.expand(picture, max(min(picture.size) // 10, 1), "white")


ALTERATIONS: Mapping[str, Alteration] = {
    "JPEG quality 15": _jpeg(15),
    "downscaled to 64": _at_most(64),
    "cropped to 70%": _cropped(0.7),
    "cropped to 50%": _cropped(0.5),
    "rotated by 15°": _rotated(15),
    "mirrored": ImageOps.mirror,
    "colours shifted": _tinted,
    "greyscale": _greyscale,
    "banner": _with_banner,
    "border": _with_border,
}

"""What training does to pictures, at random: so that the network knows them again however they were altered.

An RGB picture and a random generator enter, an RGB picture leaves. `glimpse` is what another photographer might have
taken; `altered` is what happens to a file between two finds of it. The kinds of alteration are those of `alterations`,
with which copies are measured; strength, place and colour are drawn anew each time.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from lookalike_server.training.alterations import contained

Random = np.random.Generator
Augmentation = Callable[[Image.Image, Random], Image.Image]

LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ "))


def glimpse(picture: Image.Image, random: Random) -> Image.Image:
    """The same thing a step aside: framed, mirrored and lit a little otherwise (the paper's random pixel shift)."""
    picture = _framed(picture, random, random.uniform(0.5, 1))
    if random.random() < 0.5:
        picture = ImageOps.mirror(picture)
    return _lit(picture, random, 0.25) if random.random() < 0.5 else picture


def altered(picture: Image.Image, random: Random) -> Image.Image:
    """The same file after one alteration, or two."""
    for index in random.choice(len(ALTERATIONS), size=1 + int(random.random() < 0.4), replace=False):
        picture = ALTERATIONS[index](picture, random)
    return picture


def _recompressed(picture: Image.Image, random: Random) -> Image.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=int(random.integers(8, 50)))
    return Image.open(file).convert("RGB")


def _downscaled(picture: Image.Image, random: Random) -> Image.Image:
    side = int(random.integers(40, 112))
    return picture if side >= max(picture.size) else contained(picture, side, Image.Resampling.BILINEAR)


def _cropped(picture: Image.Image, random: Random) -> Image.Image:
    return _framed(picture, random, random.uniform(0.2, 0.9))


def _rotated(picture: Image.Image, random: Random) -> Image.Image:
    ground = _colour(random) if random.random() < 0.5 else (0, 0, 0)
    degrees, grown = random.uniform(-25, 25), bool(random.random() < 0.5)
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=grown, fillcolor=ground)


def _mirrored(picture: Image.Image, random: Random) -> Image.Image:
    return ImageOps.mirror(picture)


def _recoloured(picture: Image.Image, random: Random) -> Image.Image:
    gains = random.uniform(0.5, 1.5, 3)
    levels = [min(round(level * gain), 255) for gain in gains for level in range(256)]
    return _lit(picture.point(levels), random, 0.8)


def _grey(picture: Image.Image, random: Random) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _bannered(picture: Image.Image, random: Random) -> Image.Image:
    picture, (width, height) = picture.copy(), picture.size
    strip = max(round(height * random.uniform(0.08, 0.3)), 1)
    top = 0 if random.random() < 0.4 else height - strip
    draw, ground = ImageDraw.Draw(picture), _colour(random)
    draw.rectangle((0, top, width, top + strip), fill=ground)
    words = "".join(random.choice(LETTERS, int(random.integers(3, 16))))
    draw.text((width // 12, top + strip // 4), words, fill=tuple(255 - level for level in ground))
    return picture


def _bordered(picture: Image.Image, random: Random) -> Image.Image:
    return ImageOps.expand(picture, max(round(max(picture.size) * random.uniform(0.03, 0.18)), 1), _colour(random))


def _blurred(picture: Image.Image, random: Random) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2)))


ALTERATIONS: tuple[Augmentation, ...] = (
    _recompressed,
    _downscaled,
    _cropped,
    _rotated,
    _mirrored,
    _recoloured,
    _grey,
    _bannered,
    _bordered,
    _blurred,
)


def _framed(picture: Image.Image, random: Random, share: float) -> Image.Image:
    """A box somewhere in the picture, of this share of its area and nearly its shape."""
    (width, height), stretch = picture.size, np.exp(random.uniform(-0.2, 0.2))
    across = int(np.clip(round(width * share**0.5 * stretch), 1, width))
    down = int(np.clip(round(height * share**0.5 / stretch), 1, height))
    left, top = int(random.integers(width - across + 1)), int(random.integers(height - down + 1))
    return picture.crop((left, top, left + across, top + down))


def _lit(picture: Image.Image, random: Random, strength: float) -> Image.Image:
    """Brightness, contrast and saturation each changed by a factor between 1 - strength and 1 + strength."""
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = change(picture).enhance(random.uniform(1 - strength, 1 + strength))
    return picture


def _colour(random: Random) -> tuple[int, ...]:
    """Any, but black and white more often than chance has it."""
    if random.random() < 0.4:
        return (int(random.choice([0, 255])),) * 3
    return tuple(int(level) for level in random.integers(0, 256, 3))

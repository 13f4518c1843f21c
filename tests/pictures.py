"""Pictures that the tests make: smooth shapes and colours that differ enough from seed to seed to be told apart."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def picture(seed: int, width: int = 200, height: int = 150) -> Image.Image:
    """A reproducible picture: a colour gradient and some shapes."""
    random = np.random.default_rng(seed)
    corners = Image.fromarray(random.integers(0, 256, (2, 2, 3), dtype=np.uint8))
    image = corners.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        radius = int(random.integers(min(width, height) // 10 + 1, min(width, height) // 3 + 2))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:  # noqa: A002
    """The picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format=format, **options)
    return buffer.getvalue()


@lru_cache(1024)
def picture_bytes(seed: int, format: str = "PNG", width: int = 200, height: int = 150) -> bytes:  # noqa: A002
    """One encoded picture."""
    return encoded(picture(seed, width, height), format)


def write_pictures(folder: Path, seeds: range) -> list[Path]:
    """Pictures as PNG files named by their seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed:04}.png" for seed in seeds]
    for seed, path in zip(seeds, paths, strict=True):
        path.write_bytes(picture_bytes(seed))
    return paths

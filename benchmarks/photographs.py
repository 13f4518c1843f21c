"""JPEGs to measure with: 500 x 375 as the web has them, 12 megapixels as phones write them.

Derived from real photographs: a folder's, or those that the packages of the demo ship. Where there are too few, windows
of them serve again. A small photograph that is enlarged is smoother than any camera's and would decode too fast, so
noise like a sensor's is added, as much as makes a file as large as a phone's (3 to 5 MB).
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from lookalike import pictures
from lookalike.cli.demo.photographs import shipped

SMALL, LARGE = (500, 375), (4000, 3000)
"""Width and height."""
DISTINCT = 16
"""Different pictures of 12 megapixels: each takes a second to make."""
GRAIN = 7.0
"""Standard deviation of the noise, in grey levels."""


def sources(folder: Path | None, most: int) -> list[Path]:
    """At most `most` photographs of a folder, spread over it; without one, those of the demo."""
    if folder is None:
        return [each.path for each in shipped()]
    found = list(pictures.find(folder))
    return list(islice(found[:: max(1, len(found) // most)], most))


def write_small(photographs: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """`count` different JPEGs of 500 x 375, quality 90."""
    return _each(partial(_small, photographs, folder), folder, count)


def write_large(photographs: Sequence[Path], folder: Path, count: int, distinct: int = DISTINCT) -> list[Path]:
    """`count` JPEGs of 4000 x 3000, quality 93, 4:2:0, with EXIF; every second one lies on its side.

    What goes beyond `distinct` pictures are their files again, each with a trailer and so with an id of its own.
    """
    first = _each(partial(_large, photographs, folder), folder, min(count, distinct))
    return first + [_copy(first[number % distinct], folder, number) for number in range(len(first), count)]


def _each(write: "partial[Path]", folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(write, range(count)))


def _small(photographs: Sequence[Path], folder: Path, number: int) -> Path:
    path = folder / f"{number:05}.jpg"
    _window(photographs, number).resize(SMALL, Image.Resampling.LANCZOS).save(path, quality=90)
    return path


def _large(photographs: Sequence[Path], folder: Path, number: int) -> Path:
    path = folder / f"{number:05}.jpg"
    enlarged = _window(photographs, number).resize(LARGE, Image.Resampling.BICUBIC)
    _grainy(enlarged, number).save(path, quality=93, subsampling="4:2:0", exif=_exif(number))
    return path


def _copy(original: Path, folder: Path, number: int) -> Path:
    path = folder / f"{number:05}.jpg"
    path.write_bytes(original.read_bytes() + number.to_bytes(4, "big"))
    return path


def _window(photographs: Sequence[Path], number: int) -> Image.Image:
    """The photograph whose turn it is, RGB, cut to 4:3; when it had a turn before, another part of it."""
    with Image.open(photographs[number % len(photographs)]) as file:
        upright = ImageOps.exif_transpose(file).convert("RGB")
    if number < len(photographs):
        return ImageOps.fit(upright, _largest(upright.size))
    chance = np.random.default_rng(number)
    width, height = (int(side * chance.uniform(0.6, 0.9)) for side in _largest(upright.size))
    left, top = (int(chance.integers(0, room)) for room in (upright.width - width, upright.height - height))
    return upright.crop((left, top, left + width, top + height))


def _largest(size: tuple[int, int]) -> tuple[int, int]:
    """The largest 4:3 box that fits."""
    width, height = size
    return min(width, height * 4 // 3), min(height, width * 3 // 4)


def _grainy(image: Image.Image, seed: int) -> Image.Image:
    """The image with the same noise in all channels, as light has it."""
    noise = np.random.default_rng(seed).standard_normal((image.height, image.width, 1), dtype=np.float32) * GRAIN
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _exif(number: int) -> bytes:
    """Orientation and date, as a phone writes them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6 if number % 2 else 1
    exif[ExifTags.Base.DateTime] = "2025:07:01 12:00:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2025:07:01 12:00:00"
    written: bytes = exif.tobytes()
    return written


def megabytes(files: Sequence[Path]) -> float:
    """Mean size of a file."""
    return sum(file.stat().st_size for file in files) / len(files) / 1e6


def encoded(files: Sequence[Path]) -> list[bytes]:
    """The files' bytes."""
    return [file.read_bytes() for file in files]

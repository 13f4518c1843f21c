"""The pictures that training looks at again and again, kept in memory in a form that is quickly decoded.

Files enter once; whatever is larger than a network will ever see is kept smaller. Files that cannot be read are left
out, and said.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lookalike_server.models import pixels
from lookalike_server.pipeline.formats import opened

SHORTER_SIDE = 320
"""Pixels; larger pictures are kept at this size."""
QUALITY = 95
"""Of the JPEG that a smaller copy is kept as."""


class Gallery:
    """Pictures by number, each an RGB picture when it is asked for."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def part(self, numbers: NDArray[np.int64]) -> "Gallery":
        """Some of the pictures, numbered anew."""
        return Gallery([self._files[number] for number in numbers])

    def picture(self, number: int) -> Image.Image:
        """Decode one; any thread may ask."""
        return pixels.to_rgb(Image.open(BytesIO(self._files[number])))


def load(paths: Iterable[Path], threads: int, report: Callable[[Path, str | None], None]) -> tuple[Gallery, list[Path]]:
    """Read the pictures; returns them and the paths of those that could be read, in order.

    `report` hears of each path, and why it could not be read or None.
    """
    files, read = [], []
    with ThreadPoolExecutor(threads, "gallery") as pool:
        for path, (content, trouble) in zip(paths := list(paths), pool.map(_kept, paths), strict=True):
            report(path, trouble)
            if content is not None:
                files.append(content)
                read.append(path)
    return Gallery(files), read


def _kept(path: Path) -> tuple[bytes | None, str | None]:
    """The bytes to keep of a file, or why there are none."""
    try:
        content = path.read_bytes()
        with opened(content) as image:
            if image.format == "JPEG" and min(image.size) <= SHORTER_SIDE and not image.getexif():
                image.load()
                return content, None
            image.draft("RGB", (SHORTER_SIDE, SHORTER_SIDE))
            return _smaller(ImageOps.exif_transpose(image)), None
    except Exception as error:  # Pillow raises what it will on damaged files
        return None, str(error) or type(error).__name__


def _smaller(image: Image.Image) -> bytes:
    picture, file = pixels.to_rgb(image), BytesIO()
    scale = SHORTER_SIDE / min(picture.size)
    if scale < 1:
        width, height = (max(round(side * scale), 1) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    picture.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()

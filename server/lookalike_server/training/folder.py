"""Folders of class folders, FOLDER/KIND/PICTURE: which pictures there are, and which are set aside to judge with.

What is set aside depends on the names alone: the same pictures on every machine, whatever else lies beside them.
"""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lookalike_server.errors import ImageUndecodable, TrainingDataError
from lookalike_server.models.pixels import to_rgb
from lookalike_server.pipeline import formats

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".mpo"})

SET_ASIDE = 0.2
"""Share of each kind's pictures that training never sees."""


class Picture(NamedTuple):
    """One file and what it shows."""

    folder: Path
    """As the user named it."""
    kind: str
    """Name of the class folder."""
    path: Path

    @property
    def key(self) -> bytes:
        """What orders a kind's pictures as if shuffled: the SHA-256 of KIND/NAME in UTF-8."""
        return sha256(f"{self.kind}/{self.path.name}".encode(errors="surrogateescape")).digest()


def find(folders: Sequence[Path]) -> list[Picture]:
    """All pictures, by suffix, in the order of folder, kind and name; hidden ones are skipped.

    A folder that is named twice counts once: a picture beside itself would be found by everything.

    Raises TrainingDataError for what is no folder of class folders.
    """
    found: list[Picture] = []
    for folder in distinct(folders):
        here = [
            Picture(folder, kind.name, path)
            for kind in _visible(folder)
            if kind.is_dir()
            for path in _visible(kind)
            if path.suffix.lower() in SUFFIXES and path.is_file()
        ]
        if not here:
            raise TrainingDataError(f"{folder} holds no pictures of kinds: name a folder of FOLDER/KIND/PICTURE.jpg.")
        found += here
    return found


def distinct(folders: Sequence[Path]) -> list[Path]:
    """Each folder once, in its first spelling."""
    return [folder for number, folder in enumerate(folders) if not any(same(folder, each) for each in folders[:number])]


def same(one: Path, other: Path) -> bool:
    """Whether two paths, which need not exist, lead to one place."""
    return one.resolve() == other.resolve()


def set_aside(pictures: Sequence[Picture], share: float = SET_ASIDE) -> NDArray[np.bool_]:
    """Which pictures [n] training must not see: of each kind of each folder the first by key, round(share) of them."""
    kinds: dict[tuple[Path, str], list[int]] = defaultdict(list)
    for row, picture in enumerate(pictures):
        kinds[picture.folder, picture.kind].append(row)
    chosen = np.zeros(len(pictures), bool)
    for rows in kinds.values():
        chosen[sorted(rows, key=lambda row: pictures[row].key)[: round(len(rows) * share)]] = True
    return chosen


def read(path: Path) -> Image.Image:
    """The picture upright and in mode RGB, at its full size. Raises ImageUndecodable."""
    try:
        with formats.opened(path.read_bytes()) as opened:
            return to_rgb(ImageOps.exif_transpose(opened))
    except Exception as error:  # hostile bytes make Pillow raise nearly anything
        raise ImageUndecodable(f"{path} cannot be read: {error}") from error


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise TrainingDataError(f"{folder} cannot be listed: {error.strerror}.") from error

"""The demo's folder: originals and altered copies to import, and queries that stay outside the collection.

    OUT/pictures/<photograph>/<alteration>.jpg     imported
    OUT/queries/<photograph>/<alteration>.jpg      searched for

A picture's folder and stem thus say what it is, wherever its path turns up.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from PIL import Image, ImageOps

from lookalike.cli.demo.alterations import COPIES, QUERIES, Alteration
from lookalike.cli.demo.photographs import Photograph
from lookalike.thumbnails import UNREADABLE

ORIGINAL = "original"
SECOND_CAMERA = "second camera"
LONGEST_SIDE = 1024
"""Altered copies start from this size: large photographs would make the demo wait for JPEG encoders."""


@dataclass(frozen=True, slots=True)
class Material:
    """What was written where."""

    pictures: Path
    queries: Sequence[Path]
    shown: Sequence[Path]
    """The queries to show in full: every alteration once, each on another photograph."""
    unreadable: Sequence[Photograph]
    """Photographs that Pillow cannot read; nothing was written for them."""


def write(photographs: Sequence[Photograph], second_view: Photograph | None, out: Path) -> Material:
    """Write the whole folder."""
    pictures, asked = out / "pictures", out / "queries"
    queries: list[Path] = []
    unreadable = []
    for photograph in photographs:
        try:
            upright = _upright(photograph.path)
        except UNREADABLE:
            unreadable.append(photograph)
            continue
        _copy(photograph, pictures, ORIGINAL)
        _alter(upright, COPIES, pictures / photograph.name)
        queries += _alter(upright, QUERIES, asked / photograph.name)
    shown = queries[:: len(QUERIES) + 1][: len(QUERIES)]
    if second_view is not None:
        extra = _copy(second_view, asked, SECOND_CAMERA)
        queries, shown = [*queries, extra], [*shown, extra]
    return Material(pictures, queries, shown, unreadable)


def photograph_of(path: str | PurePath) -> str:
    """Name of the photograph that a picture of the demo shows."""
    return PurePath(path).parent.name


def alteration_of(path: str | PurePath) -> str:
    """What was done to it."""
    return PurePath(path).stem


def _copy(photograph: Photograph, folder: Path, name: str) -> Path:
    path = folder / photograph.name / f"{name}{photograph.path.suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(photograph.path, path)
    return path


def _upright(path: Path) -> Image.Image:
    with Image.open(path) as file:
        upright = ImageOps.exif_transpose(file).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return upright


def _alter(picture: Image.Image, alterations: Mapping[str, Alteration], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.jpg" for name in alterations]
    for path, alter in zip(paths, alterations.values(), strict=True):
        alter(picture).save(path, quality=90)
    return paths

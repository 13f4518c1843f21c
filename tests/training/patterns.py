"""Kinds that have to be learned: patterns in any colour, and colours in any pattern, which ImageNet's features miss."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

KINDS = ("rows", "columns", "boards", "rings", "spots")
TINTS = {"brick": (200, 80, 60), "moss": (110, 140, 50), "slate": (90, 110, 170), "plum": (150, 70, 150)}
SIDE = 96


def pattern(kind: str, number: int) -> Image.Image:
    """One picture of a kind, reproducible; pitch, phase and both colours are drawn by lot."""
    random = np.random.default_rng([KINDS.index(kind), number])
    pitch, (dx, dy) = random.uniform(9, 16), random.uniform(0, SIDE, 2)
    y, x = np.mgrid[:SIDE, :SIDE] * 2 * np.pi / pitch
    x, y = x + dx, y + dy
    height = {
        "rows": np.sin(y),
        "columns": np.sin(x),
        "boards": np.sin(x) * np.sin(y),
        "rings": np.sin(np.hypot(x - dx - 6 * np.pi * 7 / pitch, y - dy - 6 * np.pi * 7 / pitch)),
        "spots": np.sin(x) + np.sin(y) - 1,
    }[kind]
    dark, light = random.integers(0, 110, 3), random.integers(146, 256, 3)
    pixels = np.where(height[..., np.newaxis] > 0, dark, light) + random.normal(0, 8, (SIDE, SIDE, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def tinted(kind: str, number: int) -> Image.Image:
    """One picture of a kind that is told by its colour alone; its pattern says nothing."""
    colour = TINTS[kind]
    grey = pattern(KINDS[number % len(KINDS)], 100 * list(TINTS).index(kind) + number).convert("L")
    return ImageOps.colorize(grey, "black", "white", mid=colour)


def write_tints(folder: Path, each: int) -> Path:
    """A folder of kinds, so many pictures each."""
    for kind in TINTS:
        (folder / kind).mkdir(parents=True)
        for number in range(each):
            tinted(kind, number).save(folder / kind / f"{number:03}.png")
    return folder


def write_patterns(folder: Path, each: int, kinds: Sequence[str] = KINDS) -> Path:
    """A folder of kinds, so many pictures each."""
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for number in range(each):
            pattern(kind, number).save(folder / kind / f"{number:03}.png")
    return folder

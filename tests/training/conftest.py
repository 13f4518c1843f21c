"""Folders of kinds that the tests of training and evaluation share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.pictures import picture

KINDS = {"beach": (230, 200, 120), "forest": (30, 120, 40), "night": (20, 20, 60), "snow": (230, 235, 245)}
PER_KIND = 15


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four kinds of 15 pictures, told apart by their colours; one of the files is no picture."""
    folder = tmp_path_factory.mktemp("places")
    for seed, (kind, colour) in enumerate(KINDS.items()):
        (folder / kind).mkdir()
        for number in range(PER_KIND):
            tint = np.random.default_rng([seed, number]).integers(-15, 16, 3) + colour
            plain = Image.new("RGB", (160, 120), tuple(int(value) for value in tint.clip(0, 255)))
            Image.blend(plain, picture(100 * seed + number, 160, 120), 0.45).save(folder / kind / f"{number:02}.png")
    (folder / "snow" / "broken.jpg").write_bytes(b"no picture")
    return folder

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.pictures import picture

from lookalike_server.pipeline.turning import EVERY, turned
from lookalike_server.records import AS_IT_IS, Turn


def by_its_word(image: Image.Image, turn: Turn) -> Image.Image:
    """Mirrored, left to right, then so many degrees clockwise."""
    return (ImageOps.mirror(image) if turn.mirrored else image).rotate(-turn.degrees, expand=True)


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_a_turn_is_what_it_says(turn: Turn) -> None:
    image = picture(1, 40, 30)
    assert np.array_equal(np.asarray(turned(image, turn)), np.asarray(by_its_word(image, turn)))


def test_there_are_eight_and_the_picture_as_it_is_comes_first() -> None:
    image = picture(1, 30, 30)
    assert EVERY[0] == AS_IT_IS
    assert len({turned(image, turn).tobytes() for turn in EVERY}) == 8

"""Pictures are altered by lot: the same draw gives the same picture, whatever its shape."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from tests.pictures import picture

from lookalike_server.training.augment import ALTERATIONS, Augmentation, altered, glimpse

EACH = pytest.mark.parametrize("alter", [glimpse, altered, *ALTERATIONS], ids=lambda alter: alter.__name__.strip("_"))


def draw(alter: Augmentation, seed: int, image: Image.Image | None = None) -> Image.Image:
    return alter(image or picture(3), np.random.default_rng(seed))


@EACH
@pytest.mark.parametrize("size", [(200, 150), (1, 1), (2, 700), (700, 2)])
def test_a_picture_of_any_shape_stays_one(alter: Augmentation, size: tuple[int, int]) -> None:
    for seed in range(10):
        found = draw(alter, seed, picture(3, *size))
        assert found.mode == "RGB"
        assert min(found.size) >= 1


@EACH
def test_the_same_draw_gives_the_same_and_leaves_the_picture_alone(alter: Augmentation) -> None:
    original = picture(3)
    once = draw(alter, 1, original)
    assert once.tobytes() == draw(alter, 1, original).tobytes()
    assert original.tobytes() == picture(3).tobytes()


@pytest.mark.parametrize("alter", [glimpse, altered])
def test_another_draw_gives_another_picture(alter: Augmentation) -> None:
    found = {(image.size, image.tobytes()) for image in (draw(alter, seed) for seed in range(20))}
    assert len(found) > 15  # mirrored alone, for one, there is but one picture


def areas(alter: Callable[[Image.Image, np.random.Generator], Image.Image]) -> list[float]:
    sizes = [draw(alter, seed).size for seed in range(100)]
    return [width * height / (200 * 150) for width, height in sizes]


def test_a_glimpse_keeps_half_of_the_picture_or_more() -> None:
    found = areas(glimpse)
    assert 0.45 < min(found) < 0.7 < max(found) <= 1


def test_greyscale_takes_the_colours() -> None:
    channels = np.asarray(draw(ALTERATIONS[6], 0))
    assert (channels[..., :1] == channels).all()

"""Each alteration does what its name says, and the same every time."""

import numpy as np
import pytest
from PIL import Image, ImageChops
from tests.pictures import picture

from lookalike_server.training.alterations import ALTERATIONS


def altered(name: str, width: int = 200, height: int = 150) -> tuple[Image.Image, Image.Image]:
    original = picture(3, width, height)
    return original, ALTERATIONS[name](original)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_there_are_ten() -> None:
    assert len(ALTERATIONS) == 10


@pytest.mark.parametrize("name", ALTERATIONS)
@pytest.mark.parametrize("size", [(200, 150), (1, 1), (3, 500)])
def test_it_is_deterministic_and_leaves_an_rgb_picture_and_the_original_alone(name: str, size: tuple[int, int]) -> None:
    original, once = altered(name, *size)
    assert once.mode == "RGB"
    assert min(once.size) >= 1
    assert once.tobytes() == ALTERATIONS[name](original).tobytes()
    assert original.tobytes() == picture(3, *size).tobytes()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("downscaled to 64", (64, 48)),
        ("cropped to 70%", (140, 104)),
        ("cropped to 50%", (100, 74)),
        ("border", (230, 180)),
        ("banner", (200, 150)),
        ("rotated by 15°", (200, 150)),
    ],
)
def test_sizes(name: str, size: tuple[int, int]) -> None:
    assert altered(name)[1].size == size


def test_jpeg_changes_little_and_visibly() -> None:
    original, compressed = altered("JPEG quality 15")
    assert 0.5 < np.abs(pixels(original) - pixels(compressed)).mean() < 10


def test_a_crop_keeps_the_middle() -> None:
    original, cropped = altered("cropped to 50%")
    assert (pixels(cropped) == pixels(original)[38:112, 50:150]).all()


def test_rotation_turns_and_leaves_black_corners() -> None:
    original, rotated = altered("rotated by 15°")
    assert rotated.getpixel((0, 0)) == rotated.getpixel((199, 149)) == (0, 0, 0)
    back = rotated.rotate(-15, Image.Resampling.BICUBIC)
    middle = (slice(50, 100), slice(70, 130))
    assert np.abs(pixels(back)[middle] - pixels(original)[middle]).mean() < 5
    assert np.abs(pixels(rotated)[middle] - pixels(original)[middle]).mean() > 5


def test_a_mirrored_picture_mirrored_is_the_picture() -> None:
    original, mirrored = altered("mirrored")
    assert original.tobytes() != mirrored.tobytes()
    assert ALTERATIONS["mirrored"](mirrored).tobytes() == original.tobytes()


def test_colours_shift_channel_by_channel() -> None:
    assert ALTERATIONS["colours shifted"](Image.new("RGB", (1, 1), (100, 100, 100))).getpixel((0, 0)) == (150, 100, 50)
    assert ALTERATIONS["colours shifted"](Image.new("RGB", (1, 1), (200, 0, 255))).getpixel((0, 0)) == (255, 0, 128)


def test_greyscale_has_three_equal_channels() -> None:
    red, green, blue = altered("greyscale")[1].split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_the_banner_covers_the_lowest_fifth_only() -> None:
    original, bannered = altered("banner")
    assert ImageChops.difference(original, bannered).getbbox() == (0, 120, 200, 150)
    assert (pixels(bannered)[120:] > 200).all(axis=2).any(), "white words"


def test_the_border_surrounds_the_picture() -> None:
    original, framed = altered("border")
    assert framed.getpixel((0, 0)) == (255, 255, 255)
    assert framed.crop((15, 15, 215, 165)).tobytes() == original.tobytes()

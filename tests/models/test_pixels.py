"""Every mode that a file can hold becomes the RGB that a viewer would show."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from lookalike_server.models.pixels import centre, resized, to_rgb

RED, WHITE = (255, 0, 0), (255, 255, 255)


def transparent_palette() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = 0
    return image


def transparent_colour() -> Image.Image:
    image = Image.new("RGB", (2, 1), "black")
    image.putpixel((1, 0), RED)
    image.info["transparency"] = (0, 0, 0)
    return image


def transparent_rgba() -> Image.Image:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (*RED, 255))
    return image


@pytest.mark.parametrize("make", [transparent_palette, transparent_colour, transparent_rgba])
def test_what_is_transparent_is_white(make: Callable[[], Image.Image]) -> None:
    image = to_rgb(make())
    assert image.mode == "RGB"
    assert [image.getpixel((x, 0)) for x in range(2)] == [WHITE, RED]


def test_half_transparent_black_is_grey() -> None:
    assert to_rgb(Image.new("LA", (1, 1), (0, 128))).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_sixteen_bits_are_scaled_to_eight(mode: str) -> None:
    levels = np.array([[0, 256, 0x8000, 0xFFFF]])
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode]
    image = to_rgb(Image.frombytes(mode, (4, 1), levels.astype(dtype).tobytes()))
    assert [image.getpixel((x, 0)) for x in range(4)] == [(v, v, v) for v in (0, 1, 128, 255)]


@pytest.mark.parametrize(
    ("mode", "colour", "rgb"),
    [
        ("1", 1, WHITE),
        ("L", 200, (200, 200, 200)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("YCbCr", (76, 85, 255), (254, 0, 0)),
        ("HSV", (0, 255, 255), RED),
        ("RGB", (1, 2, 3), (1, 2, 3)),
    ],
)
def test_other_modes_are_converted(mode: str, colour: int | tuple[int, ...], rgb: tuple[int, int, int]) -> None:
    assert to_rgb(Image.new(mode, (1, 1), colour)).getpixel((0, 0)) == rgb


def test_lab_is_converted() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.new("RGB", (1, 1), RED), srgb, lab, outputMode="LAB")
    assert image is not None
    np.testing.assert_allclose(np.asarray(to_rgb(image))[0, 0], RED, atol=6)


def test_resizing_averages_what_it_shrinks() -> None:
    checkers = np.indices((400, 400)).sum(axis=0) % 2 * np.uint8(255)
    pixels = resized(Image.fromarray(checkers.astype(np.uint8)).convert("RGB"), (20, 20))
    assert np.abs(pixels.astype(int) - 127).max() <= 2


def test_resizing_gives_height_and_width_in_this_order() -> None:
    pixels = resized(Image.new("RGB", (7, 9)), (3, 5))
    assert pixels.shape == (3, 5, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("shape", [(500, 300), (300, 500), (333, 333), (40, 31), (64, 64)])
@pytest.mark.parametrize(("size", "shorter"), [((224, 224), 256), ((20, 32), 33), ((64, 64), 64)])
def test_the_centre_is_what_resizing_and_cutting_give(
    shape: tuple[int, int], size: tuple[int, int], shorter: int
) -> None:
    """As torchvision's Resize and CenterCrop do it, step by step."""
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    width, height = (int(shorter * side / min(image.size)) for side in image.size)
    left, top = round((width - size[1]) / 2), round((height - size[0]) / 2)
    steps = image.resize((width, height), Image.Resampling.BILINEAR)
    steps = steps.crop((left, top, left + size[1], top + size[0]))
    found = centre(image, size, shorter)
    assert found.shape == (*size, 3)
    np.testing.assert_allclose(found.astype(int), np.asarray(steps).astype(int), atol=1)


def test_the_centre_of_a_thread_of_a_picture_takes_no_memory() -> None:
    thread = Image.new("RGB", (100_000, 1), "black")
    thread.paste("red", (49_990, 0, 50_010, 1))
    found = centre(thread, (224, 224), 256)
    assert found.shape == (224, 224, 3)
    assert found[112, 112].tolist() == [255, 0, 0]

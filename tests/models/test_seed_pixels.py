"""The ancestor's preprocessing, held to values worked out by hand and to the library that it used."""

import math
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from skimage.transform import resize

from lookalike_server.models.seed_pixels import axis_weights, mirrored, resized, to_rgb


def test_what_lies_outside_is_mirrored_about_the_outermost_pixel() -> None:
    places = np.array([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5])
    assert mirrored(places, 3).tolist() == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1]
    assert mirrored(places, 1).tolist() == [0] * 10


def test_enlarging_interpolates_between_centres_without_a_blur() -> None:
    # Centres at -1/4, 1/4, 3/4 and 5/4 of pixels 0 and 1; those outside are mirrored.
    expected = [[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]]
    np.testing.assert_allclose(axis_weights(2, 4), expected, atol=1e-15)


def test_shrinking_blurs_first() -> None:
    # Four pixels to two: sigma (2 - 1) / 2, five taps; the first centre lies between pixels 0 and 1.
    one, two = math.exp(-2), math.exp(-8)
    total = 1 + 2 * one + 2 * two
    at_0 = np.array([1, 2 * one, 2 * two, 0])
    at_1 = np.array([one, 1 + two, one, two])
    first = (at_0 + at_1) / 2 / total
    np.testing.assert_allclose(axis_weights(4, 2), [first, first[::-1]], atol=1e-15)


def test_the_same_size_changes_nothing() -> None:
    np.testing.assert_array_equal(axis_weights(5, 5), np.eye(5))


@pytest.mark.parametrize(
    "shape", [(1, 1), (300, 1), (2, 3), (100, 500), (224, 225), (256, 256), (700, 1000), (9, 3000)]
)
def test_it_is_the_resize_of_scikit_image(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = resize(pixels.astype(np.float64), (224, 224, 3))
    np.testing.assert_allclose(resized(pixels, (224, 224)), expected, rtol=0, atol=1e-11)


def test_a_large_picture_never_lies_in_memory_as_floats() -> None:
    pixels = np.zeros((2000, 3000, 3), np.uint8)
    tracemalloc.start()
    try:
        resized(pixels, (224, 224))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * pixels.size / 3


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_sixteen_bits_are_white_above_255(mode: str) -> None:
    levels = np.array([[0, 200, 255, 256, 0xFFFF]])
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode]
    image = to_rgb(Image.frombytes(mode, (5, 1), levels.astype(dtype).tobytes()))
    assert [image.getpixel((x, 0)) for x in range(5)] == [(v, v, v) for v in (0, 200, 255, 255, 255)]


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (255, 0, 0, 0)), ("LA", (128, 0))])
def test_transparency_is_dropped(mode: str, colour: tuple[int, ...]) -> None:
    expected = colour[:3] if mode == "RGBA" else (128, 128, 128)
    assert to_rgb(Image.new(mode, (1, 1), colour)).getpixel((0, 0)) == expected

import io

import numpy as np
import pytest
from PIL import Image
from tests.corpus.seeds import gradient
from tests.pictures import encoded

from lookalike_server.models import depth
from lookalike_server.models.pixels import to_rgb


def grey(values: object) -> np.ndarray:
    """What a picture of these numbers becomes."""
    return np.asarray(depth.eight_bits(Image.fromarray(np.asarray(values))))


def test_sixteen_bits_are_scaled_evenly() -> None:
    levels = np.asarray(to_rgb(gradient()))[0, :, 0]
    assert levels[0] == 0
    assert levels[-1] == 255
    assert (np.diff(levels.astype(int)) > 0).all()


def test_sixteen_bits_in_a_file_are_those_in_memory() -> None:
    for name in ("PNG", "TIFF"):
        with Image.open(io.BytesIO(encoded(gradient(), name))) as image:
            assert (np.asarray(to_rgb(image)) == np.asarray(to_rgb(gradient()))).all()


def test_floats_are_stretched_from_black_to_white() -> None:
    assert grey(np.array([[-5, 0, 5]], np.float32)).tolist() == [[0, 128, 255]]
    assert grey(np.array([[0.25, 0.5, 0.75]], np.float32)).tolist() == [[0, 128, 255]]
    assert grey(np.array([[-3e38, 0, 3e38]], np.float32)).tolist() == [[0, 128, 255]]


def test_what_is_no_number_is_black_and_infinity_is_white() -> None:
    assert grey(np.array([[np.nan, -np.inf, 1, 2, 3, np.inf]], np.float32)).tolist() == [[0, 0, 0, 128, 255, 255]]


def test_a_picture_of_one_value_is_black() -> None:
    assert grey(np.full((2, 2), 7.5, np.float32)).max() == 0


def test_no_finite_number_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no finite number"):
        grey(np.full((2, 2), np.nan, np.float32))


def test_thirty_two_bits_that_need_no_more_than_sixteen_are_scaled_as_those() -> None:
    assert grey(np.array([[0, 256, 65535]], np.int32)).tolist() == [[0, 1, 255]]


def test_thirty_two_bits_beyond_are_stretched() -> None:
    assert grey(np.array([[-(2**31), 0, 2**31 - 1]], np.int32)).tolist() == [[0, 128, 255]]


def test_a_picture_of_many_blocks_is_one_range() -> None:
    values = np.linspace(0, 1, 3 * depth.ROWS, dtype=np.float32)[:, None]
    assert (np.diff(grey(values)[:, 0].astype(int)) >= 0).all()
    assert (grey(values)[0, 0], grey(values)[-1, 0]) == (0, 255)

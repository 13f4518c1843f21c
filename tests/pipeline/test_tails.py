import io

import numpy as np
import pytest
from PIL import Image
from tests.pictures import encoded, picture

from lookalike_server.errors import ImageUndecodable
from lookalike_server.models import efficientnet_lite0, tiny
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.formats import tails

START_OF_SCAN, END = b"\xff\xda", b"\xff\xd9"
GREY = 128


def decoded(content: bytes, model: str = "tiny") -> np.ndarray:
    made = tiny.load("") if model == "tiny" else efficientnet_lite0.load("")
    decoder = Decoder(made, threads=1, max_bytes=10_000_000, max_pixels=50_000_000)
    try:
        return decoder.decode_now(content).pixels.astype(int)
    finally:
        decoder.close()


def cut_at_row(image: Image.Image, row: int) -> bytes:
    """Its JPEG, cut just where the decoder has the rows above and no more."""
    content = encoded(image, "JPEG", quality=90)
    low, high = content.index(START_OF_SCAN) + 20, len(content)
    while high - low > 1:
        middle = (low + high) // 2
        enough = tails.share_of_rows(content[:middle]) * image.height >= row
        low, high = (low, middle) if enough else (middle, high)
    return content[:high]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_rows_are_counted_as_the_decoder_writes_them(mode: str) -> None:
    content = encoded(picture(1, 320, 320).convert(mode), "JPEG")
    start = content.index(START_OF_SCAN) + 20
    shares = [tails.share_of_rows(content[:end]) for end in range(start, len(content), 200)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1
    assert tails.share_of_rows(content) == 1


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_picture_of_the_colour_of_the_canvas_is_counted_no_less(shade: int) -> None:
    content = encoded(Image.new("L", (320, 320), shade), "JPEG")
    assert tails.share_of_rows(content[:-2]) > 0.9


def test_half_a_picture_is_taken_and_what_is_missing_is_grey() -> None:
    whole = picture(2, 320, 320)
    half = cut_at_row(whole, 192)
    pixels = decoded(half)
    assert np.abs(pixels[:18] - decoded(encoded(whole, "JPEG", quality=90))[:18]).mean() < 2
    assert np.abs(pixels[22:] - GREY).max() <= 2


def test_less_than_half_is_refused_and_the_error_says_how_much_is_missing() -> None:
    with pytest.raises(ImageUndecodable, match=r"cut short.* 6\d% of its rows"):
        decoded(cut_at_row(picture(2, 320, 320), 112))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}])
def test_an_end_behind_the_cut_does_not_hide_it(mode: str, options: dict[str, int]) -> None:
    content = encoded(picture(2, 640, 480).convert(mode), "JPEG", quality=90, **options)
    start = content.index(START_OF_SCAN) + 20
    for percent in (2, 20, 40):
        with pytest.raises(ImageUndecodable, match="of its rows"):
            decoded(content[: start + (len(content) - start) * percent // 100] + END)
    decoded(content[: start + (len(content) - start) * 70 // 100] + END)


def test_an_end_within_the_first_of_several_scans_does_not_hide_the_cut() -> None:
    content = encoded(picture(2, 640, 480), "JPEG", progressive=True)
    with pytest.raises(ImageUndecodable, match="first of its scans"):
        decoded(content[: content.index(START_OF_SCAN) + 60] + END)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (640, 9), (300, 400)])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_one_colour_is_a_picture_with_and_without_an_end(size: tuple[int, int], mode: str, progressive: bool) -> None:
    for shade in (0, 128, 255):
        image = Image.new(mode, size, (shade,) * len(Image.new(mode, (1, 1)).getbands()))
        content = encoded(image, "JPEG", progressive=progressive)
        assert (decoded(content[:-2]) == decoded(content)).all()


def test_a_picture_that_is_white_below_is_whole() -> None:
    half = picture(2, 640, 480)
    half.paste("white", (0, 150, 640, 480))
    assert (decoded(encoded(half, "JPEG"))[-1] == 255).all()


def test_a_missing_end_costs_nothing() -> None:
    content = encoded(picture(3), "JPEG")
    assert (decoded(content[:-2]) == decoded(content)).all()
    large = encoded(picture(3, 2_000, 1_500), "JPEG")
    assert (decoded(large[:-2], "lite") == decoded(large, "lite")).all(), "decoded at a reduced scale"


def test_a_progressive_one_is_taken_from_the_end_of_its_first_scan_on() -> None:
    content = encoded(picture(4), "JPEG", progressive=True)
    second = content.index(START_OF_SCAN, content.index(START_OF_SCAN) + 2)
    for end in range(second - 40, second):
        with pytest.raises(ImageUndecodable, match="first of its scans"):
            decoded(content[:end])
    for end in range(second + 12, len(content)):
        assert decoded(content[:end]).shape == (32, 32, 3)
    assert np.abs(decoded(content[: second + 12]) - decoded(content)).mean() < 12, "coarse, and the same picture"


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_other_formats_that_are_cut_short_stay_refused(name: str) -> None:
    content = encoded(picture(5), name)
    with pytest.raises(ImageUndecodable):
        decoded(content[: len(content) * 9 // 10])


def test_pillows_setting_for_all_threads_is_not_touched() -> None:
    from PIL import ImageFile  # noqa: PLC0415 - the setting of that very module

    decoded(encoded(picture(6), "JPEG")[:-40])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    with Image.open(io.BytesIO(encoded(picture(6), "JPEG")[:-40])) as image, pytest.raises(OSError, match="truncated"):
        image.load()

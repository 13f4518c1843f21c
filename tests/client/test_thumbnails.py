import io
from pathlib import Path

import pytest
from PIL import Image
from tests.pictures import encoded, picture_bytes

from lookalike.thumbnails import OUTLINE, fitted, outline, thumbnail
from lookalike.types import Region

RED, BLUE = (200, 30, 30), (30, 30, 200)


def opened(jpeg: bytes | None) -> Image.Image:
    assert jpeg is not None
    return Image.open(io.BytesIO(jpeg))


def two_halves() -> Image.Image:
    """Red at the left, blue at the right."""
    whole = Image.new("RGB", (300, 100), RED)
    whole.paste(BLUE, (150, 0, 300, 100))
    return whole


@pytest.mark.parametrize(
    ("size", "expected"),
    [((300, 200), (96, 64)), ((20, 30), (64, 96)), ((3000, 1), (96, 1)), ((1, 3000), (1, 96)), ((1, 1), (96, 96))],
)
def test_a_thumbnail_is_a_jpeg_that_fills_its_square_one_way(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = opened(thumbnail(encoded(Image.new("RGB", size, RED)), 96))
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", expected)


def test_a_path_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture_bytes(1))
    made = {thumbnail(tmp_path / "a.png", 96), thumbnail(str(tmp_path / "a.png"), 96), thumbnail(picture_bytes(1), 96)}
    assert len(made) == 1


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter
    small = opened(thumbnail(encoded(two_halves(), "JPEG", exif=exif), 90))
    assert small.size == (30, 90)
    assert small.getpixel((15, 10))[0] > 150  # type: ignore[index]
    assert small.getpixel((15, 80))[2] > 150  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_becomes_a_jpeg(mode: str) -> None:
    image = Image.new(mode, (30, 20))
    form = {"CMYK": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    assert opened(thumbnail(encoded(image, form), 60)).size == (60, 40)


def test_transparent_parts_are_white() -> None:
    assert fitted(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0))), (10, 10)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("content", [b"", b"no picture", picture_bytes(1)[:400]])
def test_what_cannot_be_read_has_no_thumbnail(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    assert thumbnail(content, 96) is None
    assert thumbnail(tmp_path / "broken.png", 96) is None


@pytest.mark.parametrize("name", ["gone.png", "a\0b.png", "x" * 300, "."])
def test_a_file_that_is_none_has_no_thumbnail(tmp_path: Path, name: str) -> None:
    assert thumbnail(f"{tmp_path}/{name}", 96) is None


def test_a_region_is_outlined() -> None:
    whole = encoded(Image.new("RGB", (100, 100), "white"))
    assert thumbnail(whole, 100, Region(0.25, 0.25, 0.75, 0.75)) != thumbnail(whole, 100)
    drawn = fitted(whole, (100, 100))
    outline(drawn, Region(0.25, 0.25, 0.75, 0.75))
    edge = tuple(bytes.fromhex(OUTLINE.removeprefix("#")))
    assert [drawn.getpixel(at) == edge for at in ((25, 50), (74, 50), (50, 25), (50, 50), (10, 10))] == [True] * 3 + [
        False
    ] * 2

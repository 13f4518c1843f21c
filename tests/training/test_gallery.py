"""Pictures are kept in memory upright, readable, and no larger than training will ever see."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.pictures import picture

from lookalike_server.training.gallery import Gallery, load


def loaded(*paths: Path) -> tuple[Gallery, list[Path], dict[str, str | None]]:
    told: dict[str, str | None] = {}
    found, read = load(paths, 2, lambda path, trouble: told.update({path.name: trouble}))
    return found, read, told


@pytest.mark.parametrize(
    ("size", "kept"), [((800, 600), (427, 320)), ((600, 800), (320, 427)), ((400, 320), (400, 320)), ((90, 3), (90, 3))]
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_what_is_large_is_kept_smaller(
    tmp_path: Path, size: tuple[int, int], kept: tuple[int, int], suffix: str
) -> None:
    picture(1, *size).save(tmp_path / f"1.{suffix}")
    found, _, _ = loaded(tmp_path / f"1.{suffix}")
    assert found.picture(0).size == kept
    assert found.picture(0).mode == "RGB"


def test_a_smaller_copy_looks_the_same(tmp_path: Path) -> None:
    picture(1, 1200, 900).save(tmp_path / "1.png")
    found, _, _ = loaded(tmp_path / "1.png")
    expected = picture(1, 1200, 900).resize((427, 320), Image.Resampling.BILINEAR)
    assert np.abs(np.asarray(found.picture(0), int) - np.asarray(expected, int)).mean() < 2


def test_a_small_jpeg_is_kept_to_the_byte(tmp_path: Path) -> None:
    picture(1, 300, 200).save(tmp_path / "1.jpg", quality=30)
    found, _, _ = loaded(tmp_path / "1.jpg")
    assert found._files == [(tmp_path / "1.jpg").read_bytes()]


@pytest.mark.parametrize("size", [(300, 200), (900, 600)])
def test_a_turned_picture_is_upright(tmp_path: Path, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by 270 degrees
    lying = Image.new("RGB", size)
    lying.paste((255, 255, 255), (0, 0, size[0] // 2, size[1]))
    lying.save(tmp_path / "1.jpg", exif=exif)
    found, _, _ = loaded(tmp_path / "1.jpg")
    upright = found.picture(0)
    assert upright.height > upright.width
    above, below = np.split(np.asarray(upright.convert("L")), [upright.height // 2])
    assert above.mean() > 200
    assert below.mean() < 55


def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    names = ("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    for number, name in enumerate(names):
        picture(number, 300, 200).save(tmp_path / name)
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    (tmp_path / "3.jpg").write_bytes((tmp_path / "3.jpg").read_bytes()[:-4000])
    found, read, told = loaded(*(tmp_path / name for name in (*names, "5.jpg")))
    assert [path.name for path in read] == ["1.jpg", "4.jpg"]
    assert len(found) == 2
    assert list(told) == [*names, "5.jpg"]
    assert told["1.jpg"] is told["4.jpg"] is None
    assert all(told[name] for name in ("2.jpg", "3.jpg", "5.jpg"))


def test_a_part_is_numbered_anew(tmp_path: Path) -> None:
    for number in range(4):
        Image.new("RGB", (20, 20), (60 * number, 0, 0)).save(tmp_path / f"{number}.png")
    found, _, _ = loaded(*(tmp_path / f"{number}.png" for number in range(4)))
    part = found.part(np.array([3, 1]))
    assert len(part) == 2
    red = [np.asarray(part.picture(number))[..., 0].mean() for number in range(2)]
    np.testing.assert_allclose(red, [180, 60], atol=2)


def test_transparency_is_shown_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "1.png")
    found, _, _ = loaded(tmp_path / "1.png")
    assert np.asarray(found.picture(0)).min() > 250

"""Pages of TIFFs: the first is the file, the others are taken out."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from tests.client.containers.makers import LIMIT, outcomes, write_pages
from tests.pictures import picture
from tests.tiffs import grey_tiff

from lookalike import containers
from lookalike.containers import png, tiff
from lookalike.errors import SourceVanished


def test_the_first_page_is_the_file_and_the_others_are_pictures(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.tiff", range(3))
    found = outcomes(path)
    assert list(found) == ["", "#page=2", "#page=3"]
    assert found[""] == path.read_bytes() == containers.read(f"{path}#page=1", LIMIT)
    for seed in (1, 2):
        content = found[f"#page={seed + 1}"]
        assert isinstance(content, bytes)
        with Image.open(io.BytesIO(content)) as page:
            assert page.tobytes() == picture(seed).tobytes()
        assert containers.read(f"{path}#page={seed + 1}", LIMIT) == content


@pytest.mark.parametrize(
    ("mode", "format_", "kept"),
    [("1", "PNG", "1"), ("L", "PNG", "L"), ("CMYK", "PNG", "RGB"), ("F", "TIFF", "F"), ("I;16", "PNG", "I;16")],
)
def test_pages_of_other_modes_become_what_a_server_reads(tmp_path: Path, mode: str, format_: str, kept: str) -> None:
    page = picture(2).convert("L").convert("I;16") if mode == "I;16" else picture(2).convert(mode)
    picture(1).save(tmp_path / "a.tif", save_all=True, append_images=[page])
    content = outcomes(tmp_path / "a.tif")["#page=2"]
    assert isinstance(content, bytes)
    with Image.open(io.BytesIO(content)) as taken:
        assert (taken.format, taken.mode) == (format_, kept)


@pytest.mark.parametrize(("bits", "white_is_zero"), [(12, False), (16, True)])
def test_deep_grey_is_as_dark_as_it_was(tmp_path: Path, bits: int, white_is_zero: bool) -> None:
    row = np.linspace(0, 2**bits - 1, 64).astype(int)
    page = grey_tiff(np.tile(row[::-1] if white_is_zero else row, (48, 1)), bits, white_is_zero=white_is_zero)
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "a.tif"), new=True) as file:
        picture(1).save(file, format="TIFF")
        file.newFrame()
        file.write(page)
        file.newFrame()
    content = outcomes(tmp_path / "a.tif")["#page=2"]
    assert isinstance(content, bytes)
    with Image.open(io.BytesIO(content)) as taken:
        shades = np.asarray(taken)[0]
    assert shades[0] == 0
    assert shades[-1] >= 0xFFF0


@pytest.mark.parametrize("kind", [1, 4])
def test_reduced_copies_and_masks_are_no_pages(tmp_path: Path, kind: int) -> None:
    thumbnail = picture(2, 20, 15)
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "a.tif"), new=True) as file:
        for image, tags in ((picture(1), {}), (thumbnail, {254: kind}), (picture(3), {})):
            image.save(file, format="TIFF", tiffinfo=tags)
            file.newFrame()
    assert list(outcomes(tmp_path / "a.tif")) == ["", "#page=3"]


def test_a_page_that_is_not_there_has_vanished(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.tif", range(2))
    for page in (0, 3):
        with pytest.raises(SourceVanished, match="has no page"):
            containers.read(f"{path}#page={page}", LIMIT)


def test_pages_beyond_the_most_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "MOST", 2)
    found = outcomes(write_pages(tmp_path / "a.tif", range(4)))
    assert list(found) == ["", "#page=2", "#page=3"]
    assert "not looked at" in str(found["#page=3"])


def test_a_page_with_too_many_pixels_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MOST_PIXELS", 200 * 150)
    picture(1).save(tmp_path / "a.tif", save_all=True, append_images=[picture(2, 300, 150), picture(3)])
    found = outcomes(tmp_path / "a.tif")
    assert "300 x 150 pixels" in str(found["#page=2"])
    assert isinstance(found["#page=3"], bytes)

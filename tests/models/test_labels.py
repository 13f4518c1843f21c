"""Names of a classifier's outputs, from a plain list or as Places365 writes them."""

from pathlib import Path

import pytest

from lookalike_server.errors import ModelFileError
from lookalike_server.models import labels


def read(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "labels.txt"
    path.write_text(text, encoding="utf-8")
    return labels.read(path)


def test_one_name_a_line(tmp_path: Path) -> None:
    assert read(tmp_path, "beach\r\nliving room\n\n Straße/Weg \n") == ("beach", "living room", "Straße/Weg")


def test_places365_as_the_ancestor_named_them(tmp_path: Path) -> None:
    text = "/a/airfield 0\n/a/apartment_building/outdoor 1\n/f/field/cultivated 2\n"
    assert read(tmp_path, text) == ("airfield", "apartment_building_outdoor", "field_cultivated")


def test_a_name_may_be_as_long_as_an_image_can_keep(tmp_path: Path) -> None:
    assert read(tmp_path, f"beach\n{255 * 'y'}\n") == ("beach", 255 * "y")


def test_an_empty_line_names_nothing_and_counts_for_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "/a/airfield 0\n\n/a/alley 1\n") == ("airfield", "alley")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names nothing: write one label a line"),
        ("\n \n", "names nothing"),
        ("beach\nforest\nbeach", "names beach twice"),
        ("/a/airfield 0\n/a/alley 2", "has '/a/alley 2' where '/a/name 1' belongs: sort the lines"),
        ("beach\n\n" + 256 * "y", r"has a label of 256 characters in line 3: write 1 to 255"),
        ("/a/airfield 0\n/a/" + 256 * "y" + " 1", r"has a label of 256 characters in line 2"),
        ("beach\nfor\0est", r"has a label with a NUL in line 2"),
        ("/a/airfield 0\nalley", "has 'alley' where '/a/name 1' belongs"),
    ],
)
def test_what_cannot_name_outputs_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=rf"labels\.txt {words}"):
        read(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelFileError, match="Cannot read the labels"):
        labels.read(tmp_path / "labels.txt")

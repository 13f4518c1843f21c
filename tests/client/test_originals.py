from pathlib import Path

import pytest
from tests.client.nouns import image

from lookalike.originals import CHANGED, GONE, local_file, short_name
from lookalike.types import Source


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.jpg"
    path.write_bytes(bytes(12))  # as many as the noun's image has
    return path


def test_the_first_source_with_the_images_bytes_stands_for_it(file: Path, tmp_path: Path) -> None:
    (tmp_path / "longer.jpg").write_bytes(bytes(13))
    sources = tuple(Source(str(tmp_path / name)) for name in ("gone.jpg", "longer.jpg", "one.jpg"))
    assert local_file(image(sources=sources)) == (file, "")
    assert local_file(image(sources=sources[:2])) == (None, CHANGED)
    assert local_file(image(sources=sources[:1])) == (None, GONE)
    assert local_file(image(sources=())) == (None, GONE)


def test_what_lies_at_the_path_stands_for_an_image_of_unknown_bytes(file: Path) -> None:
    assert local_file(image(sources=(Source(str(file)),), size_bytes=0, format="")) == (file, "")


@pytest.mark.parametrize("path", ["a\0b.jpg", "x" * 5000, "s3://bucket/one.jpg", ""])
def test_a_source_that_is_no_path_here_is_gone(path: str) -> None:
    assert local_file(image(sources=(Source(path),))) == (None, GONE)


def test_a_short_name_is_folder_and_file_or_else_the_id() -> None:
    assert short_name(image(sources=(Source("/cases/17/one.jpg"),))) == "17/one.jpg"
    assert short_name(image(sources=())) == "id:" + "ab" * 32


@pytest.mark.parametrize(("size", "expected"), [(5, ""), (0, ""), (6, CHANGED)])
def test_a_container_stands_for_what_lies_in_it_while_it_has_its_size(tmp_path: Path, size: int, expected: str) -> None:
    (tmp_path / "a.zip").write_bytes(bytes(5))
    place = f"{tmp_path}/a.zip!/one.jpg"
    path, words = local_file(image(sources=(Source(place, size_bytes=size),)))
    assert (path, words) == (None if expected else Path(place), expected)

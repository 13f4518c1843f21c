"""Which source paths lead into files, and which are files that look so."""

from pathlib import Path

import pytest

from lookalike import containers
from lookalike.containers.places import split


@pytest.mark.parametrize(
    "name",
    ["a.zip", "A.ZIP", "b.tar", "b.tar.gz", "b.tgz", "b.tar.bz2", "b.tar.xz", "c.pdf", "d.tif", "e.MP4", "f.mkv"],
)
def test_containers_are_known_by_their_suffixes(name: str) -> None:
    assert containers.is_container(name)
    assert containers.is_container(Path("/photos.d") / name)


@pytest.mark.parametrize("name", ["a.jpg", "zip", "a.gz", "a.jpg.gz", "a.zip.jpg", "a.zip/x", "pdf", ""])
def test_other_files_are_none(name: str) -> None:
    assert not containers.is_container(name)


@pytest.mark.parametrize(
    ("source", "file", "inside"),
    [
        ("/d/a.zip!/x.jpg", "/d/a.zip", "x.jpg"),
        ("/d/a.tar.gz!/album/x.jpg", "/d/a.tar.gz", "album/x.jpg"),
        ("/d/a.zip!/b.zip!/x.jpg", "/d/a.zip", "b.zip!/x.jpg"),
        ("/d/a.PDF#page=12", "/d/a.PDF", "page=12"),
        ("/d/a.tiff#page=2", "/d/a.tiff", "page=2"),
        ("/d/a#page=1.pdf#page=2", "/d/a#page=1.pdf", "page=2"),
        ("/d/a.mp4#t=12.5", "/d/a.mp4", "t=12.5"),
        ("/d/a\n.mp4#t=0", "/d/a\n.mp4", "t=0"),
    ],
)
def test_a_source_path_is_cut_where_the_file_ends(source: str, file: str, inside: str) -> None:
    assert split(source) == (file, inside)
    assert containers.container_of(source) == file


@pytest.mark.parametrize(
    "source",
    [
        "/d/x.jpg",
        "/d/x!/a.jpg",
        "/d/a.jpg#page=2",
        "/d/a.pdf#t=2",
        "/d/a.mp4#page=2",
        "/d/a.pdf#page=two",
        "/d/a.pdf#page=" + "9" * 5_000,
        "/d/a.mp4#t=" + "9" * 5_000,
        "/d/a.zip!/",
        "/d/a.pdf#page=2/x.jpg",
        "",
    ],
)
def test_what_is_not_written_so_stays_a_plain_path(source: str) -> None:
    assert split(source) is None
    assert containers.container_of(source) == source


@pytest.mark.parametrize("name", ["doc.pdf#page=3", "film.mp4#t=12.5", "a.zip!/x.jpg"])
def test_a_real_file_of_such_a_name_wins(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"itself")
    assert containers.container_of(str(path)) == str(path)
    assert containers.read(str(path), 100) == b"itself"


def test_a_folder_may_be_called_like_an_archive_with_a_mark(tmp_path: Path) -> None:
    folder = tmp_path / "a.zip!"
    folder.mkdir()
    (folder / "b.zip").touch()
    assert split(f"{folder}/b.zip!/x.jpg") == (f"{folder}/b.zip", "x.jpg")

import os
from pathlib import Path

import pytest
from tests.client.folders.conftest import LONG_AGO, write, write_picture

from lookalike.folders import Globs, Roots, Rules, Symlinks
from lookalike.folders.scan import File, Scan, Unseen


def found(*paths: Path, **rules: object) -> list[str]:
    """The paths below the test's folder, in the order in which they are found."""
    roots = Roots.named(paths)
    scan = Scan(roots, Rules(**rules))  # type: ignore[arg-type]
    start = os.path.commonpath(paths)
    return [os.path.relpath(each.path, start) for root in roots for each in scan.files(root)]


def test_pictures_and_containers_are_found_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.JPG", "b.txt", "c.zip", "noext", "d.tif", ".hidden.png"):
        write(tmp_path / name, b"x")
    assert found(tmp_path) == ["a.JPG", "c.zip", "d.tif"]


def test_files_come_letter_for_letter_as_a_server_lists_paths(tmp_path: Path) -> None:
    names = ["a.png", "a/b.png", "a-b/c.png", "a!.png", "Z.png", "é.png", "a/b/c.png", "a.b/x.png"]
    for name in names:
        write(tmp_path / name, b"x")
    assert found(tmp_path) == sorted(names)


def test_a_file_is_told_with_its_size_and_time(tmp_path: Path) -> None:
    write(tmp_path / "a.png", b"12345")
    roots = Roots.named([tmp_path])
    (file,) = Scan(roots, Rules()).files(next(iter(roots)))
    assert isinstance(file, File)
    assert (file.size_bytes, file.modified.timestamp() if file.modified else None) == (5, LONG_AGO)
    assert not file.is_fresh


def test_hidden_ones_are_found_where_they_are_wanted(tmp_path: Path) -> None:
    write(tmp_path / ".a.png", b"x")
    write(tmp_path / ".trash" / "b.png", b"x")
    assert found(tmp_path) == []
    assert found(tmp_path, hidden=True) == [".a.png", ".trash/b.png"]


def test_globs_count_from_the_folder_that_was_given(tmp_path: Path) -> None:
    for name in ("one/raw/a.png", "one/b.png", "raw/c.png"):
        write(tmp_path / name, b"x")
    assert found(tmp_path / "one", tmp_path / "raw", globs=Globs(exclude=["/raw"])) == ["one/b.png", "raw/c.png"]


def test_each_file_counts_once_though_folders_lie_in_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "sub/b.png", "sub/deep/c.png"):
        write(tmp_path / name, b"x")
    every = found(tmp_path, tmp_path / "sub" / "deep", tmp_path, tmp_path / "a.png")
    assert sorted(every) == ["a.png", "sub/b.png", "sub/deep/c.png"]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path / ".strange.dat", b"x")
    assert Scan(Roots.named([tmp_path / ".strange.dat"]), Rules())
    roots = Roots.named([tmp_path / ".strange.dat"])
    assert [each.path for each in Scan(roots, Rules()).files(next(iter(roots)))] == [str(tmp_path / ".strange.dat")]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with links to a file, to a folder elsewhere, to a folder in it, and to itself."""
    write_picture(tmp_path / "elsewhere" / "far.png", 1)
    write_picture(tmp_path / "here" / "own" / "near.png", 2)
    here = tmp_path / "here"
    (here / "file.png").symlink_to(tmp_path / "elsewhere" / "far.png")
    (here / "folder").symlink_to(tmp_path / "elsewhere")
    (here / "again").symlink_to(tmp_path / "elsewhere")
    (here / "inner").symlink_to(here / "own")
    (here / "loop").symlink_to(here)
    (here / "up").symlink_to(tmp_path)
    (here / "broken.png").symlink_to(here / "nowhere.png")
    return here


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Symlinks.SKIP, ["own/near.png"]),
        (Symlinks.FILES, ["file.png", "own/near.png"]),
        (Symlinks.FOLLOW, ["again/far.png", "file.png", "own/near.png"]),
    ],
)
def test_links_are_taken_as_told_and_never_lead_in_a_circle(
    linked: Path, policy: Symlinks, expected: list[str]
) -> None:
    assert found(linked, symlinks=policy) == expected


def test_what_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", 1)
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")  # looking at it fails, whoever looks
    roots = Roots.named([tmp_path])
    unseen = [each for each in Scan(roots, Rules()).files(next(iter(roots))) if isinstance(each, Unseen)]
    assert [each.path for each in unseen] == [str(tmp_path / "circle.png")]
    assert unseen[0].error.reason == "IMAGE_UNREADABLE"
    assert "symbolic links" in unseen[0].error.message


def test_a_path_where_nothing_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="disk"):
        Roots.named([tmp_path / "unmounted"])

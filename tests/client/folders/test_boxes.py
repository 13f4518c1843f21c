"""When a container counts as brought in whole."""

import os
import zipfile
from pathlib import Path

import pytest
from tests.client.folders.conftest import LONG_AGO
from tests.pictures import picture_bytes

from lookalike.errors import SourceChanged
from lookalike.folders.boxes import Box
from lookalike.folders.difference import Found
from lookalike.folders.scan import File, as_found
from lookalike.types import ImportItem, Sighting, Source

LIMIT = 1 << 20


def zipped(path: Path, *names: str) -> File:
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, picture_bytes(number) if name.endswith(".png") else b"no picture")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return found(path)


def found(path: Path) -> File:
    file = as_found(str(path))
    assert isinstance(file, File)
    return file


def known(file: File, name: str, size_bytes: int) -> Sighting:
    return Sighting("ab" * 32, Source(f"{file.path}!/{name}", file.modified, size_bytes))


def brought(box: Box) -> list[ImportItem]:
    """What is to be imported, all of it met in the collection."""
    items = [item for _, item in box.members(LIMIT) if item is not None]
    for number, item in enumerate(items):
        box.met(str(item.path), f"{number:064x}")
    return items


def test_nothing_has_the_size_of_a_container_before_all_of_it_is_in(tmp_path: Path) -> None:
    box = Box(Found(zipped(tmp_path / "a.zip", "1.png", "2.png")))
    assert [item.size_bytes for item in brought(box)] == [0, 0]
    seal = box.seal()
    assert seal is not None
    assert seal.source == Source(f"{tmp_path}/a.zip!/1.png", box.file.modified, box.file.size_bytes)


def test_a_single_picture_tells_by_itself_that_all_is_in(tmp_path: Path) -> None:
    box = Box(Found(zipped(tmp_path / "a.zip", "1.png")))
    assert [item.size_bytes for item in brought(box)] == [box.file.size_bytes]
    assert box.seal() is None


def test_a_single_picture_does_not_where_others_were_known_before(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png")
    box = Box(Found(file, (known(file, "2.png", 1),)))
    assert [item.size_bytes for item in brought(box)] == [0]
    assert box.seal() is not None


def test_a_seal_of_before_cannot_pass_for_one_of_today(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png", "2.png")
    same_size, other_size = (Box(Found(file, (known(file, "1.png", size),))) for size in (file.size_bytes, 1))
    assert [item.modified for item in brought(same_size)] == [None, None]
    assert [item.modified for item in brought(other_size)] == [file.modified, file.modified]


def test_a_container_that_was_just_written_is_not_sealed(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png", "2.png")
    os.utime(file.path)
    box = Box(Found(found(Path(file.path))))
    brought(box)
    assert box.file.is_fresh
    assert box.seal() is None


def test_a_container_of_which_something_failed_or_nothing_came_is_not_sealed(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png", "2.png")
    half, none = Box(Found(file)), Box(Found(file))
    brought(half)
    half.failed = True
    assert (half.seal(), none.seal()) == (None, None)


def test_what_was_not_met_again_is_left(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png")
    same, other = known(file, "1.png", 0), Sighting("cd" * 32, Source(f"{file.path}!/1.png"))
    box = Box(Found(file, (same, other)))
    box.met(same.source.path, same.image_id)
    assert list(box.left.values()) == [other]


def test_a_container_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", "1.png", "2.png")
    box = Box(Found(file))
    members = box.members(LIMIT)
    next(members)
    os.utime(file.path, (LONG_AGO + 9, LONG_AGO + 9))
    with pytest.raises(SourceChanged, match="being written"):
        list(members)
    assert box.failed

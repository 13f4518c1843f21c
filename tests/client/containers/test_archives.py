"""Zip and tar: what is in them, read lazily, and again by name."""

import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from tests.client.containers.makers import LIMIT, album, inside, outcomes, write_tar, write_zip
from tests.pictures import picture_bytes

from lookalike import containers, pictures
from lookalike.containers import archives, tape, zips
from lookalike.containers.passage import Passage
from lookalike.errors import ImageTooLarge, ImageUnreadable, SourceVanished

NAMES = ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"]


def write(path: Path, files: dict[str, bytes]) -> Path:
    return write_zip(path, files) if path.suffix == ".zip" else write_tar(path, files)


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_come_in_the_archives_order_with_their_bytes(tmp_path: Path, name: str) -> None:
    files = {"z.jpg": picture_bytes(9, "JPEG"), **album()}
    path = write(tmp_path / name, {"notes.txt": b"no picture", **files})
    assert list(outcomes(path).items()) == [(f"!/{inner}", content) for inner, content in files.items()]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_read_again_by_its_source_path(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {"../up.png": picture_bytes(1), "up.png": picture_bytes(2), **album(2)})
    members = list(containers.members(path, LIMIT))
    assert [inside(member) for member in members] == ["!/up.png", "!/up~2.png", "!/album/0.png", "!/album/1.png"]
    for member in reversed(members):
        assert member.path.startswith(f"{path}!/")
        assert member.picture is not None
        assert containers.read(member.path, LIMIT) == pictures.content(member.picture, LIMIT)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_or_archive_that_is_gone_has_vanished(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, album())
    with pytest.raises(SourceVanished, match=r"holds no album/7.png any more"):
        containers.read(f"{path}!/album/7.png", LIMIT)
    path.unlink()
    with pytest.raises(SourceVanished, match="there is no file at"):
        containers.read(f"{path}!/album/1.png", LIMIT)


def test_an_archive_that_was_replaced_is_looked_at_again(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x.png": picture_bytes(1)})
    assert containers.read(f"{path}!/x.png", LIMIT) == picture_bytes(1)
    write_zip(path, {"new.png": b"", "x.png": picture_bytes(2)})
    assert containers.read(f"{path}!/x.png", LIMIT) == picture_bytes(2)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_over_the_limit_is_told_and_the_others_come(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {"large.png": bytes(LIMIT + 1), "just.png": bytes(LIMIT), **album(1)})
    large, just, small = containers.members(path, LIMIT)
    assert isinstance(large.error, ImageTooLarge)
    assert just.error is small.error is None
    with pytest.raises(ImageTooLarge):
        containers.read(large.path, LIMIT)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "bomb.zip", {"bomb.png": bytes(200 << 20)})
    tracemalloc.start()
    (member,) = containers.members(path, LIMIT)
    with pytest.raises(ImageTooLarge):
        containers.read(member.path, LIMIT)
    assert tracemalloc.get_traced_memory()[1] < LIMIT
    tracemalloc.stop()


def test_one_that_says_less_than_it_has_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(200 << 20))
        archive.infolist()[0].file_size = 1_000
    (member,) = containers.members(path, LIMIT)
    assert member.picture is not None
    tracemalloc.start()
    with pytest.raises(ImageUnreadable, match="CRC"):
        pictures.content(member.picture, LIMIT)
    assert tracemalloc.get_traced_memory()[1] < LIMIT
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_members_are_opened_only_when_they_are_read_and_can_be_read_twice(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, album())
    members = list(containers.members(path, LIMIT))
    path.rename(path.with_name(f"aside-{name}"))
    with pytest.raises(ImageUnreadable, match=r"album/0.png cannot be read: No such file"):
        pictures.content(members[0].picture or b"", LIMIT)
    path.with_name(f"aside-{name}").rename(path)
    for member in members:
        picture = member.picture
        assert picture is not None
        first, again = (pictures.fingerprint(picture, LIMIT) for _ in range(2))
        assert first == again


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_few_are_in_memory_at_once(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {f"{number}.png": bytes([number]) * 4_000_000 for number in range(30)})
    tracemalloc.start()
    assert sum(member.error is None for member in containers.members(path, LIMIT)) == 30
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_an_archive_that_unpacks_to_far_too_much_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape, "SPARE", 1 << 20)
    monkeypatch.setattr(zips, "SPARE", 1 << 20)
    files = {"0.png": picture_bytes(0), "zeros.png": bytes(LIMIT), "more.dat": bytes(8 * LIMIT), "1.png": b"x"}
    tar, zip_ = write_tar(tmp_path / "a.tar.bz2", files), write_zip(tmp_path / "a.zip", files)
    monkeypatch.setattr(tape, "RATIO", 1)
    monkeypatch.setattr(zips, "RATIO", 1)
    assert "unpacks to far more than it may" in str(outcomes(tar)[""])
    assert outcomes(tar)["!/0.png"] == outcomes(zip_)["!/0.png"] == files["0.png"]
    assert "unpacks to far more than it may" in str(outcomes(zip_)["!/1.png"])


def test_more_files_than_anybody_packs_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST", 2)
    found = outcomes(write_zip(tmp_path / "a.zip", album(3)))
    assert list(found) == ["!/album/0.png", "!/album/1.png", ""]
    assert "holds more than 2 files" in str(found[""])


def test_links_and_devices_are_no_pictures(tmp_path: Path) -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    tricks = []
    for kind in kinds:
        info = tarfile.TarInfo(f"{kind!r}.png")
        info.type, info.linkname = kind, "/etc/passwd"
        tricks.append(info)
    assert list(outcomes(write_tar(tmp_path / "a.tar", album(1), tricks))) == ["!/album/0.png"]


def test_damage_in_a_compressed_tar_is_told_where_only_its_end_shows_it(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {**album(1), "noise.png": os.urandom(100_000), "later.txt": bytes(300_000)})
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4] = bytes(255 - byte for byte in whole[middle : middle + 4])
    path.write_bytes(whole)
    found = outcomes(path)
    assert found["!/album/0.png"] == album(1)["album/0.png"]
    assert "CRC check failed" in str(found[""])


def test_a_compressed_archive_is_passed_once_while_its_members_are_read_in_their_order(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", album(6))
    passes: set[Passage] = set()
    for seed in (0, 2, 1, 3, 5, 4):
        assert containers.read(f"{path}!/album/{seed}.png", LIMIT) == picture_bytes(seed)
        passes.update(archives._KEPT.values())
    assert len(passes) == 1
    write_tar(path, album(7))
    assert containers.read(f"{path}!/album/1.png", LIMIT) == picture_bytes(1)
    assert not passes & set(archives._KEPT.values())

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from lookalike import pictures
from lookalike.errors import ImageTooLarge, ImageUnreadable

BYTES = bytes(range(200)) * 10_000


class Tape(io.RawIOBase):
    """A binary file that cannot seek, like a pipe."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # A pipe gives what it has, which may be less than was asked for.
        return self._rest.read(min(size, 7_000))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "picture.jpg").write_bytes(BYTES)
    return tmp_path / "picture.jpg"


def forms(path: Path) -> list[pictures.Picture]:
    tape: IO[bytes] = Tape(BYTES)  # type: ignore[assignment]
    return [str(path), path, BYTES, bytearray(BYTES), memoryview(BYTES), io.BytesIO(BYTES), tape]


@pytest.mark.parametrize("form", range(7))
def test_every_form_of_a_picture_gives_the_same_bytes(path: Path, form: int) -> None:
    assert pictures.is_picture(forms(path)[form])
    assert pictures.content(forms(path)[form], len(BYTES)) == BYTES
    assert pictures.fingerprint(forms(path)[form], len(BYTES)) == hashlib.sha256(BYTES).hexdigest()


@pytest.mark.parametrize("form", range(7))
def test_one_byte_over_the_limit_is_too_large(path: Path, form: int) -> None:
    with pytest.raises(ImageTooLarge, match="1,999,999 bytes"):
        pictures.content(forms(path)[form], len(BYTES) - 1)
    with pytest.raises(ImageTooLarge):
        pictures.fingerprint(forms(path)[form], len(BYTES) - 1)


@pytest.mark.parametrize("thing", [[1.0, 2.0], (1.0,), None, 3, object()])
def test_other_things_are_no_pictures(thing: object) -> None:
    assert not pictures.is_picture(thing)


@pytest.mark.parametrize("thing", [None, 3, [1.0], io.StringIO("text")])
def test_what_is_no_picture_is_a_type_error(thing: object) -> None:
    with pytest.raises(TypeError, match=f"a picture is a path, bytes or a binary file, not {type(thing).__name__}"):
        pictures.checked(thing)


def test_a_file_is_read_from_where_it_stands_and_put_back() -> None:
    file = io.BytesIO(b"head" + BYTES)
    file.seek(4)
    assert pictures.content(file, len(BYTES)) == BYTES
    assert file.tell() == 4


def test_a_file_is_put_back_when_it_is_too_large() -> None:
    file = io.BytesIO(BYTES)
    with pytest.raises(ImageTooLarge):
        pictures.content(file, 10)
    assert file.tell() == 0


def test_a_file_that_cannot_seek_is_kept_as_bytes(path: Path) -> None:
    tape = forms(path)[-1]
    assert pictures.readable_twice(tape, len(BYTES)) == BYTES
    assert pictures.readable_twice(path, len(BYTES)) is path


@pytest.mark.parametrize("name", ["missing.jpg", "nul\0.jpg", "half\ud800.jpg", "."])
def test_what_cannot_be_read_says_so_and_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageUnreadable, match=r"cannot be read") as caught:
        pictures.content(f"{tmp_path}/{name}", 10)
    assert isinstance(caught.value.__cause__, OSError | ValueError)
    assert caught.value.message.count(str(tmp_path)) == 1


@pytest.mark.parametrize("read", [pictures.content, pictures.fingerprint])
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: Callable[[Path, int], object]) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageUnreadable, match=r"pipe.jpg cannot be read: it is no regular file; .* give the bytes"):
        read(tmp_path / "pipe.jpg", 10)


def test_a_closed_file_is_unreadable() -> None:
    file = io.BytesIO(BYTES)
    file.close()
    with pytest.raises(ImageUnreadable):
        pictures.content(file, len(BYTES))


def test_a_location_is_absolute_and_keeps_symbolic_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert pictures.location("real/../link/a.jpg") == f"{tmp_path.as_posix()}/link/a.jpg"
    assert pictures.location(b"bytes") is None


def test_a_name_that_is_not_utf_8_can_still_travel(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")
    assert pictures.location(path) == f"{tmp_path.as_posix()}/caf\N{REPLACEMENT CHARACTER}.jpg"


def test_half_a_letter_gets_a_mark_of_its_own() -> None:
    assert pictures.location("/\ud800.jpg") == "/\N{REPLACEMENT CHARACTER}.jpg"


def test_the_modification_time_of_a_path_is_known(path: Path) -> None:
    os.utime(path, (0, 86_400))
    found, size = pictures.modified_and_size(path)
    assert found is not None
    assert found.isoformat() == "1970-01-02T00:00:00+00:00"
    assert size == path.stat().st_size
    assert pictures.modified_and_size(path.with_name("missing.jpg")) == (None, 0)
    assert pictures.modified_and_size(BYTES) == (None, 0)


def test_pictures_are_found_by_suffix_in_the_order_of_their_names(tmp_path: Path) -> None:
    suffixes = [
        "jpg",
        "jpeg",
        "png",
        "webp",
        "gif",
        "tif",
        "tiff",
        "bmp",
        "mpo",
        "heic",
        "avif",
        "jxl",
        "dng",
        "JPG",
        "PnG",
    ]
    touch(tmp_path, *(f"picture.{suffix}" for suffix in [*suffixes, "txt", "svg"]), "jpg")
    assert [path.name for path in pictures.find(tmp_path)] == sorted(f"picture.{suffix}" for suffix in suffixes)


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden.jpg", ".thumbnails/a.jpg", "album/.b.jpg", "album/c.jpg")
    assert list(pictures.find(tmp_path)) == [tmp_path / "album/c.jpg"]


def test_symlinked_folders_are_not_entered_but_symlinked_files_are_read(tmp_path: Path) -> None:
    touch(tmp_path, "outside/a.jpg", "album/b.jpg")
    (tmp_path / "album/loop").symlink_to(tmp_path / "album")
    (tmp_path / "album/out").symlink_to(tmp_path / "outside")
    (tmp_path / "album/c.jpg").symlink_to(tmp_path / "outside/a.jpg")
    assert [path.name for path in pictures.find(tmp_path / "album")] == ["b.jpg", "c.jpg"]


def test_what_is_no_regular_file_is_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    assert [path.name for path in pictures.find(tmp_path)] == ["a.jpg"]


def test_one_level_or_a_pattern_may_be_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "IMG_1.jpg", "scan.jpg", "below/IMG_2.jpg")
    assert [path.name for path in pictures.find(tmp_path, recursive=False)] == ["IMG_1.jpg", "scan.jpg"]
    assert [path.name for path in pictures.find(tmp_path, pattern="IMG_*")] == ["IMG_1.jpg", "IMG_2.jpg"]
    assert pictures.count(tmp_path, pattern="IMG_*") == 2


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        list(pictures.find(tmp_path / "nowhere"))

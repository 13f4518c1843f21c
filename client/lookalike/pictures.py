"""What counts as a picture here, and how its bytes are read: a path, bytes, or a binary file, everywhere.

A binary file is read from where it stands; one that can seek is put back there, so that it can be read again.
"""

import hashlib
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, TypeAlias, TypeGuard

from lookalike.errors import ImageTooLarge, ImageUnreadable

Picture: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""A path, the bytes of an encoded picture, or a binary file that holds them."""

_USUAL = ".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .gif .tif .tiff .bmp .dib"
_NEWER = ".heic .heif .hif .heics .heifs .avif .avifs .jxl"
_RAW = ".dng .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .orf .rw2 .rwl .raf .pef .srw .x3f .mrw .erf .3fr .iiq .kdc .dcr"
SUFFIXES = frozenset(f"{_USUAL} {_NEWER} {_RAW}".split())
"""Names of files that hold a picture, cameras' RAW among them; whether one can be read is the server's to say."""
_CHUNK = 1 << 20
_PATHS = (str, os.PathLike)
_IN_MEMORY = (bytes, bytearray, memoryview)
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_picture(thing: object) -> TypeGuard[Picture]:
    """Whether this is a path, bytes or a file, and not a vector, an image or something else."""
    return isinstance(thing, (*_PATHS, *_IN_MEMORY)) or hasattr(thing, "read")


def checked(thing: object) -> Picture:
    """The picture itself. Raises TypeError where it is none, which is a mistake of the program, not of the picture."""
    if not is_picture(thing) or isinstance(thing, io.TextIOBase):
        raise TypeError(f"a picture is a path, bytes or a binary file, not {type(thing).__name__}")
    return thing


def content(picture: Picture, max_bytes: int) -> bytes:
    """The picture's bytes. Raises ImageTooLarge over `max_bytes`, ImageUnreadable where reading fails."""
    if isinstance(picture, bytes) and len(picture) <= max_bytes:
        return picture
    return b"".join(_chunks(picture, max_bytes))


def fingerprint(picture: Picture, max_bytes: int) -> str:
    """Its id, the SHA-256 of its bytes in hexadecimal, without holding them in memory. Raises as `content`."""
    digest = hashlib.sha256()
    for chunk in _chunks(picture, max_bytes):
        digest.update(chunk)
    return digest.hexdigest()


def readable_twice(picture: Picture, max_bytes: int) -> Picture:
    """The picture itself, or its bytes where it is a file that cannot seek back. Raises as `content`."""
    if isinstance(picture, (*_IN_MEMORY, *_PATHS)) or picture.seekable():
        return picture
    return content(picture, max_bytes)


def location(picture: Picture) -> str | None:
    """The absolute path with forward slashes, symbolic links kept; None for bytes and files."""
    if not isinstance(picture, _PATHS):
        return None
    return utf8(Path(os.path.abspath(picture)).as_posix())  # noqa: PTH100 - Path.absolute keeps "..", resolve follows links


def utf8(path: str) -> str:
    """The path as it can travel: a name that is not UTF-8 on disk gets marks, since no protobuf string holds it."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", path)


def modified_and_size(picture: Picture) -> tuple[datetime | None, int]:
    """When the file was last changed, and its bytes; None and 0 for bytes, files and what cannot be asked."""
    if not isinstance(picture, _PATHS):
        return None, 0
    try:
        status = Path(picture).stat()
        return datetime.fromtimestamp(status.st_mtime, UTC), status.st_size
    except (OSError, ValueError, OverflowError):
        return None, 0


def opened(path: Path) -> IO[bytes]:
    """A regular file, opened to be read. Raises OSError."""
    mode = path.stat().st_mode
    # A pipe may keep us waiting for ever, and gives its bytes only once. A folder says itself what is wrong with it.
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError("it is no regular file; read it yourself and give the bytes, or a binary file")
    return path.open("rb")


def find(folder: str | os.PathLike[str], *, recursive: bool = True, pattern: str = "*") -> Iterator[Path]:
    """Pictures of a folder in the order of their names, found by suffix; hidden ones and symlinked folders are skipped.

    What cannot be looked at is found too, and a folder below that cannot be listed comes last, as a path of its own:
    reading them fails, so that they are not lost silently. Raises NotADirectoryError where `folder` is none.
    """
    if not Path(folder).is_dir():
        raise NotADirectoryError(f"{os.fspath(folder)} is not a folder: name one that holds pictures")
    unlisted: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: unlisted.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        wanted = (Path(parent, name) for name in sorted(names) if _is_wanted(name, pattern))
        yield from (path for path in wanted if _may_be_file(path))
    yield from unlisted


def count(folder: str | os.PathLike[str], *, recursive: bool = True, pattern: str = "*") -> int:
    """How many pictures `find` finds; looking twice costs less than keeping millions of paths."""
    return sum(1 for _ in find(folder, recursive=recursive, pattern=pattern))


def _is_wanted(name: str, pattern: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES and fnmatch(name, pattern)


def _may_be_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True


def _chunks(picture: Picture, max_bytes: int) -> Iterator[bytes]:
    room = max_bytes
    with _readable(picture) as file:
        while chunk := file.read(_CHUNK):
            room -= len(chunk)
            if room < 0:
                raise ImageTooLarge(
                    f"{_name(picture)} is over the {max_bytes:,} bytes that the server accepts: send a smaller copy"
                )
            yield chunk


@contextmanager
def _readable(picture: Picture) -> Iterator[IO[bytes]]:
    try:
        if isinstance(picture, _PATHS):
            with opened(Path(picture)) as file:
                yield file
        elif isinstance(picture, _IN_MEMORY):
            yield io.BytesIO(picture)
        else:
            with _put_back(picture):
                yield picture
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error  # the name stands before it
        raise ImageUnreadable(f"{_name(picture)} cannot be read: {why}") from error


@contextmanager
def _put_back(file: IO[bytes]) -> Iterator[None]:
    start = file.tell() if file.seekable() else None
    try:
        yield
    finally:
        if start is not None:
            file.seek(start)


def _name(picture: Picture) -> str:
    return os.fspath(picture) if isinstance(picture, _PATHS) else "the picture"

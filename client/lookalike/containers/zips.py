"""What lies in a zip archive, by its directory; where that is cut off or damaged, by the headers before the members.

Members are stored or deflated: other methods are rare, and inflate by megabytes at a step. Members that overlap, and
all together far more bytes than the archive has, are the marks of bombs: both are told and not inflated.
"""

import io
import stat
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

from lookalike import pictures
from lookalike.containers import zip_headers
from lookalike.containers.damage import told
from lookalike.containers.entry import Entry

RATIO, SPARE = 100, 1 << 30
"""An archive may unpack to so many times its size, and to a gibibyte more."""

_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def entries(path: str) -> Iterator[Entry]:
    """Its files. Raises ImageUnreadable where it is no zip archive, or after the last file that is left of it."""
    with told(path), pictures.opened(Path(path)) as file:
        room = RATIO * file.seek(0, io.SEEK_END) + SPARE
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
        except zipfile.BadZipFile:
            yield from _judged(path, zip_headers.walk(file), room, set())
        else:
            yield from _judged(path, iter(infos), room, _overlapping(infos))


def _judged(path: str, infos: Iterator[zipfile.ZipInfo], room: int, overlapping: set[int]) -> Iterator[Entry]:
    for info in infos:
        if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
            continue
        room -= info.file_size
        trouble = "its archive unpacks to far more than it may" if room < 0 else _trouble(info, overlapping)
        yield _entry(path, info, trouble)


def _entry(path: str, info: zipfile.ZipInfo, trouble: str) -> Entry:
    return Entry(info.filename, info.file_size, lambda: _open(path, info), trouble)


def _trouble(info: zipfile.ZipInfo, overlapping: set[int]) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: unpack the archive with its password"
    if info.compress_type not in _METHODS:
        return f"its compression (method {info.compress_type}) is not read here: pack it as an ordinary zip"
    if id(info) in overlapping:
        return "it overlaps with another member, as in archives that are made to do harm"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Members whose bytes reach into those of the next."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    return {
        id(info)
        for info, following in pairwise(ordered)
        if info.header_offset + zip_headers.SIZE + info.compress_size > following.header_offset
    }


def _open(path: str, info: zipfile.ZipInfo) -> IO[bytes]:
    """The member's bytes; reading them to their end checks their sum. Raises what `damage` names."""
    file = pictures.opened(Path(path))
    try:
        file.seek(info.header_offset)
        zip_headers.read(file)
        return cast(IO[bytes], zipfile.ZipExtFile(file, "r", info, close_fileobj=True))
    except BaseException:
        file.close()
        raise

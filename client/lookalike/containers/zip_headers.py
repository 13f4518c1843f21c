"""The header before each member of a zip archive (APPNOTE 4.3.7): all that is left where the directory is cut off."""

import io
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

SIZE = 30
"""Bytes before the name."""

_FIELDS = struct.Struct("<4s5H3L2H")
_START = b"PK\3\4"
_SIZES_FOLLOW, _UTF8 = 0x8, 0x800


def read(file: IO[bytes]) -> zipfile.ZipInfo:
    """The header where the file stands, as the directory would have it; the file moves on to the member's bytes.

    Raises BadZipFile where there is none.
    """
    header = file.read(SIZE)
    if len(header) < SIZE or not header.startswith(_START):
        raise zipfile.BadZipFile("the header before it is damaged")
    _, _, flags, method, _, _, check, packed, unpacked, name, extra = _FIELDS.unpack(header)
    info = zipfile.ZipInfo(file.read(name).decode("utf-8" if flags & _UTF8 else "cp437"))
    info.flag_bits, info.compress_type, info.CRC = flags, method, check
    info.compress_size, info.file_size = packed, unpacked
    file.seek(extra, io.SEEK_CUR)
    return info


def walk(file: IO[bytes]) -> Iterator[zipfile.ZipInfo]:
    """The members that lie whole before the place where an archive is cut off; always ends with BadZipFile."""
    end, start = file.seek(0, io.SEEK_END), 0
    file.seek(0)
    if file.read(len(_START)) != _START:
        raise zipfile.BadZipFile("it is no zip archive" if end else "it is empty: copy it again")
    while True:
        info = _at(file, start)
        info.header_offset, start = start, file.tell() + info.compress_size
        if start > end or (info.flag_bits & _SIZES_FOLLOW and not info.compress_size):
            raise zipfile.BadZipFile(_CUT)
        yield info


_CUT = "its directory is damaged or cut off, and so may be members: copy it again"


def _at(file: IO[bytes], start: int) -> zipfile.ZipInfo:
    file.seek(start)
    try:
        return read(file)
    except zipfile.BadZipFile:
        raise zipfile.BadZipFile(_CUT) from None

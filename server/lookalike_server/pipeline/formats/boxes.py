"""Boxes, of which HEIF, AVIF, JPEG XL, Canon's RAW and video files are made (ISO/IEC 14496-12, 4.2)."""

import struct
from collections.abc import Iterator

HEADER = struct.Struct(">I4s")
MAX_BOXES = 4096


def boxes(content: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and body of each box that stands at the outermost level, up to the first that makes no sense.

    After very many the rest counts as one more, without a type.
    """
    view, start = memoryview(content), 0
    for _ in range(MAX_BOXES):
        if start + HEADER.size > len(view):
            return
        size, kind = HEADER.unpack_from(view, start)
        body = start + HEADER.size
        if size == 1:
            size, body = int.from_bytes(view[body : body + 8], "big"), body + 8
        end = len(view) if size == 0 else start + size
        if end < body:
            return
        yield kind, view[body:end]
        start = end
    yield b"", view[start:]


def brands(content: bytes) -> tuple[bytes, ...]:
    """The major brand of a file of boxes, then the compatible ones; none where it says none first of all."""
    if content[4:8] != b"ftyp":
        return ()
    end = min(int.from_bytes(content[:4], "big"), len(content), 1024)
    return (content[8:12], *(content[start : start + 4] for start in range(16, end - 3, 4)))

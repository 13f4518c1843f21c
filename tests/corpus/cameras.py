"""Camera RAW made by hand: a DNG with a preview, as small as LibRaw takes it."""

import struct

PREVIEW_AT, SENSOR_IFD_AT, EXIF_AT = 2048, 1024, 1700
SIDE = 64
Field = tuple[int, int, int, bytes]


def numbers(tag: int, kind: str, *values: int) -> Field:
    """A field of bytes, shorts, longs or fractions."""
    code, letter = {"byte": (1, "B"), "short": (3, "H"), "long": (4, "I"), "fraction": (5, "I"), "signed": (10, "i")}[
        kind
    ]
    count = len(values) // 2 if kind in ("fraction", "signed") else len(values)
    return tag, code, count, struct.pack(f"<{len(values)}{letter}", *values)


def text(tag: int, words: str) -> Field:
    """A field of text."""
    return tag, 2, len(words) + 1, words.encode() + b"\0"


def directory(at: int, *fields: Field, following: int = 0) -> bytes:
    """A TIFF directory that stands at `at`, with what does not fit into its fields behind it."""
    behind, entries = b"", b""
    start = at + 2 + 12 * len(fields) + 4
    for tag, code, count, data in sorted(fields):
        value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", start + len(behind))
        behind += data + bytes(len(data) % 2) if len(data) > 4 else b""
        entries += struct.pack("<HHI", tag, code, count) + value
    return struct.pack("<H", len(fields)) + entries + struct.pack("<I", following) + behind


def dng(preview: bytes, width: int, height: int, orientation: int = 1) -> bytes:
    """A DNG around a JPEG preview, taken on the second of January 2020; its sensor saw nothing."""
    sensor_at = PREVIEW_AT + len(preview)
    main = directory(
        8,
        *(numbers(254, "long", 1), numbers(256, "long", width), numbers(257, "long", height)),
        *(numbers(258, "short", 8, 8, 8), numbers(259, "short", 7), numbers(262, "short", 6), numbers(277, "short", 3)),
        *(
            text(271, "Canon"),
            text(272, "Canon EOS 5D"),
            text(50708, "Canon EOS 5D"),
            numbers(274, "short", orientation),
        ),
        *(numbers(273, "long", PREVIEW_AT), numbers(278, "long", height), numbers(279, "long", len(preview))),
        *(numbers(330, "long", SENSOR_IFD_AT), numbers(34665, "long", EXIF_AT)),
        *(numbers(50706, "byte", 1, 4, 0, 0), numbers(50707, "byte", 1, 1, 0, 0), numbers(50778, "short", 21)),
        *(
            numbers(50721, "signed", 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1),
            numbers(50728, "fraction", *[1] * 6),
        ),
    )
    sensor = directory(
        SENSOR_IFD_AT,
        *(numbers(254, "long", 0), numbers(256, "long", SIDE), numbers(257, "long", SIDE), numbers(258, "short", 16)),
        *(numbers(259, "short", 1), numbers(262, "short", 32803), numbers(277, "short", 1), numbers(278, "long", SIDE)),
        *(numbers(273, "long", sensor_at), numbers(279, "long", 2 * SIDE * SIDE)),
        *(numbers(33421, "short", 2, 2), numbers(33422, "byte", 0, 1, 1, 2), numbers(50717, "short", 65535)),
    )
    taken = directory(EXIF_AT, text(36867, "2020:01:02 03:04:05"))
    parts = ((0, struct.pack("<2sHI", b"II", 42, 8) + main), (SENSOR_IFD_AT, sensor), (EXIF_AT, taken))
    head = bytearray(PREVIEW_AT)
    for at, part in parts:
        head[at : at + len(part)] = part
    return bytes(head) + preview + bytes(2 * SIDE * SIDE)

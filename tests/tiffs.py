"""Grey TIFFs of kinds that Pillow reads and does not write."""

import struct

import numpy as np
from tests.corpus.cameras import directory, numbers

AT = 8
ROOM = 200
"""Bytes of the header and the directory."""


def grey_tiff(samples: np.ndarray, bits: int, *, white_is_zero: bool = False) -> bytes:
    """Samples [h, w] of 12 bits that are packed, of 16, or of 32 without a sign."""
    height, width = samples.shape
    strip = packed(samples) if bits == 12 else samples.astype(f"<u{bits // 8}").tobytes()
    entries = directory(
        AT,
        *(numbers(256, "long", width), numbers(257, "long", height), numbers(258, "short", bits)),
        *(numbers(259, "short", 1), numbers(262, "short", 0 if white_is_zero else 1), numbers(277, "short", 1)),
        *(numbers(273, "long", ROOM), numbers(278, "long", height), numbers(279, "long", len(strip))),
    )
    return (struct.pack("<2sHI", b"II", 42, AT) + entries).ljust(ROOM, b"\0") + strip


def packed(samples: np.ndarray) -> bytes:
    """Two samples of 12 bits in three bytes."""
    left, right = samples[:, 0::2].astype(int), samples[:, 1::2].astype(int)
    parts = np.stack([left >> 4, (left & 15) << 4 | right >> 8, right & 255], axis=-1)
    return parts.astype(np.uint8).tobytes()

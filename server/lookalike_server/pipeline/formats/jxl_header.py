"""The first bits of a JPEG XL stream (ISO/IEC 18181-1, SizeHeader and ImageMetadata): how large, and how deep."""

from dataclasses import dataclass

RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, by their numbers from 1."""
SIDEWAYS = frozenset({5, 6, 7, 8})
MOST = 64
"""Bytes that hold all of it, however it is written."""

Ways = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
"""Four ways to write a number: at least so much, and so many bits that are added."""

SIDE: Ways = ((1, 9), (1, 13), (1, 18), (1, 30))
PREVIEW_SIDE: Ways = ((1, 6), (65, 8), (321, 10), (1345, 12))
PREVIEW_EIGHTHS: Ways = ((16, 0), (32, 0), (1, 5), (33, 9))
TICKS: Ways = ((100, 0), (1000, 0), (1, 10), (1, 30))
TICK_PARTS: Ways = ((1, 0), (1001, 0), (1, 8), (1, 10))
LOOPS: Ways = ((0, 0), (0, 3), (0, 16), (0, 32))
DEPTH: Ways = ((8, 0), (10, 0), (12, 0), (1, 6))


@dataclass(frozen=True, slots=True)
class Header:
    """Width and height as a person sees it, and the bits of a sample that is a whole number."""

    width: int
    height: int
    bits: int


def read(stream: bytes) -> Header:
    """What the stream says, from its mark on. Raises SyntaxError where it is cut short."""
    bits = _Bits(stream[2:])
    width, height = bits.size()
    orientation, depth = 1, 8
    if not bits.take(1):
        if bits.take(1):
            orientation = bits.take(3) + 1
            _pass_over_extras(bits)
        depth = 8 if bits.take(1) else bits.number(DEPTH)
    return Header(height, width, depth) if orientation in SIDEWAYS else Header(width, height, depth)


def _pass_over_extras(bits: "_Bits") -> None:
    """The size that is meant for show, a preview, an animation: each after a bit that says whether it is there."""
    if bits.take(1):
        bits.size()
    if bits.take(1):
        sides = PREVIEW_EIGHTHS if bits.take(1) else PREVIEW_SIDE
        bits.number(sides)
        if not bits.take(3):
            bits.number(sides)
    if bits.take(1):
        for ways in (TICKS, TICK_PARTS, LOOPS):
            bits.number(ways)
        bits.take(1)


class _Bits:
    """A stream of bits, the lowest of each byte first."""

    def __init__(self, content: bytes) -> None:
        self._left = 8 * len(content)
        self._value = int.from_bytes(content, "little")

    def take(self, bits: int) -> int:
        """The next so many as a number. Raises SyntaxError at the end."""
        self._left -= bits
        if self._left < 0:
            raise SyntaxError("its header is cut short")
        taken = self._value & ((1 << bits) - 1)
        self._value >>= bits
        return taken

    def number(self, ways: Ways) -> int:
        """A number that is written in one of four ways."""
        least, bits = ways[self.take(2)]
        return least + self.take(bits)

    def size(self) -> tuple[int, int]:
        """Width and height."""
        is_small = self.take(1)
        height = self._side(is_small)
        ratio = self.take(3)
        if not ratio:
            return self._side(is_small), height
        across, down = RATIOS[ratio - 1]
        return height * across // down, height

    def _side(self, is_small: int) -> int:
        return 8 * (self.take(5) + 1) if is_small else self.number(SIDE)

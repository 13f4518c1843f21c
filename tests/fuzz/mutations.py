"""Ways to damage a file: the same seed damages it the same way."""

import random
import struct
from collections.abc import Callable, Sequence

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], bytearray]
MAX_BYTES = 400_000


def mutated(seed: int, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, damaged in one to four ways."""
    chance = random.Random(seed)  # noqa: S311 - it decides nothing that is secret
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        content = chance.choice(MUTATIONS)(content, chance, seeds)[:MAX_BYTES] or bytearray(b"\0")
    return bytes(content)


def _flipped(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    for _each in range(chance.choice((1, 2, 8, 64))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def _early(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    """Headers are where the decisions fall."""
    for _each in range(chance.choice((1, 2, 4))):
        content[chance.randrange(min(len(content), 512))] = chance.choice(
            (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
        )
    return content


def _cut(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    return content[: chance.randrange(1, len(content) + 1)]


def _lied(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    """Lengths, counts and offsets are numbers of 2 or 4 bytes: one that says too much, too little or nothing."""
    value = chance.choice(
        (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(content), chance.getrandbits(32))
    )
    number = struct.pack(chance.choice("<>") + "I", value)[: chance.choice((2, 4))]
    at = chance.randrange(max(1, min(len(content), chance.choice((64, 1024, len(content)))) - 4))
    content[at : at + len(number)] = number
    return content


def _spliced(content: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> bytearray:
    other = chance.choice(seeds)
    start = chance.randrange(len(other))
    at = chance.randrange(len(content))
    return content[:at] + other[start : start + chance.choice((16, 256, len(other)))] + content[at:]


def _repeated(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    start = chance.randrange(len(content))
    part = content[start : start + chance.choice((4, 32, 512))]
    return content[:start] + part * chance.choice((2, 10, 300)) + content[start:]


def _left_out(content: bytearray, chance: random.Random, _: Sequence[bytes]) -> bytearray:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.choice((1, 4, 64, 1024)) :]


MUTATIONS: tuple[Mutation, ...] = (_flipped, _early, _cut, _lied, _lied, _spliced, _repeated, _left_out)

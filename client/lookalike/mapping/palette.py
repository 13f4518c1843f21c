"""Which colour stands for which group: the largest have one each, the others are grey."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lookalike.mapping.reading import Point

COLOURS = (
    "#4e79a7", "#f28e2b", "#e15759", "#59a14f", "#b07aa1", "#e8b90c", "#17a2a8", "#d45fa0",
    "#9c6b4e", "#7f7bd6", "#8cbf26", "#f4777f", "#2c7a4b", "#c46b1d", "#3aa6e0", "#8a3b5c",
)  # fmt: skip
"""Told apart on white and on black; the first eight also by most who confuse red and green."""
GREY = "#a3a3a3"
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of image on the map, and how many there are."""

    name: str
    colour: str
    count: int


def groups(points: Sequence[Point]) -> list[Group]:
    """The largest groups, the largest first (of equals by name), and last all others as one."""
    counts = sorted(Counter(point.group for point in points).items(), key=lambda each: (-each[1], each[0]))
    named = [Group(name, colour, count) for (name, count), colour in zip(counts, COLOURS, strict=False)]
    rest = sum(count for _, count in counts[len(COLOURS) :])
    return [*named, *([Group(OTHERS, GREY, rest)] if rest else [])]


def numbered(points: Sequence[Point], found: Sequence[Group]) -> list[int]:
    """The number of each point's group."""
    numbers = {group.name: number for number, group in enumerate(found[: len(COLOURS)])}
    return [numbers.get(point.group, len(COLOURS)) for point in points]

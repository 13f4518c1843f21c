"""The keys of a network's description: what each takes, and an example for whoever wrote something else."""

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from PIL import Image

Channels = tuple[float, float, float]
"""A number for each colour."""

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}
"""Those of Pillow's that average over all the pixels they cover; doing without costs 5 to 10 grey levels."""


class Key(NamedTuple):
    """One key of the TOML."""

    convert: Callable[[object], object]
    """From TOML's value; raises TypeError, ValueError or OverflowError for what the key cannot take."""
    example: str

    def __call__(self, name: str, value: object) -> object:
        """Convert, or raise ValueError with the example."""
        try:
            return self.convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{name} cannot be {value!r}: write {name} = {self.example}") from error


def text(value: object) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def identifier(value: object) -> str:
    """A text fit for a model's id."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text(value)):
        raise ValueError
    return text(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def whole(value: object) -> int:
    """A whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return value


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)


def size(value: object) -> tuple[int, int]:
    """Height and width, or the one side of a square."""
    height, width = value if isinstance(value, list) else (value, value)
    return whole(height), whole(width)


def interval(value: object) -> tuple[float, float]:
    """Two different numbers."""
    low, high = map(number, value if isinstance(value, list) else [])
    if low == high:
        raise ValueError
    return low, high


def channels(value: object) -> Channels:
    """A number for each colour, or one for all."""
    first, second, third = map(number, value if isinstance(value, list) else [value] * 3)
    return first, second, third


def divisors(value: object) -> Channels:
    """Channels above zero."""
    found = channels(value)
    if min(found) <= 0:
        raise ValueError
    return found


def one_of(*words: str) -> Key:
    """A key that takes one of these words."""

    def chosen(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return Key(chosen, " or ".join(f'"{word}"' for word in words))


KEYS: Mapping[str, Key] = {
    "name": Key(identifier, '"my-model", of letters, digits, dots, dashes and underscores'),
    "file": Key(text, '"model.onnx", or a .keras file, or the folder of a SavedModel'),
    "size": Key(size, "[224, 224], height and width"),
    "layout": one_of("NHWC", "NCHW"),
    "range": Key(interval, "[0, 1], what 0 and 255 become"),
    "mean": Key(channels, "[0.485, 0.456, 0.406], or one number"),
    "std": Key(divisors, "[0.229, 0.224, 0.225], or one number, above 0"),
    "colour": one_of("RGB", "BGR"),
    "resize": one_of("squeeze", "crop"),
    "shorter": Key(whole, "256, in pixels"),
    "filter": one_of(*FILTERS),
    "input": Key(text, '"pixels", the name of an input'),
    "output": Key(text, '"features", the name of an output'),
    "orientation": Key(flag, "true or false"),
    "dim": Key(whole, "512, the length of an embedding"),
    "labels": Key(text, '"labels.txt", a file with one name a line'),
    "softmax": Key(flag, "true where the outputs are logits, false where they are probabilities"),
}

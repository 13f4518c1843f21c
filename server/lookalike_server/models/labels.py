"""The names of a classifier's outputs, read from a text file."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lookalike_server.catalog.limits import MAX_SCENE_NAME
from lookalike_server.errors import ModelFileError

PLACES = re.compile(r"/\w/(\S+) (\d+)")
"""A line of Places365's categories_places365.txt: `/a/airport_terminal 2`, `/f/field/cultivated 140`."""


def read(path: Path) -> tuple[str, ...]:
    """One name a line; empty lines do not count.

    In a file of Places365's form, a name's inner slash becomes an underscore, as in the ancestor's databases: the
    scenes of rows that were imported from one are then the same words. Raises ModelFileError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelFileError(f"Cannot read the labels in {path}: {error}.") from error
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    first = next(iter(lines.values()), "")
    names = _places(list(lines.values()), path) if PLACES.fullmatch(first) else list(lines.values())
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if not names or twice:
        words = f"names {', '.join(twice)} twice" if names else "names nothing"
        raise ModelFileError(f"{path} {words}: write one label a line, each once, in the order of the outputs.")
    _check(dict(zip(lines, names, strict=True)), path)
    return tuple(names)


def _check(names: Mapping[int, str], path: Path) -> None:
    """Refuse, by the number of its line, what no image could keep."""
    for number, name in names.items():
        if len(name) > MAX_SCENE_NAME or "\0" in name:
            words = f"a label of {len(name)} characters" if "\0" not in name else "a label with a NUL"
            raise ModelFileError(f"{path} has {words} in line {number}: write 1 to {MAX_SCENE_NAME}, and no NUL.")


def _places(lines: Sequence[str], path: Path) -> list[str]:
    found = [PLACES.fullmatch(line) for line in lines]
    for number, line in enumerate(found):
        if line is None or int(line[2]) != number:
            words = f"{lines[number]!r} where '/a/name {number}' belongs"
            raise ModelFileError(f"{path} has {words}: sort the lines by their number, from 0.")
    return [line[1].replace("/", "_") for line in found if line]

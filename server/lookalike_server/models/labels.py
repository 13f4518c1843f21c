"""The names of a classifier's outputs, read from a text file."""

import re
from pathlib import Path

from lookalike_server.errors import ModelFileError

PLACES = re.compile(r"/\w/(\S+) (\d+)")
"""A line of Places365's categories_places365.txt: `/a/airport_terminal 2`, `/f/field/cultivated 140`."""


def read(path: Path) -> tuple[str, ...]:
    """One name a line; empty lines do not count.

    In a file of Places365's form, a name's inner slash becomes an underscore, as in the ancestor's databases: the
    scenes of rows that were imported from one are then the same words. Raises ModelFileError.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ModelFileError(f"Cannot read the labels in {path}: {error}.") from error
    names = _places(lines, path) if lines and PLACES.fullmatch(lines[0]) else lines
    if not names or (twice := sorted({name for name in names if names.count(name) > 1})):
        words = f"names {', '.join(twice)} twice" if names else "names nothing"
        raise ModelFileError(f"{path} {words}: write one label a line, each once, in the order of the outputs.")
    return tuple(names)


def _places(lines: list[str], path: Path) -> list[str]:
    found = [PLACES.fullmatch(line) for line in lines]
    for number, line in enumerate(found):
        if line is None or int(line[2]) != number:
            words = f"{lines[number]!r} where '/a/name {number}' belongs"
            raise ModelFileError(f"{path} has {words}: sort the lines by their number, from 0.")
    return [line[1].replace("/", "_") for line in found if line]

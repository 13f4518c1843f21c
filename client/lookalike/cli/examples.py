"""A file of examples: "more like these, not like those".

A line is a file, relative to the folder of the list, or id:SHA256; `- ` before it makes it one to look less like, `+ `
says what goes without saying. Empty lines and those that begin with `#` say nothing.
"""

from collections.abc import Callable
from pathlib import Path

import typer

from lookalike.cli.output import printable
from lookalike.reports import Asked

MAX_BYTES = 1 << 20
"""Of a list: a search takes 32 examples, and a picture given by mistake shall not be read as a list of names."""

Reader = Callable[[str, str], Asked]
"""Reads one example; the second text names where it stands, for the error."""


def read_examples(path: Path, read_one: Reader) -> tuple[list[Asked], list[Asked]]:
    """Give the examples to look like and those to look less like."""
    like: list[Asked] = []
    unlike: list[Asked] = []
    for number, line in enumerate(_lines(path), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            wanted = unlike if text.startswith("- ") else like
            name = text[2:].strip() if text.startswith(("- ", "+ ")) else text
            wanted.append(read_one(_beside(path, name), f"--examples, line {number} of {printable(path.name)}"))
    if not like and not unlike:
        raise typer.BadParameter(f"{printable(str(path))} names no examples", param_hint="--examples")
    return like, unlike


def _beside(path: Path, name: str) -> str:
    return name if name.startswith("id:") else str(path.parent / name)


def _lines(path: Path) -> list[str]:
    """The list's lines; a name that is not UTF-8 on disk may stand there as it is."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = f"{printable(str(path))} cannot be read: {error.strerror}"
        raise typer.BadParameter(hint, param_hint="--examples") from None
    if len(content) > MAX_BYTES or b"\0" in content:
        raise typer.BadParameter(f"{printable(str(path))} is no list of examples", param_hint="--examples")
    return content.decode("utf-8", "surrogateescape").removeprefix("\N{BYTE ORDER MARK}").splitlines()

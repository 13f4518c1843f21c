"""Files that people keep: written whole or not at all, and never over a file of another kind.

A name mistyped, such as that of a picture, costs nothing: only a file that begins as these files do is replaced.
"""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import typer

from lookalike.cli.output import fail, printable
from lookalike.reports.table import Cell
from lookalike.whole import whole

STDOUT = Path("-")
_HEAD = 4096  # bytes; the mark of each kind stands among the first


def check_file(path: Path | None, mark: str, option: str) -> None:
    """Refuse a file that could not, or should not, be written, before there is anything to write."""
    if path is None or path == STDOUT:
        return
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {printable(str(path.parent))}", param_hint=option)
    if path.exists() and not _is_ours(path, mark):
        hint = f"{printable(str(path))} exists and is not what would be written: choose another name"
        raise typer.BadParameter(hint, param_hint=option)


def _is_ours(path: Path, mark: str) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return not head or mark.encode() in head


@contextmanager
def writing(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """Give a file to write to, or standard output for `-`; it takes its name when the block ends well."""
    if path == STDOUT:
        yield sys.stdout
        return
    try:
        with whole(path) as part, part.open("w", encoding=encoding, newline="") as file:
            yield file
    except OSError as error:
        raise fail(f"{printable(str(path))} cannot be written: {error.strerror}") from error


@contextmanager
def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[Cell]], object]]:
    """Give what writes a row; a file begins with a byte order mark, by which spreadsheets know UTF-8."""
    with writing(path, "utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        yield writer.writerow

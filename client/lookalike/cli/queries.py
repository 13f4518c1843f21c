"""From the words of a command line to questions: files, folders of pictures, images by their ids, and examples."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import typer

from lookalike import pictures
from lookalike.cli.examples import read_examples
from lookalike.cli.output import fail, printable
from lookalike.containers import container_of
from lookalike.originals import is_file
from lookalike.reports import Asked, Question

STORED = re.compile(r"id:([0-9a-f]{64})")


class Wanted(NamedTuple):
    """What to look for; `single` where the words name one thing, which is answered in the form of one."""

    questions: list[Question]
    single: bool


def read_wanted(which: Sequence[str], like: Sequence[str], unlike: Sequence[str], examples: Path | None) -> Wanted:
    """Read the queries, each joined by the examples; without queries the examples are one."""
    liked, unliked = (
        [read_one(text, option) for text in texts] for texts, option in ((like, "--like"), (unlike, "--unlike"))
    )
    if examples:
        more, less = read_examples(examples, read_one)
        liked, unliked = liked + more, unliked + less
    if not which:
        return Wanted([_alone(liked, unliked)], True)
    found = [Question((one, *liked), tuple(unliked)) for text in which for one in _each(text)]
    if not found:
        raise fail(f"No pictures in {printable(', '.join(which))}.")
    return Wanted(found, len(which) == 1 and not _is_folder(which[0]))


def read_one(text: str, option: str) -> Asked:
    """Read the name of a file, or id:SHA256."""
    if written := STORED.fullmatch(text):
        return Asked(written[1])
    if not is_file(container_of(text)):
        hint = f"{printable(text)} is no file here, and not id: with 64 hexadecimal digits"
        raise typer.BadParameter(hint, param_hint=option)
    return _file(text)


def _alone(liked: Sequence[Asked], unliked: Sequence[Asked]) -> Question:
    if not liked:
        hint = "name a picture to look for: a file, a folder, id:SHA256, or one after --like"
        raise typer.BadParameter(hint, param_hint="QUERY")
    return Question(tuple(liked), tuple(unliked))


def _each(text: str) -> Iterator[Asked]:
    if _is_folder(text):
        yield from (_file(path) for path in pictures.find(text))
    else:
        yield read_one(text, "QUERY")


def _is_folder(text: str) -> bool:
    return os.path.isdir(text)  # noqa: PTH112 - Path.is_dir raises an error for a name that is too long


def _file(path: str | Path) -> Asked:
    return Asked("", os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps "..", resolve follows links

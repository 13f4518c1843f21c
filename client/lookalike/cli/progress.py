"""How a command that takes its time shows how far it is, and at the end what failed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Protocol

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from lookalike.cli.output import INTERRUPTED, err, error_fields, out, printable, remark
from lookalike.errors import LookalikeError

FAILURES_SHOWN = 20

Failures = Sequence[tuple[str | None, LookalikeError | None]]
"""Paths, and why they failed."""


class RateColumn(ProgressColumn):
    """Pictures in a second, lately."""

    def render(self, task: Task) -> Text:
        """Show nothing until there is something to measure."""
        return Text(f"{task.speed:,.1f}/s" if task.speed else "", style="progress.data.speed")


class Tally(Protocol):
    """What a command has done so far."""

    seconds: float

    @property
    def words(self) -> str:
        """It all, in a line."""
        ...


@contextmanager
def timed(tally: Tally, *, resumes: bool = True) -> Iterator[None]:
    """Measure what a command does; on Ctrl-C say how far it came, and leave: if it `resumes`, it goes on from there."""
    begin = perf_counter()
    try:
        yield
    except KeyboardInterrupt:
        again = " The same command again goes on from here." if resumes else ""
        remark(f"\nStopped after {tally.words}.{again}", "yellow")
        raise typer.Exit(INTERRUPTED) from None
    tally.seconds = perf_counter() - begin


def progress_bar(as_json: bool) -> Progress:
    """Give a bar with rate and time remaining, that shows where there is a person to see it."""
    columns = (
        BarColumn(None),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    return Progress(*columns, console=err, disable=as_json or not err.is_terminal, expand=True)


def list_failures(failures: Failures) -> None:
    """Print the first of them, a line each, and how many more there are."""
    lines = []
    for path, error in failures:
        reason, message = (error.reason, error.message) if error else ("", "")
        lines.append(failure_line(printable(path or "?"), reason, message))
    list_first(lines)


def failure_line(what: str, reason: str, message: str) -> Text:
    """Give one failure for people to read."""
    return Text.assemble(("  failed ", "red"), what, (f"  {reason} ", "bold"), printable(message))


def list_first(lines: Sequence[Text]) -> None:
    """Print the first lines, and how many more there are."""
    for line in lines[:FAILURES_SHOWN]:
        out.print(line, soft_wrap=True)
    if len(lines) > FAILURES_SHOWN:
        out.print(f"  and {len(lines) - FAILURES_SHOWN:,} more; --json lists all")


def failure_fields(failures: Failures) -> list[dict[str, Any]]:
    """Give all of them for JSON."""
    return [{"path": path, **(error_fields(error) if error else {})} for path, error in failures]

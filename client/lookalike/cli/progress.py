"""How a command that takes its time shows how far it is, and at the end what failed."""

from collections.abc import Sequence
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from lookalike.cli.output import err, error_fields, out, printable
from lookalike.errors import LookalikeError

FAILURES_SHOWN = 20

Failures = Sequence[tuple[str | None, LookalikeError | None]]
"""Paths, and why they failed."""


class RateColumn(ProgressColumn):
    """Pictures in a second, lately."""

    def render(self, task: Task) -> Text:
        """Show nothing until there is something to measure."""
        return Text(f"{task.speed:,.1f}/s" if task.speed else "", style="progress.data.speed")


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
    for path, error in failures[:FAILURES_SHOWN]:
        reason, message = (error.reason, error.message) if error else ("", "")
        line = Text.assemble(("  failed ", "red"), printable(path or "?"), (f"  {reason} ", "bold"), printable(message))
        out.print(line, soft_wrap=True)
    if len(failures) > FAILURES_SHOWN:
        out.print(f"  and {len(failures) - FAILURES_SHOWN:,} more; --json lists all")


def failure_fields(failures: Failures) -> list[dict[str, Any]]:
    """Give all of them for JSON."""
    return [{"path": path, **(error_fields(error) if error else {})} for path, error in failures]

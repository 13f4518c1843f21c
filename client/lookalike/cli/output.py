"""How the command speaks: results on standard output, everything else on standard error.

Text from outside (paths, labels, a server's messages) passes through `printable`: a file's name may hold anything,
terminal commands included. The consoles read no markup, so that "[red]" in a name stays what it is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from lookalike import safe
from lookalike.errors import LookalikeError
from lookalike.reports import shapes

OK, FAILED, INTERRUPTED = 0, 1, 130

out = Console(markup=False, emoji=False, highlight=False)
err = Console(markup=False, emoji=False, highlight=False, stderr=True)

plain, printable = shapes.plain, safe.printable


def print_json(value: object) -> None:
    """Print one JSON document: the SDK's objects by their fields, times in ISO 8601."""
    typer.echo(json.dumps(plain(value), indent=2))


def remark(text: str, style: str = "") -> None:
    """Say something to the person at the terminal; it is no part of the result."""
    err.print(Text(text, style=style), soft_wrap=True)


def error_fields(error: LookalikeError) -> dict[str, Any]:
    """What programs may read about an error."""
    return {
        "code": error.code,
        "reason": error.reason,
        "message": error.message,
        "retry_after": error.retry_after,
    }


@contextmanager
def friendly(as_json: bool) -> Iterator[None]:
    """Show an error of the SDK as one line, or with `--json` as one object, on standard error; leave with status 1."""
    try:
        yield
    except LookalikeError as error:
        if as_json:
            typer.echo(json.dumps({"error": error_fields(error)}), err=True)
        else:
            line = Text.assemble((error.reason, "bold red"), " ", printable(error.message))
            err.print(line, soft_wrap=True)
        raise typer.Exit(FAILED) from None


def fail(message: str) -> typer.Exit:
    """Say what went wrong outside the SDK; to be raised."""
    err.print(Text(message, style="red"), soft_wrap=True)
    return typer.Exit(FAILED)


def reason(error: OSError) -> str:
    """Say why the system refused, without its number for that, and the name of a file that nobody has seen."""
    return error.strerror or printable(str(error))


def day(when: datetime | None) -> str:
    """Give a time as people at this machine write it, to the minute."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when else "unknown"


def size(count: int) -> str:
    """Give a number of bytes in the unit that reads well."""
    amount, units = float(count), iter(("bytes", "kB", "MB"))
    unit = next(units)
    for larger in units:
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:,.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"

"""The ways in which `lookalike top` shows a server's pace: on a terminal, into a file, to a program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from lookalike.cli.output import err, error_fields, out, plain, printable
from lookalike.cli.pace import Pace
from lookalike.cli.screen import screen
from lookalike.errors import LookalikeError


class View(Protocol):
    """Takes what happens to whoever watches."""

    def show(self, pace: Pace) -> None:
        """An interval has passed."""

    def lost(self, error: LookalikeError) -> None:
        """The server does not answer; it is asked again."""


@contextmanager
def view(address: str, as_json: bool) -> Iterator[View]:
    """The view that suits standard output."""
    if as_json:
        yield Lines()
    elif not out.is_terminal:
        yield Pages(address)
    else:
        watched = Terminal(address)
        try:
            with watched.live:
                yield watched
        finally:
            out.print(watched.last)


class Terminal:
    """The whole of the terminal while it lasts, what was last there when it is over."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.last: RenderableType = Text(f"{printable(address)}: reading ...")
        self.live = Live(self.last, console=out, screen=True, auto_refresh=False)

    def show(self, pace: Pace) -> None:
        """In place of what was there."""
        self.last = screen(self._address, pace, out.width)
        self.live.update(self.last, refresh=True)

    def lost(self, error: LookalikeError) -> None:
        """Above what was last known."""
        self.live.update(Group(trouble(error), "", self.last), refresh=True)


class Pages:
    """One screen after the other, for a file or a pipe."""

    def __init__(self, address: str) -> None:
        self._address = address

    def show(self, pace: Pace) -> None:
        """With a line between it and the next."""
        out.print(screen(self._address, pace, out.width))
        out.print()

    def lost(self, error: LookalikeError) -> None:
        """On standard error."""
        err.print(trouble(error), soft_wrap=True)


class Lines:
    """JSON, an object a line."""

    def show(self, pace: Pace) -> None:
        """The numbers."""
        typer.echo(json.dumps(plain(pace)))

    def lost(self, error: LookalikeError) -> None:
        """On standard error."""
        typer.echo(json.dumps({"error": error_fields(error)}), err=True)


def trouble(error: LookalikeError) -> Text:
    """Say that the server does not answer, and that it is asked again."""
    return Text.assemble((error.reason, "bold red"), " ", printable(error.message), ("  asking again ...", "dim"))

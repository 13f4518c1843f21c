"""`lookalike serve`, `backup`, `restore`, `verify`, `train` and `evaluate`: the server's own commands under this name.

The SDK never imports the server: this process becomes `python -m lookalike_server`, so that arguments, help, signals
and exit status are the server's.
"""

import os
import sys
from typing import Annotated

import typer

Arguments = Annotated[list[str] | None, typer.Argument(metavar="[OPTIONS]", show_default=False)]
ARGUMENTS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def serve(arguments: Arguments = None) -> None:
    """Start a server; for its options: lookalike serve --help."""
    _become("serve", arguments)


def backup(arguments: Arguments = None) -> None:
    """Copy the catalog of a running server to one file."""
    _become("backup", arguments)


def restore(arguments: Arguments = None) -> None:
    """Bring a backup back into a data folder, or check it."""
    _become("restore", arguments)


def verify(arguments: Arguments = None) -> None:
    """Check a stopped server's data folder from end to end, and mend it."""
    _become("verify", arguments)


def evaluate(arguments: Arguments = None) -> None:
    """Compare models on folders of kinds; for its options: lookalike evaluate --help."""
    _become("evaluate", arguments)


def train(arguments: Arguments = None) -> None:
    """Train a model on folders of kinds; for its options: lookalike train --help."""
    _become("train", arguments)


def _become(command: str, arguments: list[str] | None) -> None:
    sys.stdout.flush()
    line = [sys.executable, "-m", "lookalike_server", command, *(arguments or [])]
    os.execv(sys.executable, line)  # noqa: S606 - our own module, no shell

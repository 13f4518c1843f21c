"""The command as a shell runs it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping

from typer.testing import Result

Run = Callable[..., Result]
"""The command in this process, pointed at the test's server."""

COMMAND = (sys.executable, "-c", "from lookalike.cli import main; main()")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Wide, so that no line is wrapped, and without settings of whoever runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
    return {**inherited, "COLUMNS": "300", **(extra or {})}


def lookalike(*arguments: object, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    line = [*COMMAND, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=environment(extra), check=False)


def at_a_terminal(typed: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command with a person before it, who has typed ahead."""
    person, terminal = os.openpty()
    os.write(person, typed.encode())
    line = [*COMMAND, *map(str, arguments)]
    try:
        return subprocess.run(line, stdin=terminal, capture_output=True, text=True, env=environment(), check=False)
    finally:
        os.close(person)
        os.close(terminal)


def start(*arguments: object) -> subprocess.Popen[str]:
    line = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())

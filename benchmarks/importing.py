"""How long a program waits for `import lookalike`, and a person for `lookalike --help`.

Enters: nothing; leaves: a table. The imports are measured in an environment of their own that holds what
`pip install .` brings and nothing else; the command in this one. Each line is many starts of Python, turn by turn.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine
from benchmarks.markdown import table, verdict

ROOT = Path(__file__).parents[1]
LIMIT = 0.3
"""Seconds that an import may take."""
STATEMENTS = (
    "pass",
    "import lookalike",
    "import grpc",
    "from lookalike import Client",
    "from lookalike import AsyncClient",
)


class Start(NamedTuple):
    """Seconds that one start took, and of the processor."""

    wall: float
    processor: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--here", action="store_true", help="measure all in this environment, and install nothing")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        python = sys.executable if args.here else installed(Path(folder))
        commands = {f"`{statement}`": [python, "-c", statement] for statement in STATEMENTS}
        commands["`lookalike --help`"] = [str(Path(sys.executable).with_name("lookalike")), "--help"]
        taken = measured(list(commands.values()), args.starts)
    print(machine.describe(), end="\n\n")
    head = ("start of Python and", "seconds, best", "median", "of processor, median", f"median < {LIMIT} met")
    table(head, (row(name, seconds) for name, seconds in zip(commands, taken, strict=True)))


def row(name: str, starts: Sequence[Start]) -> tuple[str, ...]:
    """A line of the table."""
    walls, processors = zip(*starts, strict=True)
    median = statistics.median(walls)
    figures = (min(walls), median, statistics.median(processors))
    return (name, *(f"{seconds:.3f}" for seconds in figures), verdict(median < LIMIT))


def installed(folder: Path) -> str:
    """The Python of an environment that holds the SDK and what it requires."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    return python


def measured(commands: Sequence[Sequence[str]], starts: int) -> list[list[Start]]:
    """Each command, so many times; the first round, which fills caches, does not count."""
    taken: list[list[Start]] = [[] for _ in commands]
    for number in range(starts + 1):
        for command, seconds in zip(commands, taken, strict=True):
            start = timed(command)
            if number:
                seconds.append(start)
    return taken


def timed(command: Sequence[str]) -> Start:
    """One start."""
    began, worked = time.perf_counter(), processor_seconds()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Start(time.perf_counter() - began, processor_seconds() - worked)


def processor_seconds() -> float:
    """Of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""How long a program waits for `import lookalike`, and a person for `lookalike --help`.

Enters: nothing; leaves: a table. The imports are measured in an environment of their own that holds what
`pip install .` brings and nothing else; the command in this one. Each line is many starts of Python, turn by turn.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

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
    rows = [
        (name, f"{min(seconds):.3f}", f"{statistics.median(seconds):.3f}", verdict(statistics.median(seconds) < LIMIT))
        for name, seconds in zip(commands, taken, strict=True)
    ]
    table(("start of Python and", "seconds, best", "median", f"< {LIMIT} met"), rows)


def installed(folder: Path) -> str:
    """The Python of an environment that holds the SDK and what it requires."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    return python


def measured(commands: Sequence[Sequence[str]], starts: int) -> list[list[float]]:
    """Seconds of each command, so many times; the first round, which fills caches, does not count."""
    taken: list[list[float]] = [[] for _ in commands]
    for number in range(starts + 1):
        for command, seconds in zip(commands, taken, strict=True):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if number:
                seconds.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    main()

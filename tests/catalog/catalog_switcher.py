"""Run as a program by test_crash: gives a collection to another model, and is killed before its n-th step of SQLite's.

Kills itself, by SIGKILL, so that every point between two steps can be tried: the statements that stage the last image,
each of the switch's transaction, its commit, and the emptying of the log after it.
"""

import os
import signal
import sys
from pathlib import Path

from tests.catalog.catalog_makers import MODELS, OTHER, open_catalog, restaged

from lookalike_server.catalog.catalog import Catalog

NUMBERS = range(12)


def main(folder: Path, steps: int) -> None:
    left = steps

    def count(_statement: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    catalog = open_catalog(folder, models=MODELS, small=5)
    catalog.settle(30)
    stage(catalog, NUMBERS[:-1])
    catalog._store._database._writer.set_trace_callback(count)  # type: ignore[attr-defined]
    stage(catalog, NUMBERS[-1:])
    catalog.switch_model("c", OTHER)
    print("switched", flush=True)
    catalog.close()


def stage(catalog: Catalog, numbers: range) -> None:
    """Says the last of them when all are staged."""
    assert catalog.stage([restaged(number) for number in numbers]) == [None] * len(numbers)
    print(f"staged {numbers[-1]}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

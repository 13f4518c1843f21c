"""What a process keeps of what it freed; in processes of their own, because it cannot be undone."""

import subprocess
import sys
from pathlib import Path

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="the C library is another")

START = """
import sys
from pathlib import Path
import numpy as np
from lookalike_server import memory

def held():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1024

memory.keep_freed()
"""

FREEING = """
blocks = [np.ones(2**20, np.uint8) for _ in range(100)]
full = held()
kept = blocks[50]
del blocks
print(full - held())
memory.give_back()
print(full - held())
"""

SNAPSHOT = """
from tests.catalog.catalog_makers import MODEL, arrival, units
from lookalike_server.catalog.catalog import Catalog

with Catalog(Path(sys.argv[1]), models={MODEL: 2_048}, small=10) as catalog:
    catalog.create_collection("c")
    for start in range(0, 1_000, 100):
        rows = units(100, 2_048, seed=start)
        catalog.add([arrival(start + n, vector=row) for n, row in enumerate(rows)])
    assert catalog.settle(60)
    (shelf,) = catalog._shelves.standing().values()
    memory.give_back()
    full = held()
    assert shelf.save()
    print(full - held())
"""


def megabytes(program: str, *arguments: str) -> list[float]:
    command = [sys.executable, "-c", START + program, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in done.stdout.split()]


@linux
def test_what_is_freed_is_kept_until_it_is_given_back() -> None:
    kept, given = megabytes(FREEING)
    assert kept < 20
    assert given > 80


@linux
def test_vectors_that_a_snapshot_has_leave_memory(tmp_path: Path) -> None:
    (given,) = megabytes(SNAPSHOT, str(tmp_path))
    assert given > 4, "of 8 MB in full precision"

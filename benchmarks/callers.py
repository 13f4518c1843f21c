"""What the processes that make load do: import files, search, through the SDK as any program would.

Each function runs in a process of its own (`workers.process`); what it takes and returns can be pickled.
"""

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.load import Call, Sample
from lookalike import Client
from lookalike.types import ImportOutcome

Load = Callable[[Call], list[Sample]]
"""A loop of `load`, with all but the call filled in."""


def import_files(target: str, files: Sequence[Path], collection: str) -> float:
    """Seconds from the first file, on disk, to the last acknowledgement. Raises ValueError unless all were new."""
    with Client(target) as looks:
        looks.server_info()
        began = time.perf_counter()
        outcomes = [step.outcome for step in looks.import_images(files, collection=collection)]
        seconds = time.perf_counter() - began
    if set(outcomes) != {ImportOutcome.CREATED}:
        raise ValueError(f"the import into {collection} went wrong: {set(outcomes)}")
    return seconds


def import_for(target: str, files: Sequence[Path], collection: str, seconds: float) -> float:
    """Images a second that are acknowledged while files are imported again and again, each time as new, for so long."""
    done, began = 0, time.perf_counter()
    with Client(target) as looks:
        for number in count():
            for step in looks.import_images(files, collection=f"{collection}-{number}"):
                done += step.outcome is ImportOutcome.CREATED
                if (spent := time.perf_counter() - began) > seconds:
                    return done / spent
    raise AssertionError


def search(target: str, collection: str, queries: Sequence[Any], load: Load) -> list[Sample]:
    """The loop's calls, each a search for the next of the queries; the first, which opens the connection, is free."""
    with Client(target) as looks:
        looks.search(queries[0], collection=collection)
        return load(lambda number: void(looks.search(queries[number % len(queries)], collection=collection)))


def void(_: object) -> None:
    """Nothing: a call of a loop returns none."""

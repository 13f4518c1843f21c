"""The use case of looking for duplicates: long work that runs beside searches without hurting them.

One thread of low priority takes all such work in turns of a tenth of a second, so that several callers advance evenly
and nobody waits long for one who leaves: whoever stops listening gets no further turn.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor

from lookalike_server import yielding
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.duplicates import Finding, Progress
from lookalike_server.records import Filter

DEFAULT_RADIUS = 0.3
"""See the table in docs/benchmarks.md."""
TURN_SECONDS = 0.1


class DuplicateFinder:
    """Looks for duplicates in one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._thread = ThreadPoolExecutor(1, "duplicates", initializer=yielding.to_others, initargs=(yielding.BULK,))

    def close(self) -> None:
        """End after the turn under way."""
        self._thread.shutdown(cancel_futures=True)

    async def find(self, collection: str, wanted: Filter, radius: float) -> AsyncGenerator[list[Finding], None]:
        """What each turn came to, in the order of `catalog.duplicates.find`.

        Raises every error that the proto lists for FindDuplicates.
        """
        findings = await asyncio.to_thread(self._catalog.duplicates, collection, radius, wanted)
        while turn := await asyncio.get_running_loop().run_in_executor(self._thread, next_turn, findings):
            yield turn


def next_turn(findings: Iterator[Finding]) -> list[Finding]:
    """What comes within a turn, of progress only the last word; empty when all has come."""
    end = time.monotonic() + TURN_SECONDS
    turn: list[Finding] = []
    for each in findings:
        if turn and isinstance(turn[-1], Progress) and isinstance(each, Progress):
            turn.pop()
        turn.append(each)
        if time.monotonic() >= end:
            break
    return turn

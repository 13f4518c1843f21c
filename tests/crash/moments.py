"""When to kill: at any moment, or at one that a caller, the data folder or the process shows to be of some kind."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.crash.board import Board
from tests.crash.callers import DELETE, DROP, IMPORT, MASS, STAGE, SWITCH, TAKE_BACK, UPDATE

from lookalike_server.process import ServerProcess

ANY, SNAPSHOT, STOP, START = "any", "write a snapshot", "stop", "start, after a kill"
AIMS = (ANY, IMPORT, UPDATE, DELETE, MASS, DROP, STAGE, SWITCH, TAKE_BACK, SNAPSHOT, STOP, START)
"""What kills are aimed at."""
PATIENCE = 5.0
"""Seconds that a moment is waited for before the kill comes without it."""


def strike(aim: str, server: ServerProcess, folder: Path, board: Board, chance: random.Random) -> set[str]:
    """Kill the server at such a moment; what was under way just before."""
    litter = drafts(folder)
    time.sleep(chance.uniform(0.05, 0.6))  # to have come anywhere in the callers' turns
    stopping = {STOP} if aim == STOP else set()
    if aim == SNAPSHOT:
        until(lambda: is_saving(server.pid, folder, litter))
    elif aim == STOP:
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(chance.uniform(0, 0.4))
    elif aim not in (ANY, START):
        board.wait(aim, PATIENCE)
        time.sleep(chance.choice([0, chance.uniform(0, 0.008), chance.uniform(0, 0.03)]))  # at once, or somewhat later
    seen = board.under_way() | ({SNAPSHOT} if is_saving(server.pid, folder, litter) else set()) | stopping
    server.kill()
    return seen


def until(happens: Callable[[], bool]) -> None:
    """Wait for it, looking all the time: what is waited for may last a millisecond."""
    end = time.monotonic() + PATIENCE
    while not happens() and time.monotonic() < end:
        time.sleep(0.0002)


def is_saving(pid: int, folder: Path, litter: set[tuple[Path, int]]) -> bool:
    """Whether the server writes a snapshot: a child process does, or there is a draft besides those that were there."""
    return bool(children(pid)) or bool(drafts(folder) - litter)


def drafts(folder: Path) -> set[tuple[Path, int]]:
    """Files of snapshots that are not published yet, each with what tells it from another of its name."""
    found = set()
    for path in (folder / "indexes").glob("*/*aside*"):
        with suppress(FileNotFoundError):  # published this moment
            found.add((path, path.stat().st_ino))
    return found


def children(pid: int) -> list[int]:
    """The processes that a process has made, whichever of its threads did."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listed.read_text().split())
        except OSError:  # that thread has just ended
            continue
    return found

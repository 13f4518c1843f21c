"""Threads that give way: relative to where the process stands, and never fatal."""

import os
import sys
import threading

import pytest

from lookalike_server import yielding

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")


def niceness_after(*steps: int) -> list[int]:
    """What a thread's niceness is after each step, and first before any."""
    found = []

    def run() -> None:
        thread = threading.get_native_id()
        found.append(os.getpriority(os.PRIO_PROCESS, thread))
        for step in steps:
            yielding.to_others(step)
            found.append(os.getpriority(os.PRIO_PROCESS, thread))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found


def test_a_thread_gives_way_by_so_much_and_no_further_than_the_system_goes() -> None:
    before, first, second, last = niceness_after(0, 5, 30)
    assert (first, second, last) == (before, min(19, before + 5), 19)
    assert niceness_after()[0] == before, "the others stay where they were"


def test_where_it_is_forbidden_threads_stay_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", forbidden)
    before, after = niceness_after(5)
    assert before == after

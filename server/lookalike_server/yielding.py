"""Threads that let others go first: what computes long gets the cores when those who are quickly done leave them.

On two busy cores each hand-over from one thread to the next waits for a turn, and a search has ten of them. With these
numbers the 99th percentile of searches beside an import fell from 154 to 72 ms (`python -m benchmarks.speed`, mixed).
"""

import os
import sys
import threading
from contextlib import suppress

ENGINE = 5
"""The network's: every other thread needs little at a time, and somebody waits for it."""
BULK = 10
"""Of what decodes for the bulk lane."""
IDLE = 19
"""Of what nobody waits for."""


def to_others(niceness: int) -> None:
    """Make the calling thread give way to others of this process by so much; on Linux, where each has a niceness.

    Where a sandbox forbids it, threads stay equal.
    """
    if sys.platform == "linux" and niceness:
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + niceness))

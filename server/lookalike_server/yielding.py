"""Threads that let others go first: what computes long gets the cores when those who are quickly done leave them.

On two busy cores each hand-over from one thread to the next waits for a turn, and a search has ten of them. With these
numbers the 99th percentile of searches beside an import fell from 154 to 72 ms (`python -m benchmarks.speed`, mixed).
"""

import os
import sys
import threading

ENGINE = 5
"""The network's: every other thread needs little at a time, and somebody waits for it."""
BULK = 10
"""Of what decodes for the bulk lane."""


def to_others(niceness: int) -> None:
    """Make the calling thread give way to other threads of this process; on Linux, where each has a niceness."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)

"""Processes of their own for what is measured, so that neither has the other's threads, memory or interpreter lock."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def process() -> Iterator[ProcessPoolExecutor]:
    """One process, which runs what is submitted in its main thread; what modules keep there stays between calls."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool

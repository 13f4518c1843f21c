"""How many pixels may be decoded at once: the bound on the memory that pictures take."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PixelBudget:
    """Shared by all decoding threads; whoever needs more than is left waits until others have finished."""

    def __init__(self, pixels: int) -> None:
        self._left = pixels
        self._all = pixels
        self._freed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Hold so many pixels while the block runs; one picture larger than the whole budget holds all of it."""
        pixels = min(pixels, self._all)
        with self._freed:
            self._freed.wait_for(lambda: self._left >= pixels)
            self._left -= pixels
        try:
            yield
        finally:
            with self._freed:
                self._left += pixels
                self._freed.notify_all()

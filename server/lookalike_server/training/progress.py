"""How far a long step has come, for the person who waits: one line on standard error that says when it will be done.

On a terminal the line is drawn over and over; in a log there is a line every ten seconds and one at the end.
"""

import sys
import time
from collections.abc import Callable
from shutil import get_terminal_size
from typing import TextIO

TERMINAL_SECONDS, LOG_SECONDS = 0.1, 10.0
WIDTH = 24
"""Characters of the bar."""


class Progress:
    """Counts one step's things."""

    def __init__(
        self, label: str, total: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label, self._total = label, total
        self._stream, self._clock = stream or sys.stderr, clock
        self._terminal = self._stream.isatty()
        self._done, self._began = 0, clock()
        self._told = self._began
        self._note = ""

    def advance(self, n: int = 1, note: str = "") -> None:
        """So many more are done; the note stands at the line's end."""
        self._done += n
        self._note = f"  {note}" if note else ""
        now = self._clock()
        if self._done >= self._total or now - self._told >= (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            self._told = now
            self._tell(now)

    def remark(self, words: str) -> None:
        """Say something on a line of its own."""
        self._stream.write(f"{words}\n")

    def _tell(self, now: float) -> None:
        if self._terminal:
            end = "\n" if self._done >= self._total else ""
            # A line that wraps could not be drawn over; what a longer one left is erased.
            self._stream.write(f"\r\x1b[K{self.line(now)[: get_terminal_size().columns - 1]}{end}")
        else:
            self._stream.write(f"{self.line(now)}\n")
        self._stream.flush()

    def line(self, now: float) -> str:
        """Such as `embedding  [######------]  500/1,000  ETA 0:12`; at the end the time it took."""
        share = min(self._done / self._total, 1.0) if self._total else 1.0
        spent = now - self._began
        time_said = f"ETA {clock_time(spent / share - spent)}" if 0 < share < 1 else f"took {clock_time(spent)}"
        bar = "#" * int(share * WIDTH)
        return f"{self._label}  [{bar:-<{WIDTH}}]  {self._done:,}/{self._total:,}  {time_said}{self._note}"


def clock_time(seconds: float) -> str:
    """Hours, minutes and seconds: `0:07`, `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"

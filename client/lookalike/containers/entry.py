"""What an archive says of one file in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

MOST = 1_000_000
"""Files of an archive that are looked at; those that hold more are made to do harm."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: `size` bytes when unpacked. `trouble` says why it cannot be read; else it is empty."""

    name: str
    size: int
    opened: Callable[[], IO[bytes]]
    trouble: str = ""
    stays: bool = True
    """Whether it can still be opened when the archive's next file was asked for."""

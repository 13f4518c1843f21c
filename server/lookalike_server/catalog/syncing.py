"""Has what was written survive a loss of power."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Has the system write a file, or a folder's names, to the disk. OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

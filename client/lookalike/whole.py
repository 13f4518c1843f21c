"""Files written whole or not at all: whoever looks finds the old one or the new one, never half of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name beside it to write to; what is written takes the path's name when the block ends well."""
    part = path.with_name(f".{uuid4().hex}.part")  # not of the path's name, which may be as long as names can be
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

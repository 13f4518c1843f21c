"""What readers raise at bytes that are not what they should be, as one error with the name of the file."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from lookalike.errors import ImageUnreadable

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    LookupError,
    RuntimeError,  # NotImplementedError and RecursionError among them
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What Python's readers of archives raise at files that are none, are damaged, or are made to do harm."""


@contextmanager
def told(path: str, *also: type[Exception]) -> Iterator[None]:
    """Damage, and `also`, leaves this block as ImageUnreadable that names the file; `__cause__` is what it was."""
    expected: tuple[type[Exception], ...] = (*DAMAGE, *also)
    try:
        yield
    except expected as error:
        why = getattr(error, "strerror", None) or str(error) or "it is cut short"  # the name stands before it
        raise ImageUnreadable(f"{path} cannot be read: {why}") from error


@contextmanager
def needed(path: str, library: str, extra: str) -> Iterator[None]:
    """An import that fails leaves this block as ImageUnreadable that says what to install."""
    try:
        yield
    except ImportError as error:
        hint = f'pip install "lookalike[{extra}]"'
        raise ImageUnreadable(f"{path} cannot be read without {library}: {hint}") from error

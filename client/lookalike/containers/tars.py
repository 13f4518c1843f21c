"""What lies in a tar archive, plain or compressed, header after header.

Of a plain one, a file's place is noted, to be read when its turn comes. A compressed one can only be read in passing.
"""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

from lookalike import pictures
from lookalike.containers.damage import told
from lookalike.containers.entry import Entry
from lookalike.containers.tape import Tape

_Reader = Callable[[Any], Any]

_COMPRESSIONS: dict[bytes, _Reader] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""By the first bytes of the file: a suffix may err."""


def is_compressed(path: str) -> bool:
    """Whether its files can only be read one after the other. Raises ImageUnreadable."""
    with told(path), pictures.opened(Path(path)) as file:
        return _reader(file) is not None


def entries(path: str) -> Iterator[Entry]:
    """Its files. Raises ImageUnreadable where it is no tar archive, or after the last file before damage."""
    with told(path), ExitStack() as stack:
        file = stack.enter_context(pictures.opened(Path(path)))
        reader = _reader(file)
        stream = stack.enter_context(reader(file)) if reader else file
        tape = Tape(stream, Path(path).stat().st_size, is_compressed=reader is not None)
        for info in _infos(tape):
            yield _entry(path, info, stream if reader else None)
        if reader:
            tape.finish()


def _reader(file: IO[bytes]) -> _Reader | None:
    start = file.read(8)
    file.seek(0)
    return next((reader for magic, reader in _COMPRESSIONS.items() if start.startswith(magic)), None)


def _infos(tape: Tape) -> Iterator[tarfile.TarInfo]:
    """Regular files; links, devices and folders hold no picture of their own."""
    archive, position = tarfile.TarFile(fileobj=cast(IO[bytes], tape)), -1
    while info := archive.next():
        # Negative sizes would send tarfile round and round.
        if archive.offset <= position or info.size < 0:
            raise tarfile.ReadError(f"the header at byte {info.offset:,} is damaged")
        position = archive.offset
        archive.members.clear()  # type: ignore[attr-defined] # else it remembers them all
        if info.isreg():
            yield info
    if any(tape.last) or len(tape.last) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError(f"it is damaged or cut short at byte {archive.offset:,}: what follows is lost")


def _entry(path: str, info: tarfile.TarInfo, stream: IO[bytes] | None) -> Entry:
    trouble = "it is a sparse file, which no picture is" if info.issparse() else ""
    return Entry(info.name, info.size, lambda: _open(path, info, stream), trouble, stays=stream is None)


def _open(path: str, info: tarfile.TarInfo, stream: IO[bytes] | None) -> IO[bytes]:
    """A file that stands where the member begins."""
    file = stream or pictures.opened(Path(path))
    file.seek(info.offset_data)
    return io.BytesIO(file.read(info.size)) if stream else file

"""Pictures in zip and tar archives: found by suffix, told apart by name, read where they lie.

`zips` and `tars` list what an archive holds; here that becomes members. Hidden files are passed over, archives within
archives are told and not opened.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from lookalike import pictures
from lookalike.containers import tars, zips
from lookalike.containers.damage import told
from lookalike.containers.entry import MOST, Entry
from lookalike.containers.inside import Inside
from lookalike.containers.member import Member
from lookalike.containers.names import Unique, cleaned, is_hidden
from lookalike.containers.passage import Passage
from lookalike.containers.places import is_container
from lookalike.errors import ImageTooLarge, ImageUnreadable, LookalikeError, SourceVanished

_ZIPS = (".zip", ".cbz")

Version = tuple[str, int, int]
"""An archive's path, when it was last changed (nanoseconds), and its bytes: another file has another."""

_KEPT: dict[tuple[Version, int], Passage] = {}
"""The last pass through a compressed archive."""


def members(path: str, max_bytes: int) -> Iterator[Member]:
    """The pictures of an archive, in its order."""
    place = pictures.location(path)
    for name, entry in _pictures(path):
        whole = f"{place}!/{name}"
        yield Member.of(whole, partial(_picture, whole, entry, max_bytes))


def read(path: str, inside: str, max_bytes: int) -> bytes:
    """The bytes of the member of this name. Raises SourceVanished where there is none."""
    with told(path):
        status = Path(path).stat()
    version = path, status.st_mtime_ns, status.st_size
    picture = (
        _in_passing(version, inside, max_bytes) if tars.is_compressed(path) else _listed(version, inside, max_bytes)
    )
    if picture is None:
        raise SourceVanished(f"{path} holds no {inside} any more: import it again")
    return pictures.content(picture, max_bytes)


def _picture(whole: str, entry: Entry, max_bytes: int) -> pictures.Picture:
    """What an import takes: a file that opens when its turn comes, or bytes where they can only be had now."""
    if entry.trouble:
        raise ImageUnreadable(f"{whole} cannot be read: {entry.trouble}")
    if entry.size > max_bytes:
        raise ImageTooLarge(f"{whole} has {entry.size:,} bytes, and the server accepts {max_bytes:,}")
    file = cast(IO[bytes], Inside(whole, entry.size, entry.opened))
    return file if entry.stays else pictures.content(file, max_bytes)


def _pictures(path: str) -> Iterator[tuple[str, Entry]]:
    """The pictures and the archives that an archive holds, by names of which each occurs once."""
    unique = Unique()
    for number, entry in enumerate(_entries(path)):
        if number == MOST:
            raise ImageUnreadable(f"{path} holds more than {MOST:,} files: what follows is not looked at")
        name = cleaned(entry.name)
        if is_hidden(name):
            continue
        if PurePosixPath(name).suffix.lower() in pictures.SUFFIXES:
            yield unique(name), entry
        elif is_container(name):
            yield unique(name), Entry(entry.name, 0, entry.opened, "it lies in an archive: take it out to have it read")


def _entries(path: str) -> Iterator[Entry]:
    return zips.entries(path) if path.lower().endswith(_ZIPS) else tars.entries(path)


def _in_passing(version: Version, inside: str, max_bytes: int) -> pictures.Picture | None:
    path, *_ = version
    whole = f"{pictures.location(path)}!/{inside}"
    key = version, max_bytes
    # Whoever takes the kept pass has it alone: another thread begins one of its own.
    passage = _KEPT.pop(key, None) or Passage(iter(()))
    member = passage.find(whole)
    if member is None:
        passage = Passage(members(path, max_bytes))
        member = passage.find(whole)
    if member is None:
        return None
    _KEPT.clear()
    _KEPT[key] = passage
    if member.error:
        raise member.error
    return member.picture


def _listed(version: Version, inside: str, max_bytes: int) -> pictures.Picture | None:
    entries, trouble = _listing(version)
    if inside in entries:
        return _picture(f"{version[0]}!/{inside}", entries[inside], max_bytes)
    if trouble:
        raise trouble
    return None


@lru_cache(maxsize=4)
def _listing(version: Version) -> tuple[dict[str, Entry], LookalikeError | None]:
    """What an archive holds; re-embedding asks for one member after the other."""
    path, *_ = version
    entries: dict[str, Entry] = {}
    try:
        entries.update(_pictures(path))
    except LookalikeError as error:
        return entries, error
    return entries, None

"""Pictures inside other files: archives, pages of PDFs and TIFFs, frames of videos. Nothing is unpacked to disk.

The path of a file enters; `members` gives its pictures one after the other, each with a source path of its own, by
which `read` finds it again:

    FILE!/album/1.jpg     zip, tar              (as in JAR URLs)
    FILE#page=3           PDF, TIFF             (RFC 8118; the first page of a TIFF is the file itself)
    FILE#t=12.5           video, in seconds     (W3C Media Fragments)

A file or member that cannot be read costs itself: it comes as a member with an error. Zip and tar need nothing but
Python; pages of a TIFF need Pillow, PDFs and videos the extras `pdf` and `video`, which are loaded when one is met.
"""

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from lookalike import pictures
from lookalike.containers.member import Member
from lookalike.containers.places import container_of, is_container, kind_of, split
from lookalike.errors import ImageUnreadable, LookalikeError, SourceVanished

__all__ = ["Member", "container_of", "content", "is_container", "members", "read", "taken_out"]

_GONE = (FileNotFoundError, NotADirectoryError)


class _Kind(Protocol):
    """A module for one kind of container. Both raise LookalikeError; of the path, `inside` is what follows the file."""

    def members(self, path: str, max_bytes: int) -> Iterator[Member]: ...

    def read(self, path: str, inside: str, max_bytes: int) -> bytes: ...


def members(path: str | os.PathLike[str], max_bytes: int) -> Iterator[Member]:
    """The pictures in a container, in its own order, each with its picture or an error; a TIFF comes before its pages.

    What is over `max_bytes` is never held or inflated. A container that cannot be read, or not to its end, is told by a
    last member that bears the path of the container. Take a picture before you ask for the next: few are in memory.
    """
    file = os.fspath(path)
    try:
        yield from _module(kind_of(file)).members(file, max_bytes)
    except LookalikeError as error:
        yield Member(pictures.location(file) or file, None, error)


def read(source_path: str, max_bytes: int) -> bytes:
    """The bytes of a picture by its source path, whether it is a file or lies in one.

    Raises SourceVanished where there is no such file, or no such picture in it; ImageUnreadable; ImageTooLarge.
    """
    try:
        return content(source_path, max_bytes)
    except ImageUnreadable as error:
        if not isinstance(error.__cause__, _GONE):
            raise
        message = f"there is no file at {container_of(source_path)}: bring it back, or import it from where it is now"
        raise SourceVanished(message) from error.__cause__


def content(picture: pictures.Picture, max_bytes: int) -> bytes:
    """As `pictures.content`, of paths that lead into containers too. Raises SourceVanished besides."""
    return pictures.content(taken_out(picture, max_bytes), max_bytes)


def taken_out(picture: pictures.Picture, max_bytes: int) -> pictures.Picture:
    """The picture itself, or its bytes where it is a path that leads into a container. Raises as `content`."""
    if isinstance(picture, str | os.PathLike) and (parts := split(os.fspath(picture))):
        file, inside = parts
        return _module(kind_of(file)).read(file, inside, max_bytes)
    return picture


def _module(kind: str) -> _Kind:
    return cast(_Kind, import_module(f"lookalike.containers.{kind}"))

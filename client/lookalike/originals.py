"""The file on this machine that stands for an image: the server keeps no pictures, only where they lay."""

import os
from pathlib import Path, PurePosixPath

from lookalike.containers import container_of
from lookalike.types import Image, Source

GONE, CHANGED = "not found on this machine", "changed since it was indexed"


def local_file(image: Image) -> tuple[Path | None, str]:
    """Return a file, or a place inside one, with this image's bytes on this machine, or None and the reason.

    Of an image that came as an embedding the bytes were never seen: what lies at its path stands for it.
    """
    here = [source for source in image.sources if is_file(container_of(source.path))]
    same = [source for source in here if not image.format or _is_unchanged(source, image)]
    return (Path(same[0].path), "") if same else (None, CHANGED if here else GONE)


def short_name(image: Image) -> str:
    """Give folder and file: cameras give the same file names again and again."""
    return "/".join(PurePosixPath(image.path).parts[-2:]) if image.path else f"id:{image.id}"


def _is_unchanged(source: Source, image: Image) -> bool:
    """Tell by the size: of a picture inside another file that file's may be known, of any other its own is."""
    file = container_of(source.path)
    size = Path(file).stat().st_size
    return size == image.size_bytes if file == source.path else source.size_bytes in (0, size)


def is_file(path: str) -> bool:
    """Whether a file lies there; none does under a name that is too long here, or in a folder that is shut to us."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises an error for these

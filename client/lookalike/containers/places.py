"""Source paths that lead into files: which files are containers, and where in a path the file ends.

Only what is written as a source path of ours is taken for one: `#page=` after a PDF or TIFF, `#t=` after a video, `!/`
after an archive. A real file of that very name wins.
"""

import os
import re

KINDS = {
    "archives": (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
    "pdf": (".pdf",),
    "tiff": (".tif", ".tiff"),
    "video": (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp", ".mts", ".m2ts"),
}
"""The module for each suffix."""

_KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
_FRAGMENTS = (
    re.compile(r"(?P<file>.+\.(?:pdf|tiff?))#(?P<inside>page=[0-9]{1,9})", re.IGNORECASE | re.DOTALL),
    re.compile(
        rf"(?P<file>.+(?:{'|'.join(map(re.escape, KINDS['video']))}))#(?P<inside>t=[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)",
        re.IGNORECASE | re.DOTALL,
    ),
)
_INTO_ARCHIVE = re.compile(rf"(?:{'|'.join(map(re.escape, KINDS['archives']))})(?P<end>)!/.", re.IGNORECASE | re.DOTALL)


def is_container(path: str | os.PathLike[str]) -> bool:
    """Whether a file may hold several pictures, by its suffix; TIFFs are pictures and containers in one."""
    return kind_of(os.fspath(path)) != ""


def kind_of(path: str) -> str:
    """The module that reads such a file; empty for what is no container."""
    stem, last = os.path.splitext(path.lower())  # noqa: PTH122 - for each file of a folder
    return _KIND_OF.get(os.path.splitext(stem)[1] + last) or _KIND_OF.get(last, "")  # noqa: PTH122


def container_of(source_path: str) -> str:
    """The file in which a picture lies: of `a.zip!/x.jpg` it is `a.zip`; the path of a plain file stays as it is."""
    parts = split(source_path)
    return parts[0] if parts else source_path


def split(source_path: str) -> tuple[str, str] | None:
    """The file and what is meant in it, such as `page=3` or a member's name; None for the path of a plain file."""
    ways = [*_into_archives(source_path), *_into_fragment(source_path)]
    if not ways or os.path.lexists(source_path):
        return None
    return next((way for way in ways if os.path.isfile(way[0])), ways[0])  # noqa: PTH113 - a path may be too long


def _into_archives(source_path: str) -> list[tuple[str, str]]:
    """Every way to cut it: a folder, too, may be called `a.zip!`."""
    ends = [found.start("end") for found in _INTO_ARCHIVE.finditer(source_path)]
    return [(source_path[:end], source_path[end + len("!/") :]) for end in ends]


def _into_fragment(source_path: str) -> list[tuple[str, str]]:
    found = [pattern.fullmatch(source_path) for pattern in _FRAGMENTS]
    return [(match["file"], match["inside"]) for match in found if match]

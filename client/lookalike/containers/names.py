"""Names of members as they stand in source paths: free of tricks, and each only once."""

import re
from collections import Counter
from pathlib import PurePosixPath

from lookalike import pictures

_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DRIVE = re.compile(r"[A-Za-z]:")


def cleaned(name: str) -> str:
    """A name without `..`, leading slashes, drive letters and control characters: it is only shown and compared."""
    parts = _STEERING.sub("_", pictures.utf8(name)).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..") and not _DRIVE.fullmatch(part))


def is_hidden(name: str) -> bool:
    """Whether nobody means to see it: what begins with a dot, and macOS's `__MACOSX`, also as a folder above."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


class Unique:
    """Tells members of one name apart: the second `a.jpg` of an archive is `a~2.jpg`."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._met: Counter[str] = Counter()

    def __call__(self, name: str) -> str:
        """The name, or one like it that was not given yet."""
        fresh = name
        while fresh in self._given or not fresh:
            self._met[name] += 1
            path = PurePosixPath(name)
            fresh = str(path.with_name(f"{path.stem}~{self._met[name] + 1}{path.suffix}"))
        self._given.add(fresh)
        return fresh

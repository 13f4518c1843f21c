"""A snapshot while it is written: files under names of their own, by a child process, until they are published.

Whatever ends it early leaves files that no manifest names: they are removed by whoever gave it up, or swept at the next
start.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from lookalike_server.catalog.forking import Child
from lookalike_server.catalog.index import Durable
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.reach import Reach
from lookalike_server.catalog.syncing import sync

PARTS = ("graph", "rows", "serials")
"""The files of a snapshot: the index, its vectors in half precision, and whose they are."""

_ASIDE = re.compile(rf"[0-9a-f]{{16}}\.({'|'.join(PARTS)}|json)\.aside")
_ALL = 2**63 - 1  # serials
_PATIENCE = 900.0  # seconds; 1.7 GB took 20 on a busy machine


class Draft:
    """A graph and a collection's vectors, being written to `folder`; nobody may change the graph while this is made.

    From then on the child has memory of its own. With `apart` false there is no child, and all is written by then.
    """

    def __init__(self, folder: Path, reach: Reach, matrix: Matrix, *, apart: bool = True) -> None:
        word = secrets.token_hex(8)
        self.files = {part: folder / f"{word}.{part}.aside" for part in PARTS}
        self.manifest = folder / f"{word}.json.aside"
        # Begun here: OpenSSL looks an algorithm up under a lock, and the child must not need one.
        hashes = {part: hashlib.sha256() for part in PARTS}
        assert isinstance(reach.graph, Durable)  # noqa: S101  whoever has another writes no snapshots
        with reach.graph.still():
            self._child = Child(partial(_write, self.files, hashes, reach.graph, reach, matrix), apart=apart)

    def result(self) -> dict[str, Any]:
        """What a reader must know of the files, which are on disk now; OSError when they could not be written. Once."""
        told: dict[str, Any] = self._child.result(_PATIENCE)
        return told

    def give_up(self) -> None:
        """Ends the writing: who waits for the result gets an OSError."""
        self._child.kill()

    def remove(self) -> None:
        """Removes what was not published."""
        for path in (*self.files.values(), self.manifest):
            path.unlink(missing_ok=True)


def sweep_drafts(folder: Path) -> None:
    """Removes what servers that were killed left of theirs."""
    for path in folder.glob("*.aside"):
        if _ASIDE.fullmatch(path.name):
            path.unlink(missing_ok=True)


def measured(path: Path, begun: "hashlib._Hash") -> dict[str, Any]:
    """A file's size, and its hash with the algorithm that was begun."""
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, lambda: begun).hexdigest()}


def _write(
    files: Mapping[str, Path], hashes: Mapping[str, "hashlib._Hash"], index: Durable, reach: Reach, matrix: Matrix
) -> dict[str, Any]:
    facts = index.save(files["graph"])
    count = matrix.write(files["rows"], files["serials"], upto=_ALL)
    for path in files.values():
        sync(path)
    return {
        "watermark": reach.watermark,
        "facts": facts,
        "absent": list(reach.twins.absent().items()),
        "count": count,
        "files": {part: measured(files[part], hashes[part]) for part in PARTS},
    }

"""One collection's index and vectors on disk, so that a restart need neither build nor read them all again.

A snapshot is a manifest and the files of `drafts.PARTS`. The files are written aside, measured, hashed, synced and
renamed; the manifest, which says all that a reader must check and begins with its own hash, goes last: without it the
files are litter. Whatever does not match is removed with a warning. It can be thrown away at any time.

Whether the database and a snapshot belong together is told by a mark, a random word that the store commits after the
files were written and before the manifest says it. The argument: let the database know the word. Then it has, in its
past, the moment of the word, and so every commit up to the moment that the files are of, which was before. Serials are
given out once, ascending, and taken into memory in their order, after their commit; hence each serial up to the last
that memory held was given to its image by then, and is still that image's or nobody's. If it is that image's, it was
never removed, and the files have it. What was removed after that moment, before the word or since, is found by
comparing serials; what is beyond the last is read from the store. Were the word committed before the files' moment, a
copy of the database made between the two would know it and lack what came between: its serials would be given to other
images. No clock and no counter takes part.
"""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookalike_server.catalog.drafts import PARTS, Draft, measured, sweep_drafts
from lookalike_server.catalog.index import Durable
from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.reach import Reach
from lookalike_server.catalog.syncing import sync

log = logging.getLogger("lookalike.catalog")

_KEPT = 2  # in case the newer is damaged
_SUFFIXES = ("json", *PARTS, "index")  # the last is of versions whose snapshots had a single file
_OURS = re.compile(rf"([0-9]{{10}})\.({'|'.join(_SUFFIXES)})")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose snapshot it is; all must match before a file is opened."""

    uuid: str
    model_id: str
    dim: int
    index: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read back: all vectors that there were, and a graph over those up to its watermark."""

    reach: Reach
    base: Base


class Snapshots:
    """The snapshots of one collection, in `folder`, which is made when the first is written.

    `mark` commits a word to the store and returns it, `marked` tells whether the store knows a word.
    """

    def __init__(
        self, folder: Path, identity: Identity, *, mark: Callable[[], str], marked: Callable[[str], bool]
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._mark = mark
        self._marked = marked

    def draft(self, reach: Reach, matrix: Matrix, *, apart: bool = True) -> Draft:
        """Begins to write a snapshot; nobody may change the graph until this returns. OSError."""
        for folder in (self._folder.parent, self._folder):  # never the data folder: without it there is no store either
            folder.mkdir(exist_ok=True)
        return Draft(self._folder, reach, matrix, apart=apart)

    def finished(self, draft: Draft) -> dict[str, Any]:
        """Waits until the files are written, and commits the word for them; what a manifest says of them.

        OSError, and whatever a change of the store raises.
        """
        told = draft.result()
        return {**told, "mark": self._mark()}

    def publish(self, draft: Draft, told: dict[str, Any], *, alone: bool) -> Base:
        """Makes a draft the newest snapshot and returns its vectors; `alone`: no older one is kept. OSError."""
        stem = f"{self._next():010d}"
        manifest = {"identity": asdict(self._identity), "alone": alone, **told}
        draft.manifest.write_bytes(sealed(manifest))
        sync(draft.manifest)
        for part, aside in draft.files.items():
            aside.rename(self._folder / f"{stem}.{part}")
        sync(self._folder)
        draft.manifest.rename(self._folder / f"{stem}.json")
        sync(self._folder)
        self._prune(alone=alone)
        return self._base(stem)

    def read(self, kind: type[Durable]) -> Snapshot | None:
        """The newest snapshot that can be trusted; None: build anew. What was being written goes."""
        sweep_drafts(self._folder)
        for manifest in self._manifests():
            try:
                return self._checked(kind, manifest)
            except Exception as error:  # whatever damage leads to: there is always the way without a snapshot
                log.warning(
                    "a snapshot was refused",
                    extra={"snapshot": str(manifest), "why": f"{type(error).__name__}: {error}"},
                )
                self._remove(manifest.stem)
        return None

    def drop(self) -> None:
        """Removes all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _checked(self, kind: type[Durable], path: Path) -> Snapshot:
        manifest = unsealed(path.read_bytes())
        if manifest["identity"] != asdict(self._identity):
            raise ValueError("it belongs to another collection, model or index")
        if not self._marked(manifest["mark"]):
            raise ValueError("the store does not know its mark: was the store restored from an older copy?")
        with ThreadPoolExecutor(len(PARTS)) as hashing:
            found = dict(zip(PARTS, hashing.map(lambda part: self._measured(path.stem, part), PARTS), strict=True))
        if found != manifest["files"]:
            raise ValueError("its files are not those written")
        base = self._base(path.stem)
        if len(base.serials) != manifest["count"]:
            raise ValueError("its vectors are not those that its manifest tells of")
        graph = kind.load(self._folder / f"{path.stem}.graph", self._identity.dim, manifest["facts"])
        reach = Reach.over(graph, base, manifest["watermark"], dict(manifest["absent"]))
        self._prune(alone=manifest["alone"])  # a server that was killed may not have come to it
        return Snapshot(reach, base)

    def _measured(self, stem: str, part: str) -> dict[str, Any]:
        return measured(self._folder / f"{stem}.{part}", hashlib.sha256())

    def _base(self, stem: str) -> Base:
        return Base.open(self._folder / f"{stem}.rows", self._folder / f"{stem}.serials", self._identity.dim)

    def _manifests(self) -> list[Path]:
        return sorted((path for path in self._files() if path.suffix == ".json"), reverse=True)

    def _files(self) -> list[Path]:
        """Files and manifests; whatever else lies there is not ours."""
        return [path for path in self._folder.glob("*") if _OURS.fullmatch(path.name)]

    def _next(self) -> int:
        return max((int(path.stem) for path in self._files()), default=0) + 1

    def _prune(self, *, alone: bool) -> None:
        kept = {path.stem for path in self._manifests()[: 1 if alone else _KEPT]}
        for stem in {path.stem for path in self._files()} - kept:
            self._remove(stem)

    def _remove(self, stem: str) -> None:
        for suffix in _SUFFIXES:
            (self._folder / f"{stem}.{suffix}").unlink(missing_ok=True)


def sealed(manifest: dict[str, Any]) -> bytes:
    """A manifest as it is written: the hash of what it says, and what it says."""
    said = json.dumps(manifest).encode()
    return hashlib.sha256(said).hexdigest().encode() + b"\n" + said


def unsealed(content: bytes) -> dict[str, Any]:
    """What a manifest says; ValueError unless it is, to the bit, the one written."""
    seal, _, said = content.partition(b"\n")
    if hashlib.sha256(said).hexdigest().encode() != seal:
        raise ValueError("its manifest is not the one written")
    manifest: dict[str, Any] = json.loads(said)
    return manifest


def sweep(folder: Path, living: set[str]) -> None:
    """Removes the snapshots of collections that are gone; `living` holds the uuids of those that are not."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in living:
            shutil.rmtree(path, ignore_errors=True)

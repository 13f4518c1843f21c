"""One collection's index on disk, so that a restart need not build it again. It can be thrown away at any time.

A snapshot is a data file and a manifest. The data is written aside, measured, hashed, synced and renamed; the manifest,
which says all that a reader must check and bears its own hash, goes last: without it the data is litter. Whatever does
not match is removed with a warning. Two snapshots are kept, in case the newer is damaged.
"""

import hashlib
import json
import logging
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookalike_server.catalog.index import Durable

log = logging.getLogger("lookalike.catalog")

_KEPT = 2
_OURS = re.compile(r"([0-9]{10})\.(index|json)")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose snapshot it is; all must match before a file is opened."""

    uuid: str
    model_id: str
    dim: int
    index: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index as it was read back: it had seen all serials up to `watermark`."""

    index: Durable
    watermark: int
    contents: str
    """What the writer said that the index holds: only who knows the vectors can tell whether that still is so."""


class Snapshots:
    """The snapshots of one collection, in `folder`, which is made when the first is written."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self._folder = folder
        self._identity = identity

    def write(self, index: Durable, watermark: int, generation: int, contents: str) -> None:
        """Adds a snapshot and drops the oldest. OSError when it cannot be written; the older ones are still there."""
        for folder in (self._folder.parent, self._folder):  # never the data folder: without it there is no store either
            folder.mkdir(exist_ok=True)
        stem = f"{self._next():010d}"
        aside, data = self._folder / "aside", self._folder / f"{stem}.index"
        facts = index.save(aside)
        manifest = {
            "identity": asdict(self._identity),
            "watermark": watermark,
            "generation": generation,
            "contents": contents,
            "file": data.name,
            "size": aside.stat().st_size,
            "sha256": _sha256(aside),
            "facts": facts,
        }
        _publish(aside, data)
        aside.write_text(json.dumps(seal(manifest)))
        _publish(aside, self._folder / f"{stem}.json")
        self._prune()

    def read(self, kind: type[Durable], generation: int) -> Snapshot | None:
        """The newest snapshot that can be trusted, at most as new as the store's `generation`; None: build anew."""
        for manifest in self._manifests():
            try:
                return self._checked(kind, manifest, generation)
            except Exception as error:  # whatever damage leads to: there is always the way without a snapshot
                log.warning(
                    "a snapshot was refused",
                    extra={"snapshot": str(manifest), "why": f"{type(error).__name__}: {error}"},
                )
                # At once: what is newer than the store today could pass for its own when the store has grown.
                self._remove(manifest.stem)
        return None

    def drop(self) -> None:
        """Removes all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _checked(self, kind: type[Durable], path: Path, generation: int) -> Snapshot:
        manifest = json.loads(path.read_text())
        if manifest != seal(manifest):
            raise ValueError("its manifest is not the one written")
        data = self._folder / Path(manifest["file"]).name
        if manifest["identity"] != asdict(self._identity):
            raise ValueError("it belongs to another collection, model or index")
        if manifest["generation"] > generation:
            raise ValueError("it is newer than the store: was the store restored from a copy?")
        if data.stat().st_size != manifest["size"]:
            raise ValueError("its size is not the one written")
        if _sha256(data) != manifest["sha256"]:
            raise ValueError("its bytes are not those written")
        index = kind.load(data, self._identity.dim, manifest["facts"])
        return Snapshot(index, manifest["watermark"], manifest["contents"])

    def _manifests(self) -> list[Path]:
        return sorted((path for path in self._files() if path.suffix == ".json"), reverse=True)

    def _files(self) -> list[Path]:
        """Data files and manifests; whatever else lies there is not ours."""
        return [path for path in self._folder.glob("*") if _OURS.fullmatch(path.name)]

    def _next(self) -> int:
        return max((int(path.stem) for path in self._files()), default=0) + 1

    def _prune(self) -> None:
        kept = {path.stem for path in self._manifests()[:_KEPT]}
        for stem in {path.stem for path in self._files()} - kept:
            self._remove(stem)

    def _remove(self, stem: str) -> None:
        for path in (self._folder / f"{stem}.json", self._folder / f"{stem}.index"):
            path.unlink(missing_ok=True)


def seal(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the hash of all that it says."""
    said = {name: value for name, value in manifest.items() if name != "seal"}
    return {**said, "seal": hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def sweep(folder: Path, living: set[str]) -> None:
    """Removes the snapshots of collections that are gone; `living` holds the uuids of those that are not."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in living:
            shutil.rmtree(path, ignore_errors=True)


def _publish(aside: Path, final: Path) -> None:
    _sync(aside)
    aside.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

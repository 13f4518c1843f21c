"""One collection's index on disk, so that a restart need not build it again. It can be thrown away at any time.

A snapshot is a data file and a manifest. The data is written aside, measured, hashed, synced and renamed; the manifest,
which says all that a reader must check, goes last: without it the data is litter. Whatever does not match is ignored
with a warning. Two snapshots are kept, in case the newer is damaged.
"""

import hashlib
import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from lookalike_server.catalog.index import Durable

log = logging.getLogger("lookalike.catalog")

_KEPT = 2


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


class Snapshots:
    """The snapshots of one collection, in `folder`, which is made when the first is written."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self._folder = folder
        self._identity = identity

    def write(self, index: Durable, watermark: int, generation: int) -> None:
        """Adds a snapshot and drops the oldest. OSError when it cannot be written; the older ones are still there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self._next():010d}"
        aside, data = self._folder / "aside", self._folder / f"{stem}.index"
        facts = index.save(aside)
        manifest = {
            "identity": asdict(self._identity),
            "watermark": watermark,
            "generation": generation,
            "file": data.name,
            "size": aside.stat().st_size,
            "sha256": _sha256(aside),
            "facts": facts,
        }
        _publish(aside, data)
        aside.write_text(json.dumps(manifest))
        _publish(aside, self._folder / f"{stem}.json")
        self._prune()

    def read(self, kind: type[Durable], generation: int) -> Snapshot | None:
        """The newest snapshot that can be trusted, at most as new as the store's `generation`; None: build anew."""
        for manifest in self._manifests():
            try:
                return self._checked(kind, manifest, generation)
            except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
                log.warning(
                    "a snapshot was ignored",
                    extra={"snapshot": str(manifest), "why": f"{type(error).__name__}: {error}"},
                )
        return None

    def drop(self) -> None:
        """Removes all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _checked(self, kind: type[Durable], path: Path, generation: int) -> Snapshot:
        manifest = json.loads(path.read_text())
        data = self._folder / Path(manifest["file"]).name
        if manifest["identity"] != asdict(self._identity):
            raise ValueError("it belongs to another collection, model or index")
        if manifest["generation"] > generation:
            raise ValueError("it is newer than the store: was the store restored from a copy?")
        if data.stat().st_size != manifest["size"]:
            raise ValueError("its size is not the one written")
        if _sha256(data) != manifest["sha256"]:
            raise ValueError("its bytes are not those written")
        return Snapshot(kind.load(data, self._identity.dim, manifest["facts"]), int(manifest["watermark"]))

    def _manifests(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"), reverse=True)

    def _next(self) -> int:
        newest: list[int] = [int(path.stem) for path in self._folder.glob("[0-9]*.*")]
        return max(newest, default=0) + 1

    def _prune(self) -> None:
        kept = {path.stem for path in self._manifests()[:_KEPT]}
        for path in self._folder.iterdir():
            if path.stem not in kept:
                path.unlink()


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

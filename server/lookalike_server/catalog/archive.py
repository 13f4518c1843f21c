"""A backup as one file: a zip that any tool opens, sealed so that no changed bit passes.

It holds `catalog.db` and `manifest.json`, stored as they are: vectors do not shrink. Its last bytes, the zip's comment,
are the SHA-256 of all before them, so a cut, a flipped bit or another file's end is found wherever it lies.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from lookalike_server.errors import BackupError

DATABASE, MANIFEST = "catalog.db", "manifest.json"
Told = Callable[[str, float], None]
"""Hears what is being done and which share of it is, 0 to 1; called several times a second."""

_FORMAT = 1
_SEAL_BYTES = 64
_SLICE = 4 * 2**20  # bytes read at once


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself."""

    created: str
    """When the copy was made, ISO 8601 in UTC: all that was acknowledged before is in it."""
    lookalike: str
    """Version of the program that made it."""
    database_version: int
    """Steps of `migrations` that the database has taken."""
    collections: dict[str, dict[str, Any]]
    """By name: model_id, dim, image_count, generation."""
    findings: list[str] = field(default_factory=list)
    """What was wrong with the catalog when it was copied."""
    size: int = 0
    """Bytes of the database."""
    sha256: str = ""
    """Of the database."""
    format: int = _FORMAT

    @property
    def image_count(self) -> int:
        """Images of all collections."""
        return sum(int(each["image_count"]) for each in self.collections.values())


def pack(database: Path, said: dict[str, Any], path: Path, told: Told) -> Manifest:
    """Writes the file, synced: the database, and the manifest with what is `said` of it. Raises OSError."""
    size = database.stat().st_size
    with zipfile.ZipFile(path, "w") as file:
        with database.open("rb") as source, file.open(DATABASE, "w", force_zip64=True) as member:
            sha256 = _hashed(source, size, lambda share: told("packing", share / 2), member)
        manifest = Manifest(**said, size=size, sha256=sha256)
        file.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2))
        file.comment = b"0" * _SEAL_BYTES
    with path.open("r+b") as file:
        seal = _hashed(file, path.stat().st_size - _SEAL_BYTES, lambda share: told("packing", 0.5 + share / 2))
        file.seek(-_SEAL_BYTES, os.SEEK_END)
        file.write(seal.encode())
        file.flush()
        os.fsync(file.fileno())
    return manifest


def check(path: Path, told: Told) -> Manifest:
    """What a backup says, once every bit of it is known to be as it was written. Raises BackupError, OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _SEAL_BYTES))
        seal = file.read()
        file.seek(0)
        found = _hashed(file, max(0, size - _SEAL_BYTES), lambda share: told("checking", share))
    if seal != found.encode():
        raise BackupError(f"{path} is no backup, or is damaged or cut short: its bytes are not those that were written")
    try:
        with zipfile.ZipFile(path) as sealed:
            said = json.loads(sealed.read(MANIFEST))
        if said["format"] != _FORMAT:
            raise BackupError(f"{path} was written by a newer Lookalike ({said['lookalike']}): restore it with that")
        return Manifest(**said)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:  # anybody can seal a file
        raise BackupError(f"{path} is sealed, and is no backup all the same: {error}") from error


def unpack(path: Path, manifest: Manifest, database: Path, told: Told) -> None:
    """Writes the database of a checked backup, synced. Raises BackupError when the file changed since, OSError."""
    with zipfile.ZipFile(path) as file, file.open(DATABASE) as member, database.open("wb") as copy:
        try:
            sha256 = _hashed(member, manifest.size, lambda share: told("unpacking", share), copy)
        except zipfile.BadZipFile as error:
            raise BackupError(f"{path} changed while it was read: {error}") from error
        copy.flush()
        os.fsync(copy.fileno())
    if sha256 != manifest.sha256:
        raise BackupError(f"{path} changed while it was read: nothing was restored")


def _hashed(source: IO[bytes], size: int, told: Callable[[float], None], copy: IO[bytes] | None = None) -> str:
    """SHA-256 of the next `size` bytes, which are written to `copy` too where one is given."""
    digest, left = hashlib.sha256(), size
    while left and (read := source.read(min(_SLICE, left))):
        digest.update(read)
        if copy:
            copy.write(read)
        left -= len(read)
        told(1 - left / size)
    return digest.hexdigest()

"""A backup's way back into a data folder: checked to the last bit before anything is put in place.

A catalog that lies there already is never overwritten: it stays, or moves aside whole. Nothing derived from another
database stays beside the restored one: graphs are built and measured anew.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from lookalike_server.catalog.archive import DATABASE, Manifest, Told, check, unpack
from lookalike_server.catalog.lock import FolderLock
from lookalike_server.catalog.migrations import MIGRATIONS
from lookalike_server.catalog.syncing import sync
from lookalike_server.errors import BackupError

_CATALOG = (f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE)
_INDEXES, _MEASURED = "indexes", ("tuning.json", "tuning.aside")
_DERIVED = (_INDEXES, *_MEASURED)
_OURS = {*_CATALOG, *_DERIVED, "lock"}
_UNDER_WAY = ".restore-"


def checked(file: Path, told: Told) -> Manifest:
    """What a backup says, once it is known to be whole and of a shape that this program reads. Raises BackupError."""
    try:
        manifest = check(file, told)
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror or error}") from error
    if manifest.database_version > len(MIGRATIONS):
        raise BackupError(f"{file} was written by a newer Lookalike ({manifest.lookalike}): restore it with that")
    return manifest


def restore(file: Path, folder: Path, told: Told, *, replace: bool = False) -> tuple[Manifest, Path | None]:
    """Puts a backup's catalog into `folder`; with `replace` one that is there moves to a folder within, also returned.

    The folder must be empty or absent otherwise. Raises BackupError, and DataFolderError when a server is using it.
    """
    manifest = checked(file, told)
    with closing(FolderLock(folder)):
        _sweep(folder)
        _expect_place(folder, replace=replace)
        try:
            with tempfile.TemporaryDirectory(prefix=_UNDER_WAY, dir=folder) as aside:
                unpack(file, manifest, Path(aside) / DATABASE, told)
                moved = _move_aside(folder)
                (Path(aside) / DATABASE).replace(folder / DATABASE)
                sync(folder)
        except OSError as error:
            raise BackupError(f"{folder} cannot be written: {error.strerror or error}") from error
    return manifest, moved


def _sweep(folder: Path) -> None:
    """Removes what a restore that was killed had unpacked."""
    for left in folder.glob(f"{_UNDER_WAY}*"):
        shutil.rmtree(left, ignore_errors=True)


def _expect_place(folder: Path, *, replace: bool) -> None:
    if not replace and any((folder / name).exists() for name in _CATALOG):
        raise BackupError(
            f"{folder} holds a catalog already: restore into an empty folder, or move that one aside with --force"
        )
    strangers = sorted(path.name for path in folder.iterdir() if path.name not in _OURS)
    if not replace and strangers:
        raise BackupError(f"{folder} is not empty, {strangers[0]} is in it: restore into an empty folder")


def _move_aside(folder: Path) -> Path | None:
    """Moves a catalog with all that belongs to it; where to, None when there is none. What is left of one goes."""
    if not any((folder / name).exists() for name in _CATALOG):
        shutil.rmtree(folder / _INDEXES, ignore_errors=True)
        for name in _MEASURED:
            (folder / name).unlink(missing_ok=True)
        return None
    _empty_log(folder / DATABASE)
    aside = folder / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    aside.mkdir()
    for name in (*_CATALOG, *_DERIVED):
        with suppress(FileNotFoundError):
            (folder / name).rename(aside / name)
    return aside


def _empty_log(database: Path) -> None:
    """Brings all into the database's one file where SQLite can, so that a crash between two moves parts nothing."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

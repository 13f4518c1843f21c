"""Mends the database of a stopped server, in one transaction: it is whole afterwards, or as it was.

SQLite's own indexes are built again from their tables, then `mending` sees to the rows. A database that this does not
make whole is not touched: it is brought back from a backup. Before the first change the database is copied.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lookalike_server.catalog import inspection
from lookalike_server.catalog.database import Database
from lookalike_server.catalog.lock import FolderLock
from lookalike_server.catalog.mending import Lost, mend
from lookalike_server.catalog.sqlite_store import FILE, SqliteStore
from lookalike_server.errors import BackupError, DamagedCatalog


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did; nothing where nothing was wrong."""

    done: list[str] = field(default_factory=list)
    """A sentence each."""
    lost: list[Lost] = field(default_factory=list)
    """Images that had to go."""
    copy: Path | None = None
    """Folder that holds the database as it was."""


def repair(folder: Path, *, copy: bool = True) -> Repair:
    """Mends the catalog's database, of which a copy stays unless `copy` is off.

    Raises DamagedCatalog for what cannot be mended, which then was not changed, BackupError where there is no room for
    the copy, DataFolderError while a server runs.
    """
    with closing(FolderLock(folder)):
        with closing(SqliteStore(folder)) as store:
            if not store.check():
                return Repair()
        aside = _copied(folder) if copy else None
        done, lost = _mended(folder)
    return Repair(done, lost, aside)


def _copied(folder: Path) -> Path:
    aside = folder / f"before-repair-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    try:
        aside.mkdir()
        for path in folder.glob(f"{FILE}*"):  # with its log, should SQLite have been unable to empty it
            shutil.copy2(path, aside)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise BackupError(
            f"the database cannot be copied before it is mended: {error.strerror}. Make room, or add --no-copy"
        ) from error
    return aside


def _mended(folder: Path) -> tuple[list[str], list[Lost]]:
    try:
        with closing(Database(folder / FILE)) as database, database.writing() as connection:
            indexes = _reindexed(connection)
            done, lost = mend(connection)
            if left := list(inspection.findings(connection)):
                raise _beyond(folder, left[0])
    except (sqlite3.DatabaseError, ValueError) as error:
        raise _beyond(folder, str(error)) from error
    return indexes + done, lost


def _reindexed(connection: sqlite3.Connection) -> list[str]:
    if inspection.structure(connection) == []:
        return []
    connection.execute("REINDEX")
    return ["built SQLite's own indexes again"]


def _beyond(folder: Path, why: str) -> DamagedCatalog:
    return DamagedCatalog(
        f"{folder / FILE} is damaged beyond repair and was not changed: {why}. Bring a backup back: "
        f"lookalike restore FILE --data {folder} --force"
    )

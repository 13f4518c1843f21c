"""A copy of a catalog that may be in use, in one file: in goes a data folder, out comes what `restore` takes.

SQLite itself makes the copy (VACUUM INTO), of one moment, however much is written meanwhile, and no writer waits.
The copy holds the truth alone, which is the database: graphs are built from it. It is compact, so nothing that was
deleted is in it. What is wrong with the catalog is told, and is no reason to have no copy.
"""

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from shutil import disk_usage
from typing import Any

from lookalike_server.catalog.archive import DATABASE, Manifest, Told, pack
from lookalike_server.catalog.inspection import findings
from lookalike_server.catalog.migrations import MIGRATIONS
from lookalike_server.catalog.syncing import sync
from lookalike_server.errors import BackupError

_STEPS = 10_000  # of SQLite's machine between two looks at how far the copy is: some milliseconds
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


def backup(folder: Path, target: Path, told: Told, *, overwrite: bool = False) -> Manifest:
    """Writes the catalog of `folder` to the file `target`: whole and durable, or not at all.

    Raises BackupError: no catalog, a target that is there already, no room, a database that SQLite cannot read.
    """
    database = folder / DATABASE
    if not database.is_file():
        raise BackupError(f"no catalog in {folder}: name a server's data folder with --data")
    if target.exists() and not (overwrite and target.is_file()):
        raise BackupError(f"{target} is there already: choose another name, or replace the file with --force")
    with _in_words(database, target), tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as aside:
        copy, packed = Path(aside) / DATABASE, Path(aside) / "packed"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _copy(database, copy, told)
        told("looking over", 0)
        manifest = pack(copy, {"created": now, "lookalike": version("lookalike"), **_facts(copy)}, packed, told)
        packed.replace(target)
        sync(target.parent)
    return manifest


def _copy(database: Path, copy: Path, told: Told) -> None:
    # Read and write: a reader without the right to write would leave a log beside the database of a stopped server.
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as source:
        pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        _expect_room(copy.parent, 2 * pages * size)

        def look() -> int:
            told("copying", min(1.0, copy.stat().st_size / (pages * size)) if copy.exists() else 0)
            return 0

        source.set_progress_handler(look, _STEPS)
        source.execute("VACUUM INTO ?", (str(copy),))


def _expect_room(folder: Path, needed: int) -> None:
    if (free := disk_usage(folder).free) < needed:
        raise BackupError(
            f"no room in {folder.parent}: {needed / 1e6:,.0f} MB are needed for the time of the backup, half of them "
            f"remain, and {free / 1e6:,.0f} MB are free"
        )


def _facts(copy: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(copy)) as connection:
        taken = connection.execute("PRAGMA user_version").fetchone()[0]
        columns = ("name", "model_id", "dim", "image_count", "generation")
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM collections ORDER BY name")  # noqa: S608
        collections = {row[0]: dict(zip(columns[1:], row[1:], strict=True)) for row in rows}
        # Of an older shape only what is served after its migration can be judged.
        wrong = _damage(connection) if taken == len(MIGRATIONS) else []
    return {"database_version": taken, "collections": collections, "findings": wrong}


def _damage(connection: sqlite3.Connection) -> list[str]:
    found: list[str] = []
    try:
        found.extend(findings(connection))
    except (sqlite3.DatabaseError, ValueError) as error:
        found.append(f"database: {error}")
    return found


@contextmanager
def _in_words(database: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)  # what Python itself finds has none
        if code == sqlite3.SQLITE_INTERRUPT:  # Ctrl-C fell into the look at the progress
            raise KeyboardInterrupt from error
        if code in _FULL_SQLITE:
            raise _no_room(target) from error
        raise BackupError(
            f"{database} cannot be copied: {error}. `lookalike verify --repair` mends what can be mended; what cannot "
            "is brought back by `lookalike restore`, from an earlier backup"
        ) from error
    except OSError as error:
        if error.errno in _FULL:
            raise _no_room(target) from error
        raise BackupError(f"{target} cannot be written: {error.strerror or error}") from error


def _no_room(target: Path) -> BackupError:
    return BackupError(f"no room left in {target.parent}: make some, or choose another place")

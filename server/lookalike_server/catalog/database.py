"""One SQLite file: a writer under a lock, a pool of readers, and SQLite's errors in our words.

What `writing` commits is on disk when it returns (WAL, synchronous=FULL). `reading` sees one moment of the database,
however many statements it runs.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike_server.catalog.migrations import migrate
from lookalike_server.catalog.presence import Presence
from lookalike_server.catalog.rwlock import ReadWriteLock
from lookalike_server.catalog.store import Unreadable
from lookalike_server.errors import DamagedCatalog, DiskFull, ShuttingDown

log = logging.getLogger("lookalike.catalog")

_BUSY_SECONDS = 30.0
_FORGET_SECONDS = 0.2  # readers of this process are kept out; one of another, a backup, may read for minutes
_NO_ROOM = "the data folder's disk has no room left, so nothing was changed: make room and try again"
_UNUSABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
}
_DISK_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


class Database:
    """The file at `path`, made if absent and brought to the newest shape.

    Raises DataFolderError when it is no database of ours or cannot be opened, DiskFull when it finds no room.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._moments = ReadWriteLock()
        self._pool = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = self._owes_forgetting = False
        try:
            self._writer = self._open()
            self._presence = Presence(path)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if _no_room(error):
                raise DiskFull(_NO_ROOM) from error
            raise DamagedCatalog(self._unreadable(error)) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone: committed at the end, rolled back on any error.

        Raises DiskFull when there is no room, DataFolderError when the file is damaged, gone, or cannot be written.
        """
        with self._lock:
            if self._closed:
                raise ShuttingDown
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._presence.check()
                self._writer.execute("COMMIT")
                if self._owes_forgetting:
                    self._forget(0.0)
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if _no_room(error):
                    raise DiskFull(_NO_ROOM) from error
                if isinstance(error, sqlite3.DatabaseError) and _is_unusable(error):
                    raise DamagedCatalog(self._unreadable(error)) from error
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One moment of the database, shared with the writer and other readers; not to be asked for within itself.

        Raises Unreadable for whatever SQLite says, and for values that are not of the kind that was written: that is
        damage, nothing else stands in a reader's way.
        """
        with self._moments.read():
            try:
                with self._borrowed() as connection:
                    connection.execute("BEGIN")
                    yield connection
            except (sqlite3.DatabaseError, ValueError, TypeError) as error:
                raise Unreadable(self._unreadable(error)) from error

    def forget(self) -> None:
        """Empties the write-ahead log: pages from before a deletion lie in it until then.

        Where another process reads, such as a backup, the next changes try again.
        """
        # SQLite would poll for a moment without readers, and under load wait long for one.
        with self._lock, self._moments.write():
            self._forget(_FORGET_SECONDS)
        if self._owes_forgetting:
            log.warning("the write-ahead log was not emptied; a later change or the stop will")

    def close(self) -> None:
        """Closes all connections; those in use close when they are given back."""
        with self._lock:
            with self._pool:
                self._closed = True
                while self._idle:
                    self._idle.pop().close()
            self._writer.close()

    def _forget(self, seconds: float) -> None:
        try:
            self._writer.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
            self._owes_forgetting = bool(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.OperationalError:
            self._owes_forgetting = True
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {1000 * _BUSY_SECONDS:.0f}")

    def _open(self) -> sqlite3.Connection:
        writer = self._connect()
        try:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            writer.execute("PRAGMA foreign_keys = ON")
            writer.execute("PRAGMA secure_delete = ON")
            migrate(writer)
        except BaseException:
            writer.close()
            raise
        return writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.create_function("id_bytes", 1, bytes.fromhex, deterministic=True)
        return connection

    def _unreadable(self, error: Exception) -> str:
        folder = self._path.parent
        return (
            f"{self._path} cannot be used: {error}. If it is damaged, stop the server and run `lookalike verify --data "
            f"{folder} --repair`; what that cannot mend, `lookalike restore FILE --data {folder} --force` brings back "
            "from a backup"
        )

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        connection = self._borrow()
        try:
            yield connection
        finally:
            connection.rollback()  # nothing was written: this only lets go of the moment
            self._give_back(connection)

    def _borrow(self) -> sqlite3.Connection:
        with self._pool:
            if self._closed:
                raise ShuttingDown
            if self._idle:
                return self._idle.pop()
        self._presence.check()  # else SQLite would make an empty file in place of one that is gone
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._pool:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)


def _is_unusable(error: sqlite3.DatabaseError) -> bool:
    # The low byte is the kind, the others refine it; what Python itself says has none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE


def _no_room(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", None) in _DISK_FULL  # Python's own, such as of bad UTF-8, have none

"""The database's shape, one numbered step after another.

A step that was released is never edited: what changes is added as the next. SQLite's `user_version` counts the steps
taken. `serial` is the integer that stands for an image in every index; AUTOINCREMENT never gives one out twice.
Vectors lie in a table of their own so that listing and filtering do not read past them. `staged` holds what another
model has told of images, until their collection is given to it. `marks` holds random words that say which moments of
this database something was derived from: a copy of the database that is older than that moment lacks the word.
"""

import sqlite3

from lookalike_server.errors import DataFolderError

_FIRST = (
    """CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uuid TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        model_id TEXT NOT NULL,
        dim INTEGER NOT NULL,
        image_count INTEGER NOT NULL DEFAULT 0,
        generation INTEGER NOT NULL DEFAULT 1,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL)""",
    """CREATE TABLE images (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        format TEXT NOT NULL,
        captured INTEGER,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        UNIQUE (collection, sha256))""",
    "CREATE INDEX images_in_order ON images (collection, serial)",
    "CREATE INDEX images_by_capture ON images (collection, captured)",
    """CREATE TABLE vectors (
        serial INTEGER PRIMARY KEY REFERENCES images(serial) ON DELETE CASCADE,
        float32_le BLOB NOT NULL)""",
    """CREATE TABLE sources (
        serial INTEGER NOT NULL REFERENCES images(serial) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        collection INTEGER NOT NULL,
        path TEXT NOT NULL,
        folder TEXT NOT NULL,
        modified INTEGER,
        PRIMARY KEY (serial, ordinal)) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX sources_once ON sources (serial, path)",
    "CREATE INDEX sources_by_path ON sources (collection, path)",
    "CREATE INDEX sources_by_folder ON sources (collection, folder)",
    """CREATE TABLE labels (
        serial INTEGER NOT NULL REFERENCES images(serial) ON DELETE CASCADE,
        collection INTEGER NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (serial, key)) WITHOUT ROWID""",
    "CREATE INDEX labels_by_value ON labels (collection, key, value)",
)

_SCENES = (
    "ALTER TABLE images ADD COLUMN scene TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE images ADD COLUMN scenes TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX images_by_scene ON images (collection, scene)",
)

_STAGED = (
    """CREATE TABLE staged (
        serial INTEGER NOT NULL REFERENCES images(serial) ON DELETE CASCADE,
        model_id TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        format TEXT NOT NULL,
        captured INTEGER,
        scene TEXT NOT NULL,
        scenes TEXT NOT NULL,
        float32_le BLOB NOT NULL,
        PRIMARY KEY (serial, model_id))""",
)

_LOCATED = (
    "ALTER TABLE images ADD COLUMN latitude REAL",
    "ALTER TABLE images ADD COLUMN longitude REAL",
    "CREATE INDEX images_by_place ON images (collection, latitude, longitude) WHERE latitude IS NOT NULL",
    "ALTER TABLE staged ADD COLUMN latitude REAL",
    "ALTER TABLE staged ADD COLUMN longitude REAL",
)

_MARKS = (
    """CREATE TABLE marks (
        collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        mark TEXT PRIMARY KEY,
        generation INTEGER NOT NULL,
        created INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX marks_of_collection ON marks (collection)",
)

_SIZED = ("ALTER TABLE sources ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SCENES, _STAGED, _LOCATED, _MARKS, _SIZED)
"""Statements of each step."""


def migrate(connection: sqlite3.Connection) -> None:
    """Takes the steps that the database lacks, each in a transaction of its own; autocommit connection.

    Raises DataFolderError when a newer Lookalike has written the database.
    """
    taken = connection.execute("PRAGMA user_version").fetchone()[0]
    if taken > len(MIGRATIONS):
        raise DataFolderError(
            f"the data folder was written by a newer Lookalike (version {taken} of the database, "
            f"this one knows {len(MIGRATIONS)}): upgrade the server"
        )
    for number, statements in enumerate(MIGRATIONS[taken:], taken + 1):
        _step(connection, number, statements)


def _step(connection: sqlite3.Connection, number: int, statements: tuple[str, ...]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number:d}")  # a PRAGMA takes no parameters
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise

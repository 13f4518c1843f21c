"""Looks a database over: whether it is whole, and every image, of whatever model, has a sound vector."""

import sqlite3
from collections import Counter
from collections.abc import Iterator

import numpy as np

from lookalike_server.catalog.rows import floats

_UINT32 = ("width", "height")
_TOLERANCE = 1e-3  # far more than rounding, far less than any damage


def is_text(column: str) -> str:
    """SQL that says whether a value is text in UTF-8: the database checks neither. `prepare` gives the function."""
    return f"is_utf8(typeof({column}), CAST({column} AS BLOB))"


READABLE = " AND ".join(
    [
        "typeof(images.sha256) = 'blob' AND length(images.sha256) = 32",
        *(f"typeof(images.{name}) = 'integer' AND images.{name} BETWEEN 0 AND 4294967295" for name in _UINT32),
        *(f"typeof(images.{name}) = 'integer'" for name in ("size_bytes", "created", "updated")),
        "typeof(images.captured) IN ('integer', 'null')",
        *(f"typeof(images.{name}) IN ('real', 'null')" for name in ("latitude", "longitude")),
        is_text("images.format"),
    ]
)
"""What holds for a row of `images` that can be told to a client."""

_COUNTS = (
    ("images whose records cannot be read", f"SELECT count(*) FROM images WHERE NOT ({READABLE})"),  # noqa: S608
    ("sources that are no text", f"SELECT count(*) FROM sources WHERE NOT {is_text('path')}"),  # noqa: S608
    (
        "labels that are no text",
        f"SELECT count(*) FROM labels WHERE NOT ({is_text('key')} AND {is_text('value')})",  # noqa: S608
    ),
    ("images whose scenes are no text", f"SELECT count(*) FROM images WHERE NOT {is_text('scenes')}"),  # noqa: S608
    (
        "images without a vector",
        "SELECT count(*) FROM images LEFT JOIN vectors USING (serial) WHERE float32_le IS NULL",
    ),
    (
        "vectors of the wrong length",
        "SELECT count(*) FROM vectors JOIN images USING (serial) JOIN collections ON collections.id = collection"
        " WHERE length(float32_le) <> 4 * dim",
    ),
    (
        "collections that miscount their images",
        "SELECT count(*) FROM collections"
        " WHERE image_count <> (SELECT count(*) FROM images WHERE collection = collections.id)",
    ),
    (
        "sources filed under another collection than their image",
        "SELECT count(*) FROM sources JOIN images USING (serial) WHERE sources.collection <> images.collection",
    ),
    (
        "sources filed under another folder than their path's",
        "SELECT count(*) FROM sources WHERE folder <> rtrim(path, replace(path, '/', ''))",
    ),
    (
        "labels filed under another collection than their image",
        "SELECT count(*) FROM labels JOIN images USING (serial) WHERE labels.collection <> images.collection",
    ),
    (
        "images filed under another scene than their most likely one",
        "SELECT count(*) FROM images"
        " WHERE CASE WHEN json_valid(scenes) THEN scene <> coalesce(json_extract(scenes, '$[0][0]'), '') ELSE 1 END",
    ),
    (
        "staged generations with vectors of the wrong or of different lengths",
        "SELECT count(*) FROM (SELECT 1 FROM staged JOIN images USING (serial) GROUP BY collection, model_id"
        " HAVING min(length(float32_le)) <> max(length(float32_le)) OR min(length(float32_le)) % 4 <> 0)",
    ),
    (
        "vectors staged for the model that their collection belongs to already",
        "SELECT count(*) FROM staged JOIN images USING (serial) JOIN collections ON collections.id = collection"
        " WHERE staged.model_id = collections.model_id",
    ),
)


def findings(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong, a sentence each; damage may end it with an error of SQLite's."""
    prepare(connection)
    yield from (f"database: {finding}" for finding in structure(connection))
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    yield from (f"database: a row of {table} belongs to no row of {parent}" for table, _, parent, _ in orphans)
    for what, query in _COUNTS:
        count = connection.execute(query).fetchone()[0]
        if count:
            yield f"database: {count} {what}"
    yield from _crooked(connection, "vectors", "vectors", "length(float32_le) = 4 * dim")
    yield from _crooked(connection, "staged vectors", "staged", "length(float32_le) % 4 = 0")


def prepare(connection: sqlite3.Connection) -> None:
    """Gives a connection what READABLE and the counts ask for."""
    connection.create_function("is_utf8", 2, _is_utf8, deterministic=True)


def structure(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with its pages, and where its indexes differ from their tables."""
    return [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]


def _crooked(connection: sqlite3.Connection, what: str, table: str, readable: str) -> list[str]:
    rows = connection.execute(
        f"SELECT name, float32_le FROM {table} JOIN images USING (serial)"  # noqa: S608  made of constants
        f" JOIN collections ON collections.id = collection WHERE {readable}"
    )
    counts = Counter(name for name, vector in rows if not is_unit(vector))
    return [f"{name}: {count} {what} are not finite, or not of length 1" for name, count in sorted(counts.items())]


def is_unit(vector: bytes) -> bool:
    """Whether a vector as the database keeps it is finite and of length 1."""
    length = np.linalg.norm(floats(vector).astype(np.float64))
    return bool(abs(length - 1) <= _TOLERANCE)  # NaN and infinity are not


def _is_utf8(kind: str, content: bytes) -> bool:
    """Whether a value is text in UTF-8; the database checks neither."""
    try:
        return kind == "text" and content.decode() is not None
    except UnicodeDecodeError:
        return False

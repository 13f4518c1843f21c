"""Looks a database over: whether it is whole, and every image has its vector."""

import sqlite3

_COUNTS = (
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
        "labels filed under another collection than their image",
        "SELECT count(*) FROM labels JOIN images USING (serial) WHERE labels.collection <> images.collection",
    ),
)


def findings(connection: sqlite3.Connection) -> list[str]:
    """What is wrong, a sentence each."""
    found = [f"database: {row[0]}" for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    found += [f"database: a row of {table} belongs to no row of {parent}" for table, _, parent, _ in orphans]
    for what, query in _COUNTS:
        count = connection.execute(query).fetchone()[0]
        if count:
            found.append(f"database: {count} {what}")
    return found

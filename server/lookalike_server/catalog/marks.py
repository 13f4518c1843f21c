"""Words for moments of a collection that something was derived from: each function runs in the caller's transaction.

They are random, because nothing else tells one history of a database from another: a copy that was restored counts its
serials and generations on from where it was, and a clock can be set.
"""

import secrets
import sqlite3

from lookalike_server.catalog.store import Entry, no_collection

_KEPT = 8  # of each collection: two snapshots have one each, and some were never published
_BYTES = 16


def add(connection: sqlite3.Connection, of: Entry, now: int) -> str:
    """A new word for this moment, and the oldest go; CollectionNotFound when this generation is there no more."""
    held = connection.execute(
        "SELECT generation FROM collections WHERE id = ? AND uuid = ?", (of.key, of.uuid)
    ).fetchone()
    if held is None:
        raise no_collection(of.record.name)
    mark = secrets.token_hex(_BYTES)
    made = connection.execute("SELECT coalesce(max(created), 0) FROM marks WHERE collection = ?", (of.key,))
    connection.execute(
        "INSERT INTO marks (collection, mark, generation, created) VALUES (?, ?, ?, ?)",
        (
            of.key,
            mark,
            held[0],
            max(now, made.fetchone()[0] + 1),
        ),  # in the order of their making, though the clock be set back
    )
    connection.execute(
        "DELETE FROM marks WHERE collection = ? AND mark NOT IN"
        " (SELECT mark FROM marks WHERE collection = ? ORDER BY created DESC LIMIT ?)",
        (of.key, of.key, _KEPT),
    )
    return mark


def held(connection: sqlite3.Connection, of: Entry, mark: str) -> bool:
    """Whether it is one of the collection's words."""
    row = connection.execute("SELECT 1 FROM marks WHERE mark = ? AND collection = ?", (mark, of.key)).fetchone()
    return row is not None

"""Writes arrivals into SQLite: each function runs in the caller's transaction.

An arrival is refused before its first write, so a refusal leaves nothing behind in a transaction that goes on.
"""

import sqlite3
from collections.abc import Mapping

from lookalike_server.catalog import places, scenes
from lookalike_server.catalog.limits import MAX_SOURCES, check_labels
from lookalike_server.catalog.rows import blob
from lookalike_server.catalog.store import Added
from lookalike_server.errors import ImageNotFound
from lookalike_server.records import Arrival, Content, Outcome, Source


def take_in(connection: sqlite3.Connection, key: int, arrival: Arrival, now: int) -> tuple[Added, bool]:
    """Stores a new image, or a sighting of a held one; the flag tells whether anything changed.

    Raises ImageNotFound (no content, and not held) and BadRequest (too many labels in all).
    """
    row = connection.execute(
        "SELECT serial FROM images WHERE collection = ? AND sha256 = ?", (key, bytes.fromhex(arrival.image_id))
    ).fetchone()
    if row is not None:
        return Added(Outcome.EXISTED, row[0]), _sighted(connection, key, row[0], arrival, now)
    if arrival.content is None:
        raise ImageNotFound(f"the collection does not hold {arrival.image_id}: send the picture itself")
    return Added(Outcome.CREATED, _create(connection, key, arrival, arrival.content, now)), True


def replace_labels(connection: sqlite3.Connection, key: int, serial: int, labels: Mapping[str, str], now: int) -> bool:
    """Gives an image these labels instead of its own; False when it bears just these already."""
    if _labels(connection, serial) == dict(labels):
        return False
    connection.execute("DELETE FROM labels WHERE serial = ?", (serial,))
    _set_labels(connection, key, serial, labels)
    touch(connection, serial, now)
    return True


def _create(connection: sqlite3.Connection, key: int, arrival: Arrival, content: Content, now: int) -> int:
    serial = connection.execute(
        "INSERT INTO images (collection, sha256, width, height, size_bytes, format, captured, latitude, longitude,"
        " scene, scenes, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key, bytes.fromhex(arrival.image_id), *_facts(content), *scenes.columns(content.scenes), now, now),
    ).lastrowid
    assert serial is not None  # noqa: S101  an INSERT that did not raise has one
    connection.execute("INSERT INTO vectors VALUES (?, ?)", (serial, blob(content.vector)))
    if arrival.source is not None:
        _add_source(connection, key, serial, 0, arrival.source)
    _set_labels(connection, key, serial, arrival.labels)
    return serial


def _facts(content: Content) -> tuple[object, ...]:
    place = places.columns(content.location)
    return content.width, content.height, content.size_bytes, content.format, content.captured, *place


def _sighted(connection: sqlite3.Connection, key: int, serial: int, arrival: Arrival, now: int) -> bool:
    old = _labels(connection, serial)
    merged = old | dict(arrival.labels)
    check_labels(merged)
    seen = arrival.source is not None and _saw(connection, key, serial, arrival.source)
    if merged != old:
        _set_labels(connection, key, serial, arrival.labels)
    if seen or merged != old:
        touch(connection, serial, now)
    return seen or merged != old


def _saw(connection: sqlite3.Connection, key: int, serial: int, source: Source) -> bool:
    known = connection.execute(
        "SELECT modified, size_bytes FROM sources WHERE serial = ? AND path = ?", (serial, source.path)
    ).fetchone()
    if known is not None:
        told = source.modified if source.modified is not None else known[0], source.size_bytes or known[1]
        return told != known and _resee(connection, serial, source.path, told)
    count, last = connection.execute(
        "SELECT count(*), coalesce(max(ordinal), -1) FROM sources WHERE serial = ?", (serial,)
    ).fetchone()
    if count >= MAX_SOURCES:
        return False
    _add_source(connection, key, serial, last + 1, source)
    return True


def _resee(connection: sqlite3.Connection, serial: int, path: str, told: tuple[int | None, int]) -> bool:
    connection.execute(
        "UPDATE sources SET modified = ?, size_bytes = ? WHERE serial = ? AND path = ?", (*told, serial, path)
    )
    return True


def _add_source(connection: sqlite3.Connection, key: int, serial: int, ordinal: int, source: Source) -> None:
    connection.execute(
        "INSERT INTO sources (serial, ordinal, collection, path, folder, modified, size_bytes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (serial, ordinal, key, source.path, source.folder, source.modified, source.size_bytes),
    )


def _labels(connection: sqlite3.Connection, serial: int) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM labels WHERE serial = ?", (serial,)).fetchall())


def _set_labels(connection: sqlite3.Connection, key: int, serial: int, labels: Mapping[str, str]) -> None:
    connection.executemany(
        "INSERT INTO labels (serial, collection, key, value) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (serial, key) DO UPDATE SET value = excluded.value",
        [(serial, key, name, value) for name, value in labels.items()],
    )


def touch(connection: sqlite3.Connection, serial: int, now: int) -> None:
    """Notes that an image's labels or sources have changed."""
    connection.execute("UPDATE images SET updated = ? WHERE serial = ?", (now, serial))

"""Reads records out of SQLite: each function runs in the caller's transaction."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterator

import numpy as np

from lookalike_server.catalog import places, scenes
from lookalike_server.catalog.conditions import gathered, judged, listed
from lookalike_server.catalog.store import Entry, Superseded, no_collection
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Collection, Filter, Image, Scene, Source, Vector

_COLLECTION = (
    "SELECT id, uuid, name, description, model_id, dim, image_count, generation, created, updated FROM collections"
)
_LITTLE_ENDIAN = np.dtype("<f4")
_SLICE = 1_000  # vectors read at once: 5 MB at 1,280 numbers


def entry(connection: sqlite3.Connection, name: str) -> Entry:
    """The collection of this name; CollectionNotFound."""
    row = connection.execute(_COLLECTION + " WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_collection(name)
    return _entry(row)


def entries(connection: sqlite3.Connection, after: str, limit: int) -> list[Entry]:
    """The first `limit` collections by name, of those beyond `after`."""
    rows = connection.execute(_COLLECTION + " WHERE name > ? ORDER BY name LIMIT ?", (after, limit))
    return [_entry(row) for row in rows]


def serials_of(connection: sqlite3.Connection, key: int, ids: Several[str]) -> dict[str, int]:
    """Serials by id, of those that the collection holds."""
    rows = connection.execute(
        "SELECT sha256, serial FROM images"
        " WHERE collection = ? AND sha256 IN (SELECT id_bytes(value) FROM json_each(?))",
        (key, listed(ids)),
    )
    return {sha256.hex(): serial for sha256, serial in rows}


def admitted(
    connection: sqlite3.Connection,
    key: int,
    wanted: Filter,
    *,
    after: int,
    limit: int | None,
    among: Several[int] | None,
) -> Serials:
    """Serials that a filter admits, ascending: the first `limit` beyond `after`, of `among` where that is given."""
    if among is None:
        query, values = gathered(key, wanted, after=after)
    else:
        condition, values = judged(wanted)
        # The plus keeps SQLite from walking through the whole collection.
        query = (
            "SELECT serial FROM images WHERE serial IN (SELECT value FROM json_each(?))"  # noqa: S608
            f" AND +collection = ? AND serial > ? AND {condition}"
        )
        values = [listed(among), key, after, *values]
    # As one value: 50,000 in 10 ms instead of 16, during most of which other threads go on.
    found = connection.execute(
        f"SELECT json_group_array(serial) FROM ({query} ORDER BY serial LIMIT ?)",  # noqa: S608
        (*values, -1 if limit is None else limit),
    )
    return np.array(json.loads(found.fetchone()[0]), dtype=np.int64)


def images(connection: sqlite3.Connection, held: Entry, serials: Several[int]) -> dict[int, Image]:
    """Records by serial, ascending, of those that the collection holds."""
    asked = listed(serials)
    sources = _sources(connection, asked)
    labels = _labels(connection, asked)
    rows = connection.execute(
        "SELECT serial, sha256, width, height, size_bytes, format, captured, created, updated, scenes, latitude,"
        " longitude FROM images WHERE serial IN (SELECT value FROM json_each(?)) AND +collection = ? ORDER BY serial",
        (asked, held.key),
    )
    name = held.record.name
    return {
        serial: Image(
            sha256.hex(),
            name,
            tuple(sources[serial]),
            labels[serial],
            *(*facts, scenes.told(kept), places.told(latitude, longitude)),
        )
        for serial, sha256, *facts, kept, latitude, longitude in rows
    }


def many_sourced(connection: sqlite3.Connection, key: int, among: Several[int]) -> Serials:
    """Those of `among`, ascending, that were seen at several places."""
    rows = connection.execute(
        "SELECT serial FROM sources WHERE serial IN (SELECT value FROM json_each(?)) AND +collection = ?"
        " GROUP BY serial HAVING count(*) > 1 ORDER BY serial",
        (listed(among), key),
    )
    return np.fromiter((row[0] for row in rows), dtype=np.int64)


def scenes_of(connection: sqlite3.Connection, key: int, serials: Several[int]) -> dict[int, tuple[Scene, ...]]:
    """Scenes by serial, of those that the collection holds."""
    rows = connection.execute(
        "SELECT serial, scenes FROM images WHERE serial IN (SELECT value FROM json_each(?)) AND +collection = ?",
        (listed(serials), key),
    )
    return {serial: scenes.told(kept) for serial, kept in rows}


def vectors_of(connection: sqlite3.Connection, key: int, ids: Several[str]) -> dict[str, Vector]:
    """Vectors by id, of those that the collection holds."""
    rows = connection.execute(
        "SELECT sha256, float32_le FROM images JOIN vectors USING (serial)"
        " WHERE collection = ? AND sha256 IN (SELECT id_bytes(value) FROM json_each(?))",
        (key, listed(ids)),
    )
    return {sha256.hex(): floats(vector) for sha256, vector in rows}


def vectors_at(connection: sqlite3.Connection, held: Entry, asked: Serials) -> tuple[Serials, Rows]:
    """Vectors by serial, ascending, of those of a collection that it still has; Superseded when its uuid is gone."""
    if connection.execute("SELECT 1 FROM collections WHERE uuid = ?", (held.uuid,)).fetchone() is None:
        raise Superseded
    found = connection.execute(
        "SELECT serial, float32_le FROM vectors WHERE serial IN (SELECT value FROM json_each(?)) ORDER BY serial",
        (listed(asked.tolist()),),
    )
    return _columns(found.fetchall(), held.record.dim)


def serials(connection: sqlite3.Connection, key: int) -> Serials:
    """All serials of a collection, ascending: read from an index alone, half a second a million."""
    rows = connection.execute("SELECT serial FROM images WHERE collection = ? ORDER BY serial", (key,))
    return np.fromiter((row[0] for row in rows), dtype=np.int64)


def vectors(connection: sqlite3.Connection, held: Entry, after: int) -> Iterator[tuple[Serials, Rows]]:
    """A collection's vectors beyond `after` in ascending slices; ValueError when one has the wrong length."""
    found = connection.execute(
        "SELECT serial, float32_le FROM images JOIN vectors USING (serial)"
        " WHERE collection = ? AND serial > ? ORDER BY serial",
        (held.key, after),
    )
    yield from _slices(found, held.record.dim)


def staged_vectors(connection: sqlite3.Connection, new: Entry) -> Iterator[tuple[Serials, Rows]]:
    """The vectors staged for the model of `new`, as `vectors` gives those in use."""
    found = connection.execute(
        "SELECT serial, float32_le FROM images JOIN staged USING (serial) WHERE collection = ? AND model_id = ?"
        " ORDER BY serial",
        (new.key, new.record.model_id),
    )
    yield from _slices(found, new.record.dim)


def _slices(found: sqlite3.Cursor, dim: int) -> Iterator[tuple[Serials, Rows]]:
    while rows := found.fetchmany(_SLICE):
        yield _columns(rows, dim)


def _columns(rows: list[tuple[int, bytes]], dim: int) -> tuple[Serials, Rows]:
    serials = np.array([serial for serial, _ in rows], dtype=np.int64)
    return serials, floats(b"".join(vector for _, vector in rows)).reshape(len(rows), dim)


def blob(vector: Vector) -> bytes:
    """A vector as the database keeps it."""
    return vector.astype(_LITTLE_ENDIAN).tobytes()


def floats(kept: bytes) -> Vector:
    """The numbers that `blob` wrote."""
    return np.frombuffer(kept, dtype=_LITTLE_ENDIAN).astype(np.float32)


def _entry(row: tuple[int, str, str, str, str, int, int, int, int, int]) -> Entry:
    key, uuid, *record = row
    return Entry(key, uuid, Collection(*record))  # type: ignore[arg-type]  # columns stand in the fields' order


def _sources(connection: sqlite3.Connection, asked: str) -> defaultdict[int, list[Source]]:
    found: defaultdict[int, list[Source]] = defaultdict(list)
    rows = connection.execute(
        "SELECT serial, path, modified, size_bytes FROM sources"
        " WHERE serial IN (SELECT value FROM json_each(?)) ORDER BY serial, ordinal",
        (asked,),
    )
    for serial, *place in rows:
        found[serial].append(Source(*place))
    return found


def _labels(connection: sqlite3.Connection, asked: str) -> defaultdict[int, dict[str, str]]:
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    rows = connection.execute(
        "SELECT serial, key, value FROM labels WHERE serial IN (SELECT value FROM json_each(?))", (asked,)
    )
    for serial, key, value in rows:
        found[serial][key] = value
    return found

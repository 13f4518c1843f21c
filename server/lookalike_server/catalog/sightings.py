"""Which images were seen where, in SQLite: told in the order of paths, and taken back.

Each function runs in the caller's transaction.
"""

import sqlite3
from collections.abc import Collection as Several
from collections.abc import Mapping

from lookalike_server.catalog.arrivals import touch
from lookalike_server.catalog.conditions import beyond
from lookalike_server.catalog.rows import serials_of
from lookalike_server.catalog.store import Seen, Unseen
from lookalike_server.records import Sighting, Source

_PATHS = "SELECT path FROM sources WHERE serial = ? ORDER BY ordinal"


def page(connection: sqlite3.Connection, key: int, prefix: str, after: tuple[str, int], limit: int) -> list[Seen]:
    """The first `limit` whose path begins with `prefix`, beyond this path and serial: one stretch of the index."""
    end = beyond(prefix)
    rows = connection.execute(
        "SELECT s.serial, sha256, path, modified, s.size_bytes FROM sources AS s CROSS JOIN images USING (serial)"  # noqa: S608
        f" WHERE s.collection = ? AND (path, s.serial) > (?, ?) {'' if end is None else 'AND path < ?'}"
        " ORDER BY path, s.serial LIMIT ?",
        (key, *max(after, (prefix, 0)), *([] if end is None else [end]), limit),
    )
    return [Seen(serial, Sighting(sha256.hex(), Source(*place))) for serial, sha256, *place in rows]


def take_back(
    connection: sqlite3.Connection, key: int, asked: Mapping[str, Several[str]], now: int, *, with_images: bool
) -> Unseen:
    """Removes sources, paths by image id, and the images that have none left where `with_images` says so."""
    count, gone = 0, []
    for image_id, serial in serials_of(connection, key, asked.keys()).items():
        held = [path for (path,) in connection.execute(_PATHS, (serial,))]
        doomed = [path for path in held if path in asked[image_id]]
        if with_images and doomed and len(doomed) == len(held):
            connection.execute("DELETE FROM images WHERE serial = ?", (serial,))
            gone.append(serial)
        elif doomed := doomed[: len(held) - 1]:  # where all are, the one that was seen last stays
            connection.executemany(
                "DELETE FROM sources WHERE serial = ? AND path = ?", [(serial, path) for path in doomed]
            )
            touch(connection, serial, now)
        count += len(doomed)
    return Unseen(count, sorted(gone))

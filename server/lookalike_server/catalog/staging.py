"""A collection's next generation, staged beside the one in use: each function runs in the caller's transaction.

What a model tells of an image (facts, scenes, vector) waits in the table `staged` until `switch` puts it in place of
what the model before it told. An image that is deleted takes its staged rows along.
"""

import sqlite3

from lookalike_server.catalog import places, scenes
from lookalike_server.catalog.rows import blob
from lookalike_server.catalog.store import Entry
from lookalike_server.errors import ImageNotFound
from lookalike_server.records import Content

_LACKING = (
    "images.collection = ? AND NOT EXISTS"
    " (SELECT 1 FROM staged WHERE staged.serial = images.serial AND staged.model_id = ?)"
)
_HELD = "serial IN (SELECT serial FROM images WHERE collection = ?)"


def stage(connection: sqlite3.Connection, key: int, image_id: str, content: Content) -> None:
    """Keeps what another model told of a held image, in place of what it told before; ImageNotFound."""
    row = connection.execute(
        "SELECT serial FROM images WHERE collection = ? AND sha256 = ?", (key, bytes.fromhex(image_id))
    ).fetchone()
    if row is None:
        raise ImageNotFound(f"the collection does not hold {image_id}: the picture has changed, or was deleted")
    facts = (content.width, content.height, content.size_bytes, content.format, content.captured)
    told = (*facts, *places.columns(content.location), *scenes.columns(content.scenes))
    connection.execute(
        "INSERT OR REPLACE INTO staged (serial, model_id, width, height, size_bytes, format, captured, latitude,"
        " longitude, scene, scenes, float32_le) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (row[0], content.model_id, *told, blob(content.vector)),
    )


def lacking(connection: sqlite3.Connection, key: int, model_id: str) -> int:
    """How many of a collection's images this model has told nothing of."""
    # The texts of this module are made of constants; values are parameters.
    query = f"SELECT count(*) FROM images WHERE {_LACKING}"  # noqa: S608
    count: int = connection.execute(query, (key, model_id)).fetchone()[0]
    return count


def switch(connection: sqlite3.Connection, new: Entry, now: int) -> int:
    """Makes a collection what `new` says, with what was staged for its model; returns how many images lacked that.

    Those are removed, and so is whatever else was staged for the collection.
    """
    key, model_id = new.key, new.record.model_id
    dropped = connection.execute(f"DELETE FROM images WHERE {_LACKING}", (key, model_id)).rowcount  # noqa: S608
    connection.execute(
        "UPDATE images SET width = staged.width, height = staged.height, size_bytes = staged.size_bytes,"
        " format = staged.format, captured = coalesce(staged.captured, images.captured),"
        " latitude = coalesce(staged.latitude, images.latitude),"
        " longitude = coalesce(staged.longitude, images.longitude), scene = staged.scene, scenes = staged.scenes"
        " FROM staged"
        " WHERE images.collection = ? AND staged.serial = images.serial AND staged.model_id = ?",
        (key, model_id),
    )
    connection.execute(
        f"UPDATE vectors SET float32_le = staged.float32_le FROM staged WHERE vectors.{_HELD}"  # noqa: S608
        " AND staged.serial = vectors.serial AND staged.model_id = ?",
        (key, model_id),
    )
    connection.execute(f"DELETE FROM staged WHERE {_HELD}", (key,))  # noqa: S608
    connection.execute(
        "UPDATE collections SET uuid = ?, model_id = ?, dim = ?, image_count = image_count - ?, generation = ?,"
        " updated = ? WHERE id = ?",
        (new.uuid, model_id, new.record.dim, dropped, new.record.generation, now, key),
    )
    return dropped

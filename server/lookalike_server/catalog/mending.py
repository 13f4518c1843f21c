"""Mends what lies in a database's tables: each function runs in the caller's transaction and says what it did.

Whatever can be computed from something sound is computed again; what belongs to nothing goes; an image goes only
where it cannot be searched: its vector or record is unsound, or its collection is gone. Those are named.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from lookalike_server.catalog.inspection import READABLE, is_text, is_unit, prepare

_ORPHANS = (
    ("vectors", "serial NOT IN (SELECT serial FROM images)", "vectors of images that are gone"),
    ("sources", "serial NOT IN (SELECT serial FROM images)", "sources of images that are gone"),
    ("labels", "serial NOT IN (SELECT serial FROM images)", "labels of images that are gone"),
    ("staged", "serial NOT IN (SELECT serial FROM images)", "staged vectors of images that are gone"),
    ("marks", "collection NOT IN (SELECT id FROM collections)", "marks of collections that are gone"),
    (
        "staged",
        "EXISTS (SELECT 1 FROM images JOIN collections ON collections.id = images.collection"
        " WHERE images.serial = staged.serial AND collections.model_id = staged.model_id)",
        "vectors staged for the model that their collection belongs to already",
    ),
)

_REFILED = (
    (
        f"UPDATE OR REPLACE sources SET path = legible(CAST(path AS BLOB)) WHERE NOT {is_text('path')}",  # noqa: S608  made of constants
        "made sources legible that were no text",
    ),
    (
        f"DELETE FROM labels WHERE NOT ({is_text('key')} AND {is_text('value')})",  # noqa: S608  made of constants
        "removed labels that were no text",
    ),
    (
        "UPDATE sources SET collection = images.collection FROM images"
        " WHERE images.serial = sources.serial AND sources.collection <> images.collection",
        "filed sources under their images' collections",
    ),
    (
        "UPDATE sources SET folder = rtrim(path, replace(path, '/', ''))"
        " WHERE folder <> rtrim(path, replace(path, '/', ''))",
        "filed sources under their paths' folders",
    ),
    (
        "UPDATE labels SET collection = images.collection FROM images"
        " WHERE images.serial = labels.serial AND labels.collection <> images.collection",
        "filed labels under their images' collections",
    ),
    (
        f"UPDATE images SET scenes = '[]' WHERE NOT ({is_text('scenes')} AND json_valid(scenes))",  # noqa: S608  made of constants
        "took away scenes that cannot be read",
    ),
    (
        "UPDATE images SET scene = coalesce(json_extract(scenes, '$[0][0]'), '')"
        " WHERE scene <> coalesce(json_extract(scenes, '$[0][0]'), '')",
        "filed images under their most likely scenes",
    ),
    (
        "UPDATE collections SET generation = generation + 1,"
        " image_count = (SELECT count(*) FROM images WHERE collection = collections.id)"
        " WHERE image_count <> (SELECT count(*) FROM images WHERE collection = collections.id)",
        "counted the images of collections again",
    ),
)


@dataclass(frozen=True, slots=True)
class Lost:
    """An image that was removed; imported again from its path it is as it was."""

    collection: str | None
    id: str
    path: str | None


def mend(connection: sqlite3.Connection) -> tuple[list[str], list[Lost]]:
    """What was done, a sentence each, and the images that were removed."""
    prepare(connection)
    connection.create_function("legible", 1, _legible, deterministic=True)
    lost = _take_unsound(connection)
    done = [f"removed images that cannot be searched, to be imported again: {len(lost)}"] if lost else []
    for table, orphaned, what in _ORPHANS:
        if count := connection.execute(f"DELETE FROM {table} WHERE {orphaned}").rowcount:  # noqa: S608  constants
            done.append(f"removed {what}: {count}")
    if count := _take_unsound_staged(connection):
        done.append(f"removed unsound staged vectors, which `lookalike reembed` makes again: {count}")
    for statement, words in _REFILED:
        if count := connection.execute(statement).rowcount:
            done.append(f"{words}: {count}")
    return done, lost


def _take_unsound(connection: sqlite3.Connection) -> list[Lost]:
    unsound = list(_unsound(connection))
    connection.executemany("DELETE FROM images WHERE serial = ?", [(serial,) for serial, _ in unsound])
    return [lost for _, lost in unsound]


def _unsound(connection: sqlite3.Connection) -> Iterator[tuple[int, Lost]]:
    rows = connection.execute(
        f"SELECT serial, lower(hex(sha256)), {READABLE}, name, dim, float32_le,"  # noqa: S608  made of constants
        " (SELECT legible(CAST(path AS BLOB)) FROM sources WHERE sources.serial = images.serial"
        " ORDER BY ordinal LIMIT 1)"
        " FROM images LEFT JOIN collections ON collections.id = images.collection LEFT JOIN vectors USING (serial)"
        " ORDER BY serial"
    )
    for serial, image_id, readable, name, dim, vector, path in rows:
        whole = readable and name is not None and isinstance(vector, bytes) and len(vector) == 4 * dim
        if not (whole and is_unit(vector)):
            yield serial, Lost(name, image_id, path)


def _take_unsound_staged(connection: sqlite3.Connection) -> int:
    """Removes crooked vectors alone, and generations whose vectors differ in length whole; how many vectors."""
    rows = connection.execute("SELECT rowid, float32_le FROM staged")
    crooked = [(row,) for row, vector in rows if len(vector) % 4 or not is_unit(vector)]
    connection.executemany("DELETE FROM staged WHERE rowid = ?", crooked)
    mixed = connection.execute(
        "DELETE FROM staged WHERE ((SELECT collection FROM images WHERE images.serial = staged.serial), model_id) IN"
        " (SELECT collection, model_id FROM staged JOIN images USING (serial) GROUP BY collection, model_id"
        " HAVING min(length(float32_le)) <> max(length(float32_le)))"
    )
    return len(crooked) + mixed.rowcount


def _legible(content: bytes) -> str:
    return content.decode(errors="replace")

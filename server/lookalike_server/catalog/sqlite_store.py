"""The store that ships: one SQLite file, `catalog.db` in the data folder."""

# ruff: noqa: D102 - the Protocol `Store` documents the methods.

import time
from collections import Counter
from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from uuid import uuid4

from lookalike_server.catalog import inspection, marks, presence, rows, sightings, staging
from lookalike_server.catalog.arrivals import replace_labels, take_in
from lookalike_server.catalog.database import Database
from lookalike_server.catalog.store import Added, Entry, Seen, Taken, Unreadable, Unseen
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.errors import CollectionExists, ImageNotFound, LookalikeError
from lookalike_server.records import Arrival, Filter, Image, Outcome, Scene, Vector

FILE = "catalog.db"
"""The database's name in the data folder."""


class SqliteStore:
    """A `Store`; its Protocol documents the methods."""

    def __init__(self, folder: Path) -> None:
        presence.expect(folder / FILE)
        self._database = Database(folder / FILE)

    def close(self) -> None:
        self._database.close()

    def create_collection(self, name: str, description: str, model_id: str, dim: int) -> Entry:
        now = _now()
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM collections WHERE name = ?", (name,)).fetchone():
                raise CollectionExists(f"there is a collection {name!r} already")
            connection.execute(
                "INSERT INTO collections (uuid, name, description, model_id, dim, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (uuid4().hex, name, description, model_id, dim, now, now),
            )
            return rows.entry(connection, name)

    def collection(self, name: str) -> Entry:
        with self._database.reading() as connection:
            return rows.entry(connection, name)

    def collections(self, after: str, limit: int) -> list[Entry]:
        with self._database.reading() as connection:
            return rows.entries(connection, after, limit)

    def update_collection(self, name: str, description: str) -> Entry:
        with self._database.writing() as connection:
            old = rows.entry(connection, name)
            if old.record.description != description:
                connection.execute("UPDATE collections SET description = ? WHERE id = ?", (description, old.key))
                _changed(connection, old.key, _now())
            return rows.entry(connection, name)

    def delete_collection(self, name: str) -> Entry:
        with self._database.writing() as connection:
            old = rows.entry(connection, name)
            connection.execute("DELETE FROM collections WHERE id = ?", (old.key,))
        self._database.forget()
        return old

    def add(self, arrivals: Sequence[Arrival]) -> Taken:
        now = _now()
        gained: Counter[str] = Counter()
        with self._database.writing() as connection:
            results = [_take_in(connection, arrival, now, gained) for arrival in arrivals]
            for name, count in gained.items():
                _changed(connection, rows.entry(connection, name).key, now, gained=count)
            return Taken(results, [rows.entry(connection, name) for name in gained])

    def update_labels(self, entry: Entry, image_id: str, labels: dict[str, str]) -> Image:
        now = _now()
        with self._database.writing() as connection:
            serial = rows.serials_of(connection, entry.key, [image_id]).get(image_id)
            if serial is None:
                raise ImageNotFound(f"{entry.record.name} does not hold {image_id}")
            if replace_labels(connection, entry.key, serial, labels, now):
                _changed(connection, entry.key, now)
            return rows.images(connection, entry, [serial])[serial]

    def delete_images(self, entry: Entry, ids: Several[str], *, allow_missing: bool) -> list[int]:
        with self._database.writing() as connection:
            found = rows.serials_of(connection, entry.key, ids)
            missing = set(ids) - found.keys()
            if missing and not allow_missing:
                raise ImageNotFound(
                    f"{entry.record.name} does not hold {len(missing)} of these images, {min(missing)} among them; "
                    "none was deleted"
                )
            connection.executemany("DELETE FROM images WHERE serial = ?", [(one,) for one in found.values()])
            if found:
                _changed(connection, entry.key, _now(), gained=-len(found))
        if found:
            self._database.forget()
        return sorted(found.values())

    def sightings(self, entry: Entry, prefix: str, after: tuple[str, int], limit: int) -> list[Seen]:
        with self._database.reading() as connection:
            return sightings.page(connection, entry.key, prefix, after, limit)

    def remove_sources(self, entry: Entry, paths: Mapping[str, Several[str]], *, with_images: bool) -> Unseen:
        now = _now()
        with self._database.writing() as connection:
            gone = sightings.take_back(connection, entry.key, paths, now, with_images=with_images)
            if gone.source_count:
                _changed(connection, entry.key, now, gained=-len(gone.serials))
        if gone.source_count:
            self._database.forget()
        return gone

    def serials_of(self, entry: Entry, ids: Several[str]) -> dict[str, int]:
        with self._database.reading() as connection:
            return rows.serials_of(connection, entry.key, ids)

    def admitted(
        self,
        entry: Entry,
        wanted: Filter,
        *,
        after: int = 0,
        limit: int | None = None,
        among: Several[int] | None = None,
    ) -> Serials:
        with self._database.reading() as connection:
            return rows.admitted(connection, entry.key, wanted, after=after, limit=limit, among=among)

    def images(self, entry: Entry, serials: Several[int]) -> dict[int, Image]:
        with self._database.reading() as connection:
            return rows.images(connection, entry, serials)

    def many_sourced(self, entry: Entry, among: Several[int]) -> Serials:
        with self._database.reading() as connection:
            return rows.many_sourced(connection, entry.key, among)

    def scenes_of(self, entry: Entry, serials: Several[int]) -> dict[int, tuple[Scene, ...]]:
        with self._database.reading() as connection:
            return rows.scenes_of(connection, entry.key, serials)

    def vectors_of(self, entry: Entry, ids: Several[str]) -> dict[str, Vector]:
        with self._database.reading() as connection:
            return rows.vectors_of(connection, entry.key, ids)

    def vectors_at(self, entry: Entry, serials: Serials) -> tuple[Serials, Rows]:
        with self._database.reading() as connection:
            return rows.vectors_at(connection, entry, serials)

    def vectors(self, entry: Entry, after: int = 0) -> Iterator[tuple[Serials, Rows]]:
        with self._database.reading() as connection:
            yield from rows.vectors(connection, entry, after)

    def serials(self, entry: Entry) -> Serials:
        with self._database.reading() as connection:
            return rows.serials(connection, entry.key)

    def mark(self, entry: Entry) -> str:
        with self._database.writing() as connection:
            return marks.add(connection, entry, _now())

    def marked(self, entry: Entry, mark: str) -> bool:
        with self._database.reading() as connection:
            return marks.held(connection, entry, mark)

    def stage(self, arrivals: Sequence[Arrival]) -> list[LookalikeError | None]:
        with self._database.writing() as connection:
            return [_stage(connection, arrival) for arrival in arrivals]

    def lacking(self, entry: Entry, model_id: str) -> int:
        with self._database.reading() as connection:
            return staging.lacking(connection, entry.key, model_id)

    def staged(self, new: Entry) -> Iterator[tuple[Serials, Rows]]:
        with self._database.reading() as connection:
            yield from rows.staged_vectors(connection, new)

    def switch(self, new: Entry) -> int:
        with self._database.writing() as connection:
            return staging.switch(connection, new, _now())

    def forget(self) -> None:
        self._database.forget()

    def check(self) -> list[str]:
        found: list[str] = []
        try:
            with self._database.reading() as connection:
                for finding in inspection.findings(connection):
                    found.append(finding)  # one by one: what was found before damage ended it is kept
        except Unreadable as error:
            found.append(str(error))
        return found


def _take_in(connection: Connection, arrival: Arrival, now: int, gained: Counter[str]) -> Added | LookalikeError:
    try:
        key = rows.entry(connection, arrival.collection).key
        added, changed = take_in(connection, key, arrival, now)
    except LookalikeError as error:
        return error
    if changed:
        gained[arrival.collection] += added.outcome is Outcome.CREATED
    return added


def _stage(connection: Connection, arrival: Arrival) -> LookalikeError | None:
    assert arrival.content is not None  # noqa: S101  what is staged is what a model told
    try:
        staging.stage(connection, rows.entry(connection, arrival.collection).key, arrival.image_id, arrival.content)
    except LookalikeError as error:
        return error
    return None


def _changed(connection: Connection, key: int, now: int, *, gained: int = 0) -> None:
    connection.execute(
        "UPDATE collections SET generation = generation + 1, updated = ?, image_count = image_count + ? WHERE id = ?",
        (now, gained, key),
    )


def _now() -> int:
    return time.time_ns() // 1_000

"""What only the SQLite store promises: what a full disk does, and what `check` finds in its file."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import DIM, MODEL, arrival

from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.errors import DiskFull


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_changes_nothing_and_passes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.create_collection("c", "", MODEL, DIM)
    store.add([arrival(0)])
    before = store.collection("c")
    batch = [arrival(number) for number in range(2_000)]
    with no_file_beyond((tmp_path / "catalog.db-wal").stat().st_size + 50_000), pytest.raises(DiskFull):
        store.add(batch)
    assert store.collection("c") == before
    assert store.check() == []
    store.add(batch)
    assert store.collection("c").record.image_count == 2_000
    store.close()


def test_a_full_database_is_a_full_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.create_collection("c", "", MODEL, DIM)
    with store._database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    store._database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(DiskFull):
        store.add([arrival(number) for number in range(500)])
    assert store.collection("c").record.image_count == 0
    store.close()


DAMAGE = [
    ("DELETE FROM vectors WHERE serial = 1", "images without a vector"),
    ("UPDATE vectors SET float32_le = x'00' WHERE serial = 1", "vectors of the wrong length"),
    ("UPDATE collections SET image_count = 7", "miscount"),
    ("UPDATE sources SET collection = 9", "sources filed"),
    ("UPDATE labels SET collection = 9", "labels filed"),
    ("DELETE FROM images WHERE serial = 1", "belongs to no row"),
]


@pytest.mark.parametrize(("damage", "finding"), DAMAGE)
def test_damage_is_found(tmp_path: Path, damage: str, finding: str) -> None:
    store = SqliteStore(tmp_path)
    store.create_collection("c", "", MODEL, DIM)
    store.add([arrival(number, path="/a", labels={"k": "v"}) for number in range(5)])
    other = sqlite3.connect(tmp_path / "catalog.db")  # without foreign keys, as a stranger's tool
    other.execute(damage)
    other.commit()
    other.close()
    assert any(finding in found for found in store.check())
    store.close()

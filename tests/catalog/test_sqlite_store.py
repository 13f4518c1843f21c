"""What only the SQLite store promises: what a full disk does, and what `check` finds in its file."""

import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import DIM, MODEL, arrival, open_catalog, tamper, vector_of
from tests.disk import no_file_beyond

from lookalike_server.catalog.rows import blob
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.catalog.store import Unreadable
from lookalike_server.errors import DataFolderError, DiskFull


def overwrite(folder: Path, share: float) -> None:
    """Three pages of the database, from a place between 0, its beginning, and 1, its end."""
    with (folder / "catalog.db").open("r+b") as file:
        file.seek(int(share * file.seek(0, 2)) // 4096 * 4096)
        file.write(b"\xa5" * 3 * 4096)


@pytest.mark.parametrize("share", [0, 0.2, 0.4, 0.6, 0.8])
def test_damage_is_told_in_words(tmp_path: Path, share: float) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, path=f"/a/{number}", labels={"k": "v"}) for number in range(2_000)])
    overwrite(tmp_path, share)
    try:
        with open_catalog(tmp_path) as catalog:
            told = catalog.verify()
    except DataFolderError as error:
        told = re.findall(r"catalog\.db cannot be used: .* backup", str(error))
    assert told


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_damage_under_a_server_is_a_finding(tmp_path: Path, share: float) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        store.create_collection("c", "", MODEL, DIM)
        store.add([arrival(number, path=f"/a/{number}", labels={"k": "v"}) for number in range(2_000)])
    with closing(SqliteStore(tmp_path)) as store:
        overwrite(tmp_path, share)
        assert store.check()


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
    ("UPDATE images SET scene = 'pier' WHERE serial = 1", "filed under another scene"),
    ("UPDATE images SET scenes = '[[' WHERE serial = 1", "filed under another scene"),
    ("DELETE FROM images WHERE serial = 1", "belongs to no row"),
]


@pytest.mark.parametrize(("damage", "finding"), DAMAGE)
def test_damage_is_found(tmp_path: Path, damage: str, finding: str) -> None:
    store = SqliteStore(tmp_path)
    store.create_collection("c", "", MODEL, DIM)
    store.add([arrival(number, path="/a", labels={"k": "v"}) for number in range(5)])
    tamper(tmp_path, damage)
    assert any(finding in found for found in store.check())
    store.close()


@pytest.mark.parametrize("damaged", ["[[", "7", '["pier"]', '[["pier", "often"]]'])
def test_damaged_scenes_are_told_in_words(tmp_path: Path, damaged: str) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        store.create_collection("c", "", MODEL, DIM)
        store.add([arrival(1)])
        tamper(tmp_path, "UPDATE images SET scenes = ?", damaged)
        entry = store.collection("c")
        for reading in (store.images, store.scenes_of):
            with pytest.raises(Unreadable, match="scenes are damaged"):
                reading(entry, [1])


@pytest.mark.parametrize("length", [0, 0.99, 1.01, np.nan, np.inf, 3e38])
def test_vectors_that_are_no_unit_vectors_are_found_in_collections_of_every_model(
    tmp_path: Path, length: float
) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        store.create_collection("c", "", MODEL, DIM)
        store.create_collection("d", "", "another-model", 2 * DIM)
        store.add([arrival(number, collection="d", vector=vector_of(number, 2 * DIM)) for number in range(5)])
        assert store.check() == []
        crooked = np.zeros(2 * DIM, np.float32)
        crooked[0] = length
        tamper(tmp_path, "UPDATE vectors SET float32_le = ? WHERE serial = 2", blob(crooked))
        assert store.check() == ["d: 1 vectors are not finite, or not of length 1"]

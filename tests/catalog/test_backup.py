"""A backup holds one moment whole, says so if a bit of it changes, and never stands in the way of anything."""

import hashlib
import io
import os
import random
import shutil
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import arrival, ids, image_id, open_catalog, tamper, vector_of
from tests.disk import no_file_beyond

from lookalike_server.catalog.archive import DATABASE, MANIFEST, check, pack
from lookalike_server.catalog.backup import backup
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.lock import FolderLock
from lookalike_server.catalog.migrations import MIGRATIONS
from lookalike_server.catalog.restore import checked, restore
from lookalike_server.errors import BackupError, DataFolderError
from lookalike_server.records import Filter


def quiet(doing: str, share: float) -> None:
    assert doing
    assert 0 <= share <= 1


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped server's folder: 40 images in two collections, one deleted, a graph of each."""
    folder = tmp_path / "data"
    with open_catalog(folder, small=5) as catalog:
        for name in ("c", "d"):
            catalog.create_collection(name)
            catalog.add([arrival(n, collection=name, path=f"/a/{n}", labels={"k": "v"}) for n in range(20)])
        catalog.delete_images("c", [image_id(7)])
    return folder


@pytest.fixture
def kept(data: Path, tmp_path: Path) -> Path:
    backup(data, tmp_path / "kept.zip", quiet)
    return tmp_path / "kept.zip"


def contents(catalog: Catalog) -> dict[str, object]:
    """All that users can see."""
    found: dict[str, object] = {}
    for record in catalog.collections(10)[0]:
        images = catalog.images(record.name, Filter(), 100)[0]
        vectors = catalog.vectors(record.name, ids(images))
        found[record.name] = (record, images, {key: vector.tolist() for key, vector in vectors.items()})
    return found


def test_what_is_restored_is_what_was_backed_up(data: Path, kept: Path, tmp_path: Path) -> None:
    manifest, moved = restore(kept, tmp_path / "new", quiet)
    assert (manifest.image_count, manifest.findings, moved) == (39, [], None)
    assert manifest.collections["c"] == {"model_id": "tiny-1", "dim": 8, "image_count": 19, "generation": 3}
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["catalog.db", "lock"]
    with open_catalog(data) as old, open_catalog(tmp_path / "new") as new:
        assert contents(new) == contents(old)
        assert new.verify() == []
        assert ids(new.search("d", vector_of(7), limit=1)) == [image_id(7)]


def test_a_running_catalog_is_copied_with_all_that_it_has_acknowledged(data: Path, tmp_path: Path) -> None:
    with open_catalog(data) as catalog:
        catalog.add([arrival(100, path="/late")])  # in the write-ahead log alone
        backup(data, tmp_path / "kept.zip", quiet)
        before = contents(catalog)
        catalog.add([arrival(101)])
    restore(tmp_path / "kept.zip", tmp_path / "new", quiet)
    with open_catalog(tmp_path / "new") as new:
        assert contents(new) == before


def test_a_backup_leaves_nothing_beside_the_database_of_a_stopped_server(data: Path, kept: Path) -> None:
    assert sorted(path.name for path in data.iterdir()) == ["catalog.db", "indexes", "lock"]
    assert sorted(path.name for path in kept.parent.iterdir()) == ["data", "kept.zip"]


def test_nothing_deleted_is_in_a_backup(data: Path, tmp_path: Path) -> None:
    with open_catalog(data) as catalog:
        catalog.add([arrival(200, path="/holiday/in/secret", vector=vector_of(200))])
        assert b"/holiday/in/secret" in (data / "catalog.db-wal").read_bytes()
        catalog.delete_images("c", [image_id(200)])
        backup(data, tmp_path / "kept.zip", quiet)
    kept = (tmp_path / "kept.zip").read_bytes()
    assert b"/a/1" in kept
    assert b"/holiday/in/secret" not in kept
    assert vector_of(200).tobytes() not in kept
    assert image_id(200).encode() not in kept


def test_deleting_during_a_backup_waits_for_no_one_and_the_next_change_leaves_nothing_in_the_log(data: Path) -> None:
    log = data / "catalog.db-wal"
    with open_catalog(data) as catalog:
        catalog.add([arrival(300, path="/holiday/in/secret")])
        with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM images").fetchone()
            catalog.delete_images("c", [image_id(300)])
            assert b"/holiday/in/secret" in log.read_bytes(), "the reader's moment is in the log alone"
            catalog.add([arrival(301)])
        catalog.add([arrival(302)])
        assert b"/holiday/in/secret" not in log.read_bytes() + (data / DATABASE).read_bytes()


def test_every_flipped_bit_and_every_cut_is_found(kept: Path, tmp_path: Path) -> None:
    whole, damaged = kept.read_bytes(), tmp_path / "damaged.zip"
    chance = random.Random(3)  # noqa: S311  where damage falls is no secret
    end = range(len(whole) - 600, len(whole))  # the manifest, the directory and the seal
    for place in [*chance.sample(range(len(whole)), 400), *end]:
        one = bytearray(whole)
        one[place] ^= 1 << chance.randrange(8)
        damaged.write_bytes(one)
        with pytest.raises(BackupError, match="damaged or cut short"):
            checked(damaged, quiet)
    for size in [0, 1, 63, 64, 65, len(whole) - 1, *chance.sample(range(len(whole)), 50)]:
        damaged.write_bytes(whole[:size])
        with pytest.raises(BackupError, match="damaged or cut short"):
            checked(damaged, quiet)
    damaged.write_bytes(whole + b"\0")
    with pytest.raises(BackupError, match="damaged or cut short"):
        restore(damaged, tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()
    assert checked(kept, quiet).image_count == 39


def test_any_tool_opens_a_backup(kept: Path) -> None:
    with zipfile.ZipFile(kept) as file:
        assert file.testzip() is None
        assert file.namelist() == [DATABASE, MANIFEST]
        assert io.BytesIO(file.read(DATABASE)).read(15) == b"SQLite format 3"


def test_a_catalog_is_never_overwritten(data: Path, kept: Path) -> None:
    with pytest.raises(BackupError, match=r"holds a catalog already.*--force"):
        restore(kept, data, quiet)
    with open_catalog(data) as catalog:
        catalog.add([arrival(400)])
        newer = contents(catalog)
        with pytest.raises(DataFolderError, match="in use by another server"):
            restore(kept, data, quiet, replace=True)
    _, moved = restore(kept, data, quiet, replace=True)
    assert moved is not None
    with open_catalog(moved) as old:
        assert contents(old) == newer
    with open_catalog(data) as catalog:
        assert catalog.missing("c", [image_id(400)]) == [image_id(400)]
        assert catalog.verify() == []


def test_a_catalog_that_a_crash_left_moves_aside_with_its_log(data: Path, kept: Path, tmp_path: Path) -> None:
    with open_catalog(data) as catalog:
        catalog.add([arrival(500)])
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        for name in ("catalog.db", "catalog.db-wal"):
            (crashed / name).write_bytes((data / name).read_bytes())
    _, moved = restore(kept, crashed, quiet, replace=True)
    assert moved is not None
    with open_catalog(moved) as old:
        assert old.missing("c", [image_id(500)]) == []


def test_a_folder_of_other_things_is_left_alone(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with pytest.raises(BackupError, match=r"not empty, a.jpg is in it"):
        restore(kept, tmp_path / "photos", quiet)
    assert not (tmp_path / "photos" / DATABASE).exists()


def test_graphs_of_another_moment_are_not_used(data: Path, kept: Path) -> None:
    """Serials that were given out after the backup are given out again, for other images."""
    with open_catalog(data, small=5) as catalog:
        catalog.add([arrival(n) for n in range(600, 630)])
    assert list((data / "indexes").rglob("*.json"))
    (data / DATABASE).unlink()
    restore(kept, data, quiet)
    assert not (data / "indexes").exists()
    with open_catalog(data, small=5) as catalog:
        catalog.add([arrival(n) for n in range(700, 730)])
        assert catalog.verify() == []
        assert ids(catalog.search("c", vector_of(710), limit=1)) == [image_id(710)]


def test_a_folder_that_lost_its_database_takes_a_backup(data: Path, kept: Path) -> None:
    (data / "tuning.json").write_text("{}")
    (data / DATABASE).unlink()
    restore(kept, data, quiet)
    assert sorted(path.name for path in data.iterdir()) == [DATABASE, "lock"]


def test_a_file_is_replaced_only_on_demand(data: Path, kept: Path) -> None:
    before = kept.read_bytes()
    with pytest.raises(BackupError, match=r"there already.*--force"):
        backup(data, kept, quiet)
    assert kept.read_bytes() == before
    backup(data, kept, quiet, overwrite=True)
    assert checked(kept, quiet).image_count == 39


def test_a_full_disk_costs_the_backup_alone(data: Path, tmp_path: Path) -> None:
    for limit in (8_192, (data / DATABASE).stat().st_size):
        with no_file_beyond(limit), pytest.raises(BackupError, match="no room left"):
            backup(data, tmp_path / "kept.zip", quiet)
        assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_costs_the_restored_folder_alone(kept: Path, tmp_path: Path) -> None:
    with no_file_beyond(8_192), pytest.raises(BackupError, match="cannot be written"):
        restore(kept, tmp_path / "new", quiet)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["lock"]


def test_room_is_asked_for_first(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr("lookalike_server.catalog.backup.disk_usage", lambda _: nearly_full)
    with pytest.raises(BackupError, match="are needed for the time of the backup"):
        backup(data, tmp_path / "kept.zip", quiet)


@pytest.mark.parametrize("stage", ["copying", "packing"])
def test_ctrl_c_leaves_nothing_behind(data: Path, tmp_path: Path, stage: str) -> None:
    with open_catalog(data) as catalog:
        catalog.add([arrival(n) for n in range(1_000, 4_000)])

    def pressed(doing: str, share: float) -> None:
        if doing == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(data, tmp_path / "kept.zip", pressed)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_without_a_catalog_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"no catalog in .*--data"):
        backup(tmp_path, tmp_path / "kept.zip", quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written: No such file"):
        backup(data, tmp_path / "none" / "kept.zip", quiet)


def test_a_backup_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be read: No such file"):
        checked(tmp_path / "none.zip", quiet)


def test_what_is_wrong_with_a_catalog_is_told_and_copied(data: Path, tmp_path: Path) -> None:
    tamper(data, "DELETE FROM vectors WHERE serial = 1")
    assert backup(data, tmp_path / "kept.zip", quiet).findings == ["database: 1 images without a vector"]
    assert checked(tmp_path / "kept.zip", quiet).image_count == 39


def test_a_database_that_cannot_be_read_makes_no_backup(data: Path, tmp_path: Path) -> None:
    with (data / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8 * 4096))
    with pytest.raises(BackupError, match=r"cannot be copied.*verify --repair.*lookalike restore"):
        backup(data, tmp_path / "kept.zip", quiet)
    assert not (tmp_path / "kept.zip").exists()


@pytest.mark.parametrize("newer", [{"format": 2}, {"database_version": len(MIGRATIONS) + 1}])
def test_a_backup_of_a_newer_program_is_refused(kept: Path, tmp_path: Path, newer: dict[str, int]) -> None:
    manifest = replace(check(kept, quiet), **newer)  # type: ignore[arg-type]  # each is a field of an int
    said = {name: getattr(manifest, name) for name in manifest.__dataclass_fields__ if name not in ("size", "sha256")}
    with zipfile.ZipFile(kept) as file:
        file.extract(DATABASE, tmp_path)
    pack(tmp_path / DATABASE, said, tmp_path / "newer.zip", quiet)
    with pytest.raises(BackupError, match=r"written by a newer Lookalike \(0.1.0\)"):
        restore(tmp_path / "newer.zip", tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_sealed_and_no_backup_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sealed"
    file.write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(BackupError, match="is no backup all the same"):
        check(file, quiet)


def test_a_database_of_an_older_shape_is_copied_as_it_is(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
    assert backup(tmp_path, tmp_path / "kept.zip", quiet).database_version == 1


def test_a_lock_is_not_asked_for(data: Path, tmp_path: Path) -> None:
    with closing(FolderLock(data)):
        assert backup(data, tmp_path / "kept.zip", quiet).image_count == 39


def test_nothing_that_a_killed_restore_left_is_in_the_way_of_the_next(data: Path, kept: Path, tmp_path: Path) -> None:
    place = tmp_path / "new"
    (place / ".restore-killed").mkdir(parents=True)
    (place / ".restore-killed" / DATABASE).write_bytes(b"half of it")
    restore(kept, place, quiet)
    assert sorted(path.name for path in place.iterdir()) == ["catalog.db", "lock"]


def test_what_was_measured_goes_with_its_catalog(data: Path, kept: Path) -> None:
    """The restored collections have their uuids again, and a recall measured on other images would be told for them."""
    (data / "tuning.json").write_text("{}")
    _, moved = restore(kept, data, quiet, replace=True)
    assert moved is not None
    assert (moved / "tuning.json").is_file()
    (data / DATABASE).unlink()
    (data / "tuning.json").write_text("{}")
    with pytest.raises(BackupError, match="replaced-"):
        restore(kept, data, quiet)
    restore(kept, data, quiet, replace=True)
    assert not (data / "tuning.json").exists()

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import (
    MODELS,
    OTHER,
    OTHER_DIM,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    vector_of,
)

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.database import Database
from lookalike_server.catalog.migrations import MIGRATIONS, migrate
from lookalike_server.catalog.rows import blob
from lookalike_server.errors import DataFolderError
from lookalike_server.records import Collection, Filter, Scene, Source

NUMBERS = range(1, 6)
"""Images of the databases below, by serial."""

ROWS: tuple[tuple[tuple[str, tuple[object, ...]], ...], ...] = (
    (
        ("INSERT INTO collections VALUES (1, ?, 'c', 'shed', 'tiny-1', 8, 5, 2, 10, 20)", ("c" * 32,)),
        ("INSERT INTO collections VALUES (2, ?, 'empty', '', 'tiny-2', 6, 0, 1, 10, 10)", ("d" * 32,)),
        *(
            (
                "INSERT INTO images (serial, collection, sha256, width, height, size_bytes, format, captured, created,"
                " updated) VALUES (?, 1, ?, 4, 3, 12, 'PNG', ?, 30, 40)",
                (number, bytes.fromhex(image_id(number)), number),
            )
            for number in NUMBERS
        ),
        *(("INSERT INTO vectors VALUES (?, ?)", (number, blob(vector_of(number)))) for number in NUMBERS),
        *(("INSERT INTO sources VALUES (?, 0, 1, '/a/b.png', '/a/', 50)", (number,)) for number in NUMBERS),
        ("INSERT INTO sources VALUES (1, 1, 1, 'c.png', '', NULL)", ()),
        *(("INSERT INTO labels VALUES (?, 1, 'k', 'v')", (number,)) for number in NUMBERS),
    ),
    (("UPDATE images SET scene = 'pier', scenes = '[[\"pier\",0.75],[\"bar\",0.25]]'", ()),),
    tuple(
        (
            "INSERT INTO staged (serial, model_id, width, height, size_bytes, format, captured, scene, scenes,"
            " float32_le) VALUES (?, 'tiny-2', 5, 4, 13, 'PNG', NULL, 'bar', '[[\"bar\",0.5]]', ?)",
            (number, blob(vector_of(number, OTHER_DIM))),
        )
        for number in NUMBERS
    ),
    (
        ("UPDATE images SET latitude = 48.5, longitude = -9.25 WHERE serial = 1", ()),
        ("UPDATE staged SET latitude = 48.5, longitude = -9.25 WHERE serial = 1", ()),
    ),
    (("INSERT INTO marks VALUES (1, 'word', 2, 60)", ()),),
    (("UPDATE sources SET size_bytes = 70 WHERE path = '/a/b.png'", ()),),
)
"""What each step made room for: rows in all tables and columns of a version are those of its steps together."""

STEPS = (
    "fb29878b8e78d672",
    "6969b3db27763265",
    "9687146519c6a321",
    "099ef3dd80e1662e",
    "12333b3146f43f47",
    "bb6bbc7f178d45af",
)
"""Beginnings of the SHA-256 of each step's statements: a step that was released is never edited, add another."""


def written(folder: Path, version: int) -> Path:
    """A data folder as a Lookalike left it that knew so many steps."""
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for step in range(version):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
            for statement, values in ROWS[step]:
                connection.execute(statement, values)
        connection.execute(f"PRAGMA user_version = {version}")
    return folder


def expect_all(folder: Path, version: int) -> None:
    """That a folder of this version opens, and all that was in it is served."""
    scenes = (Scene("pier", 0.75), Scene("bar", 0.25)) if version >= 2 else ()
    with open_catalog(folder, models=MODELS, small=2) as catalog:
        assert catalog.verify() == []
        assert [record.name for record in catalog.collections(10)[0]] == (["c", "empty"] if version else [])
        if not version:
            return
        assert catalog.collection("c") == Collection("c", "shed", "tiny-1", 8, 5, 2, 10, 20)
        images = catalog.images("c", Filter(labels={"k": "v"}, path_prefix="/a/"), 100)[0]
        assert ids(images) == [image_id(number) for number in NUMBERS]
        assert images[0].sources == (Source("/a/b.png", 50, 70 if version >= 6 else 0), Source("c.png"))
        assert [(one.width, one.format, one.captured, one.created, one.scenes) for one in images] == [
            (4, "PNG", number, 30, scenes) for number in NUMBERS
        ]
        assert len(catalog.images("c", Filter(scenes=frozenset({"pier"})), 100)[0]) == (5 if version >= 2 else 0)
        for number in NUMBERS:
            assert catalog.vectors("c", [image_id(number)])[image_id(number)].tolist() == vector_of(number).tolist()
            (match,) = catalog.search("c", vector_of(number), limit=1).matches
            assert (match.image.id, match.distance) == (image_id(number), 0)
        catalog.add([arrival(9, scenes={"pier": 0.9})])
        assert catalog.image("c", image_id(9)).scenes == (Scene("pier", 0.9),)
        catalog.delete_images("c", [image_id(9)])
        expect_staged(catalog, version)


def expect_staged(catalog: Catalog, version: int) -> None:
    """That what waited for another model can be switched to, and where nothing waited that it can be staged."""
    lacking = ids(catalog.images("c", Filter(not_embedded_by=OTHER), 100)[0])
    assert lacking == ([] if version >= 3 else [image_id(number) for number in NUMBERS])
    assert catalog.stage([restaged(number) for number in NUMBERS if lacking]) == [None] * len(lacking)
    catalog.switch_model("c", OTHER)
    for number in NUMBERS:
        assert ids(catalog.search("c", vector_of(number, OTHER_DIM), limit=1)) == [image_id(number)]
    assert catalog.verify() == []


def shape(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_steps_are_taken_once_and_counted() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    first = shape(connection)
    migrate(connection)
    assert shape(connection) == first
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    connection.close()


def test_a_step_that_fails_leaves_nothing_behind() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE labels (in_the_way)")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    assert [name for name, _ in shape(connection)] == ["labels"]
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 0
    connection.close()


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_a_database_of_every_version_opens_with_all_that_was_in_it(tmp_path: Path, version: int) -> None:
    expect_all(written(tmp_path, version), version)


@pytest.mark.parametrize("version", range(4, len(MIGRATIONS) + 1))
def test_places_and_marks_are_kept(tmp_path: Path, version: int) -> None:
    Database(written(tmp_path, version) / "catalog.db").close()
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as connection:
        for table in ("images", "staged"):
            query = f"SELECT serial, latitude, longitude FROM {table} WHERE latitude IS NOT NULL"  # noqa: S608
            assert connection.execute(query).fetchall() == [(1, 48.5, -9.25)]
        marks = connection.execute("SELECT collection, mark, generation FROM marks").fetchall()
        assert marks == ([(1, "word", 2)] if version >= 5 else [])


def test_every_step_has_rows_here_and_is_as_it_was_released() -> None:
    assert len(ROWS) == len(MIGRATIONS)
    assert tuple(sha256("\n".join(step).encode()).hexdigest()[:16] for step in MIGRATIONS) == STEPS


KILLED_BEFORE = """
import os, signal, sqlite3, sys
from lookalike_server.catalog.migrations import migrate

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
left = [int(sys.argv[2])]

def count(statement):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

connection.set_trace_callback(count)
migrate(connection)
"""
"""Migrates a database, and is killed before its n-th statement."""


def test_a_kill_in_mid_migration_leaves_a_database_that_opens(tmp_path: Path) -> None:
    versions = set()
    for number in range(1, 100):
        folder = tmp_path / str(number)
        folder.mkdir()
        line = [sys.executable, "-c", KILLED_BEFORE, str(written(folder, 1) / "catalog.db"), str(number)]
        status = subprocess.run(line, check=False).returncode
        assert status in (0, -signal.SIGKILL)
        with closing(sqlite3.connect(folder / "catalog.db")) as connection:
            versions.add(connection.execute("PRAGMA user_version").fetchone()[0])
        expect_all(folder, 1)
        if status == 0:
            break
    assert versions == set(range(1, len(MIGRATIONS) + 1)), "killed between all steps, and in the end not at all"


def test_a_database_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(DataFolderError, match="newer"):
        Database(path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"my holiday diary " * 500)
    with pytest.raises(DataFolderError, match="cannot be used"):
        Database(path)
    assert path.read_bytes() == b"my holiday diary " * 500


def test_commits_are_synced_and_deletions_overwritten(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.db")
    with database.writing() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    database.close()
    assert found == ["wal", 2, 1, 1]

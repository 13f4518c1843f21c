import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import arrival, image_id, open_catalog, vector_of

from lookalike_server.catalog import migrations
from lookalike_server.catalog.database import Database
from lookalike_server.catalog.migrations import MIGRATIONS, migrate
from lookalike_server.catalog.rows import blob
from lookalike_server.errors import DataFolderError
from lookalike_server.records import Filter, Scene

VERSION_1: tuple[tuple[str, str | bytes], ...] = (
    ("INSERT INTO collections VALUES (1, ?, 'c', '', 'tiny-1', 8, 1, 2, 0, 0)", "c" * 32),
    ("INSERT INTO images VALUES (1, 1, ?, 4, 3, 12, 'PNG', NULL, 0, 0)", bytes.fromhex("ab" * 32)),
    ("INSERT INTO vectors VALUES (1, ?)", blob(vector_of(1))),
)
"""One image, as the first version of the database held it."""


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


def test_a_catalog_of_before_scenes_opens_with_its_images_of_no_known_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old, closing(sqlite3.connect(tmp_path / "catalog.db")) as connection:
        old.setattr(migrations, "MIGRATIONS", MIGRATIONS[:1])
        migrate(connection)
        for statement, value in VERSION_1:
            connection.execute(statement, (value,))
        connection.commit()
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    with open_catalog(tmp_path) as catalog:
        assert catalog.verify() == []
        (image,) = catalog.images("c", Filter(), 10)[0]
        assert (image.id, image.format, image.scenes) == ("ab" * 32, "PNG", ())
        catalog.add([arrival(1, scenes={"pier": 0.9})])
        assert catalog.image("c", image_id(1)).scenes == (Scene("pier", 0.9),)


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

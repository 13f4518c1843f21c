"""What can be mended is mended and named, what cannot is left as it was, and no sound image is lost."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import (
    MODELS,
    OTHER,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    tamper,
    vector_of,
)
from tests.disk import no_file_beyond

from lookalike_server.catalog.inspection import structure
from lookalike_server.catalog.mending import Lost
from lookalike_server.catalog.repair import Repair, repair
from lookalike_server.catalog.rows import blob
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.errors import BackupError, DamagedCatalog, DataFolderError
from lookalike_server.records import Arrival, Filter

CROOKED = blob(2 * vector_of(9))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Images 0 to 9 in two collections, the serials 1 to 10 and 11 to 20; the first has staged vectors, too."""
    with open_catalog(tmp_path, models=MODELS) as catalog:
        for name in ("c", "d"):
            catalog.create_collection(name)
            catalog.add([_made(number, name) for number in range(10)])
        catalog.stage([restaged(number) for number in range(10)])
    return tmp_path


def _made(number: int, name: str) -> Arrival:
    return arrival(number, collection=name, path=f"/a/{number}", labels={"k": "v"}, scenes={"pier": 0.5})


def mended(folder: Path) -> Repair:
    """The repair of what is damaged: afterwards all is whole, and there is nothing left to do."""
    with closing(SqliteStore(folder)) as store:
        assert store.check()
    done = repair(folder)
    assert repair(folder) == Repair()
    with open_catalog(folder, models=MODELS) as catalog:
        assert catalog.verify() == []
    return done


MENDABLE: list[tuple[str, str]] = [
    ("UPDATE collections SET image_count = 7", "counted the images of collections again: 2"),
    ("UPDATE sources SET collection = 9", "filed sources under their images' collections: 20"),
    ("UPDATE sources SET folder = '/b/' WHERE serial = 3", "filed sources under their paths' folders: 1"),
    ("UPDATE labels SET collection = 9", "filed labels under their images' collections: 20"),
    ("UPDATE images SET scene = 'bar' WHERE serial = 3", "filed images under their most likely scenes: 1"),
    ("INSERT INTO vectors VALUES (99, x'00')", "removed vectors of images that are gone: 1"),
    ("INSERT INTO labels VALUES (99, 1, 'k', 'v')", "removed labels of images that are gone: 1"),
    ("INSERT INTO sources VALUES (99, 0, 1, 'p', '', 0, 0)", "removed sources of images that are gone: 1"),
    ("UPDATE staged SET serial = 99 WHERE serial = 3", "removed staged vectors of images that are gone: 1"),
    ("INSERT INTO marks VALUES (9, 'word', 1, 0)", "removed marks of collections that are gone: 1"),
    (
        "UPDATE staged SET model_id = 'tiny-1' WHERE serial = 3",
        "removed vectors staged for the model that their collection belongs to already: 1",
    ),
]


@pytest.mark.parametrize(("damage", "told"), MENDABLE)
def test_what_can_be_computed_again_or_belongs_to_nothing_costs_no_image(data: Path, damage: str, told: str) -> None:
    with open_catalog(data, models=MODELS) as catalog:
        before = {name: catalog.images(name, Filter(), 100)[0] for name in ("c", "d")}
    tamper(data, damage)
    done = mended(data)
    assert (done.done, done.lost) == ([told], [])
    with open_catalog(data, models=MODELS) as catalog:
        for name, images in before.items():
            assert catalog.images(name, Filter(), 100)[0] == images
            assert catalog.collection(name).image_count == 10
        assert len(catalog.images("c", Filter(path_prefix="/a/", labels={"k": "v"}), 100)[0]) == 10


@pytest.mark.parametrize("damage", ["UPDATE images SET scenes = '[[' WHERE serial = 3"])
def test_scenes_that_cannot_be_read_go_and_the_image_stays(data: Path, damage: str) -> None:
    tamper(data, damage)
    done = mended(data)
    assert done.done[0] == "took away scenes that cannot be read: 1"
    with open_catalog(data) as catalog:
        assert catalog.image("c", image_id(2)).scenes == ()


def test_texts_that_are_none_cost_no_image(data: Path) -> None:
    tamper(data, "UPDATE labels SET value = CAST(x'ff' AS TEXT) WHERE serial = 3")
    tamper(data, "UPDATE sources SET path = CAST(x'2f61ff' AS TEXT), folder = '/' WHERE serial = 4")
    tamper(data, "UPDATE images SET scenes = CAST(x'ff' AS TEXT), scene = '' WHERE serial = 5")
    done = mended(data)
    assert done.lost == []
    assert len(done.done) == 3
    with open_catalog(data) as catalog:
        assert catalog.image("c", image_id(2)).labels == {}
        assert catalog.image("c", image_id(3)).sources[0].path == "/a\N{REPLACEMENT CHARACTER}"
        assert catalog.image("c", image_id(4)).scenes == ()


UNSOUND = [
    ("DELETE FROM vectors WHERE serial = 3", ()),
    ("UPDATE vectors SET float32_le = x'00' WHERE serial = 3", ()),
    ("UPDATE vectors SET float32_le = ? WHERE serial = 3", (CROOKED,)),
    ("UPDATE vectors SET float32_le = 'text' WHERE serial = 3", ()),
    ("UPDATE images SET width = 'wide' WHERE serial = 3", ()),
    ("UPDATE images SET height = 1 << 40 WHERE serial = 3", ()),
    ("UPDATE images SET latitude = 'north' WHERE serial = 3", ()),
    ("UPDATE images SET format = CAST(x'ff' AS TEXT) WHERE serial = 3", ()),
]


@pytest.mark.parametrize(("damage", "values"), UNSOUND)
def test_an_image_without_a_sound_vector_goes_and_is_named(data: Path, damage: str, values: tuple[bytes]) -> None:
    tamper(data, damage, *values)
    done = mended(data)
    assert done.done[0] == "removed images that cannot be searched, to be imported again: 1"
    assert done.lost == [Lost("c", image_id(2), "/a/2")]
    with open_catalog(data) as catalog:
        assert catalog.collection("c").image_count == 9
        assert catalog.missing("c", [image_id(n) for n in range(10)]) == [image_id(2)]
        assert catalog.missing("d", [image_id(n) for n in range(10)]) == []
        catalog.add([arrival(2)])
        assert ids(catalog.search("c", vector_of(2), limit=1)) == [image_id(2)]


def test_images_of_a_collection_that_is_gone_go(data: Path) -> None:
    tamper(data, "DELETE FROM collections WHERE name = 'd'")
    done = mended(data)
    assert [(lost.collection, lost.path) for lost in done.lost] == [(None, f"/a/{n}") for n in range(10)]


@pytest.mark.parametrize(("vector", "left"), [(CROOKED, 9), (b"\0", 9), (blob(vector_of(9, 4)), 0)])
def test_unsound_staged_vectors_are_made_again_by_reembedding(data: Path, vector: bytes, left: int) -> None:
    tamper(data, "UPDATE staged SET float32_le = ? WHERE serial = 3", vector)
    done = mended(data)
    assert done.done == [f"removed unsound staged vectors, which `lookalike reembed` makes again: {10 - left}"]
    assert done.lost == []
    with open_catalog(data, models=MODELS) as catalog:
        assert len(catalog.images("c", Filter(not_embedded_by=OTHER), 100)[0]) == 10 - left


def test_damaged_indexes_of_sqlite_are_built_again(data: Path) -> None:
    with closing(sqlite3.connect(data / "catalog.db")) as stranger:
        (hidden,) = stranger.execute("SELECT sql FROM sqlite_master WHERE name = 'images_by_scene'").fetchone()
        (page,) = stranger.execute("SELECT rootpage FROM sqlite_master WHERE name = 'images_by_scene'").fetchone()
        stranger.execute("PRAGMA writable_schema = ON")
        stranger.execute("DELETE FROM sqlite_master WHERE name = 'images_by_scene'")
        stranger.commit()
    tamper(data, "UPDATE images SET scene = 'bar', scenes = '[[\"bar\", 1.0]]' WHERE serial = 3")
    with closing(sqlite3.connect(data / "catalog.db")) as stranger:
        stranger.execute("PRAGMA writable_schema = ON")
        row = ("index", "images_by_scene", "images", page, hidden)
        stranger.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        stranger.commit()
    done = mended(data)
    assert (done.done, done.lost) == (["built SQLite's own indexes again"], [])
    with open_catalog(data) as catalog:
        assert ids(catalog.images("c", Filter(scenes=frozenset({"bar"})), 10)[0]) == [image_id(2)]


def test_a_whole_catalog_is_not_touched(data: Path) -> None:
    before = (data / "catalog.db").read_bytes()
    assert repair(data) == Repair()
    assert (data / "catalog.db").read_bytes() == before
    assert list(data.glob("before-repair-*")) == []


def test_the_database_as_it_was_stays(data: Path) -> None:
    tamper(data, "DELETE FROM vectors WHERE serial = 3")
    with closing(sqlite3.connect(data / "catalog.db")) as connection:
        before = list(connection.iterdump())
    done = repair(data)
    assert done.copy is not None
    with closing(sqlite3.connect(done.copy / "catalog.db")) as connection:
        assert list(connection.iterdump()) == before
    with open_catalog(done.copy, models=MODELS) as catalog:
        assert "database: 1 images without a vector" in catalog.verify()


def test_without_a_copy_nothing_else_is_written(data: Path) -> None:
    tamper(data, "DELETE FROM vectors WHERE serial = 3")
    names = sorted(path.name for path in data.iterdir())
    assert repair(data, copy=False).copy is None
    assert sorted(path.name for path in data.iterdir()) == names


def test_without_room_for_the_copy_nothing_is_changed(data: Path) -> None:
    with open_catalog(data) as catalog:
        catalog.add([arrival(n) for n in range(100, 1_100)])
    tamper(data, "DELETE FROM vectors WHERE serial = 3")
    before = (data / "catalog.db").read_bytes()
    with no_file_beyond(100_000), pytest.raises(BackupError, match="--no-copy"):
        repair(data)
    assert (data / "catalog.db").read_bytes() == before
    assert list(data.glob("before-repair-*")) == []


def test_a_folder_in_use_is_not_repaired(data: Path) -> None:
    with open_catalog(data), pytest.raises(DataFolderError, match="in use"):
        repair(data)


def overwrite(folder: Path, places: Callable[[int], list[int]], content: bytes) -> None:
    with (folder / "catalog.db").open("r+b") as file:
        for place in places(file.seek(0, 2)):
            file.seek(place)
            file.write(content)


def test_a_database_that_cannot_be_read_is_not_touched(data: Path) -> None:
    overwrite(data, lambda size: [4096, 2 * 4096], b"\xa5" * 4096)
    before = (data / "catalog.db").read_bytes()
    with pytest.raises(DamagedCatalog, match=r"catalog\.db .*lookalike restore FILE --data .* --force"):
        repair(data)
    assert (data / "catalog.db").read_bytes() == before


@pytest.mark.parametrize("count", [50, pytest.param(200, marks=pytest.mark.slow)])
def test_random_damage_is_mended_or_left_as_it_was(tmp_path: Path, count: int) -> None:
    """Whatever falls on the database: a repair makes it whole, or changes nothing and says so."""
    chance = random.Random(11)  # noqa: S311  where damage falls is no secret
    folder = tmp_path / "data"
    with open_catalog(folder) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(n, path=f"/a/{n}", labels={"k": "v"}, scenes={"pier": 0.5}) for n in range(300)])
    whole = (folder / "catalog.db").read_bytes()
    outcomes = {"whole": 0, "mended": 0, "left": 0}
    for _ in range(count):
        damaged = bytearray(whole)
        place = chance.randrange(100, len(whole) - 32)
        damaged[place : place + 32] = chance.randbytes(32)
        (folder / "catalog.db").write_bytes(damaged)
        try:
            done = repair(folder, copy=False)
        except DataFolderError:
            outcomes["left"] += 1
            assert (folder / "catalog.db").read_bytes() == damaged
            continue
        outcomes["mended" if done.done else "whole"] += 1
        with closing(sqlite3.connect(folder / "catalog.db")) as connection:
            assert structure(connection) == []
        with open_catalog(folder) as catalog:
            assert catalog.verify() == []
            assert catalog.collection("c").image_count + len(done.lost) == 300
    assert min(outcomes.values()) > count / 20, outcomes

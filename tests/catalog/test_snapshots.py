"""A snapshot is used when it is sound, and only then; without one the graph is built anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import DIM, arrival, ids, image_id, open_catalog, serials, units, vector_of

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.snapshots import Identity, Snapshots, seal
from lookalike_server.records import Filter

IDENTITY = Identity("u" * 32, "m", DIM, "hnsw")


def index_of(count: int) -> HnswIndex:
    index = HnswIndex(DIM)
    index.add(serials(1, count), units(count))
    return index


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    made = Snapshots(tmp_path / "u", IDENTITY)
    made.write(index_of(50), watermark=50, generation=7, contents="")
    return made


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.rglob(pattern)
    return found


def test_a_snapshot_comes_back(snapshots: Snapshots) -> None:
    found = snapshots.read(HnswIndex, 7)
    assert found is not None
    assert (len(found.index), found.watermark) == (50, 50)
    assert snapshots.read(HnswIndex, 8) is not None


def test_two_are_kept(snapshots: Snapshots, tmp_path: Path) -> None:
    for count in (60, 70):
        snapshots.write(index_of(count), watermark=count, generation=count, contents="")
    assert len(list(tmp_path.rglob("*.index"))) == len(list(tmp_path.rglob("*.json"))) == 2
    newest = max(tmp_path.rglob("*.index"))
    newest.write_bytes(newest.read_bytes()[:-1])
    found = snapshots.read(HnswIndex, 70)
    assert found is not None
    assert found.watermark == 60


def test_what_was_cut_off_in_writing_is_litter(snapshots: Snapshots, tmp_path: Path) -> None:
    folder = tmp_path / "u"
    (folder / "aside").write_bytes(b"half")
    (folder / "0000000009.index").write_bytes(b"no manifest")
    found = snapshots.read(HnswIndex, 7)
    assert found is not None
    snapshots.write(index_of(60), watermark=60, generation=8, contents="")
    assert not (folder / "aside").exists()
    assert not (folder / "0000000009.index").exists()
    found = snapshots.read(HnswIndex, 8)
    assert found is not None
    assert found.watermark == 60


def cut(folder: Path) -> None:
    data = only(folder, "*.index")
    data.write_bytes(data.read_bytes()[:-100])


def flip(folder: Path) -> None:
    data = only(folder, "*.index")
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)


def lose_data(folder: Path) -> None:
    only(folder, "*.index").unlink()


def lose_manifest(folder: Path) -> None:
    only(folder, "*.json").unlink()


def scribble(folder: Path) -> None:
    only(folder, "*.json").write_text("{")


def strip(folder: Path) -> None:
    only(folder, "*.json").write_text("[]")


def move_watermark(folder: Path) -> None:
    manifest = only(folder, "*.json")
    manifest.write_text(manifest.read_text().replace('"watermark": ', '"watermark": 9'))


def change(**values: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        manifest = only(folder, "*.json")
        manifest.write_text(json.dumps(seal({**json.loads(manifest.read_text()), **values})))

    damage.__name__ = "change_" + "_".join(values)
    return damage


DAMAGE: list[Callable[[Path], None]] = [cut, flip, lose_data, lose_manifest, scribble, strip, move_watermark]
LIES: list[Callable[[Path], None]] = [
    change(facts=None),
    change(generation=9_999),
    change(identity={"uuid": "another"}),
    change(facts={"space": "l2", "m": 16, "ef_construction": 200, "count": 50, "removed": []}),
    change(facts={"space": "ip", "m": 99, "ef_construction": 200, "count": 50, "removed": []}),
]


@pytest.mark.parametrize("damage", [*DAMAGE, *LIES], ids=lambda damage: str(damage.__name__))
def test_a_damaged_one_is_ignored(snapshots: Snapshots, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path)
    assert snapshots.read(HnswIndex, 7) is None
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    "identity",
    [
        Identity("v" * 32, "m", DIM, "hnsw"),
        Identity("u" * 32, "n", DIM, "hnsw"),
        Identity("u" * 32, "m", DIM + 1, "hnsw"),
        Identity("u" * 32, "m", DIM, "other"),
    ],
)
def test_a_strangers_one_is_ignored(snapshots: Snapshots, tmp_path: Path, identity: Identity) -> None:
    assert Snapshots(tmp_path / "u", identity).read(HnswIndex, 7) is None


def filled(folder: Path, *names: str) -> None:
    with open_catalog(folder, small=10) as catalog:
        for name in names:
            catalog.create_collection(name)
        catalog.add([arrival(number, collection=name) for name in names for number in range(60)])
        assert catalog.settle(30)


def covered(catalog: Catalog, name: str = "c") -> int:
    """How far the graph of a collection reached when it was opened: 0 without a snapshot."""
    cover = catalog._shelves.find(catalog._store.collection(name))._cover
    assert cover is not None
    return cover.unsaved


@pytest.mark.parametrize("name", ["0000000001.json.bak", "9x.index", "x.json", "99999999999.json"])
def test_strangers_files_are_left_alone(tmp_path: Path, name: str) -> None:
    filled(tmp_path, "c")
    stranger = only(tmp_path, "*.json").with_name(name)
    stranger.write_text("not ours")
    with open_catalog(tmp_path, small=10) as catalog:
        assert covered(catalog) == 0
        catalog.add([arrival(100)])
        assert catalog.settle(30)
    assert stranger.read_text() == "not ours"
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.verify() == []
        assert covered(catalog) == 0


@pytest.mark.parametrize("damage", [None, *DAMAGE, LIES[0]], ids=lambda damage: getattr(damage, "__name__", "none"))
def test_a_catalog_is_whole_after_any_damage(tmp_path: Path, damage: Callable[[Path], None] | None) -> None:
    filled(tmp_path, "c")
    if damage is not None:
        damage(tmp_path)
    with open_catalog(tmp_path, small=10) as catalog:
        assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
        assert catalog.verify() == []
        assert covered(catalog) == (0 if damage is None else 60)  # only what was built anew is unsaved


def test_snapshots_swapped_between_collections_are_ignored(tmp_path: Path) -> None:
    filled(tmp_path, "c", "d")
    one, other = sorted((tmp_path / "indexes").iterdir())
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.verify() == []
        assert covered(catalog, "c") == covered(catalog, "d") == 60


def test_what_came_after_the_snapshot_is_made_good(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    shutil.copytree(tmp_path / "indexes", tmp_path / "older")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(100)])
    shutil.rmtree(tmp_path / "indexes")
    (tmp_path / "older").rename(tmp_path / "indexes")
    with open_catalog(tmp_path, small=10) as catalog:
        assert ids(catalog.search("c", vector_of(100), limit=1)) == [image_id(100)]
        assert catalog.verify() == []
        assert covered(catalog) == 1


def test_one_that_holds_what_was_deleted_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    shutil.copytree(tmp_path / "indexes", tmp_path / "older")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.delete_images("c", [image_id(3)])
    shutil.rmtree(tmp_path / "indexes")
    (tmp_path / "older").rename(tmp_path / "indexes")
    with open_catalog(tmp_path, small=10) as catalog:
        assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=100))
        assert catalog.verify() == []
        assert covered(catalog) == 59


def test_a_graph_of_tombstones_is_built_anew(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.delete_images("c", [image_id(number) for number in range(20)])
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.verify() == []
        assert covered(catalog) == 40


def test_a_store_older_than_the_snapshot_wins(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(30)])
    shutil.copy(tmp_path / "catalog.db", tmp_path / "copy")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(number) for number in range(100, 130)])
        catalog.settle(30)
    (tmp_path / "copy").rename(tmp_path / "catalog.db")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(number) for number in range(200, 230)])
        assert ids(catalog.search("c", vector_of(200), limit=1)) == [image_id(200)]
        assert catalog.verify() == []


def restored(folder: Path) -> None:
    """A served folder whose database comes from a backup of before most images; its snapshot is of all."""
    with open_catalog(folder, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(20)])
    shutil.copy(folder / "catalog.db", folder / "copy")
    with open_catalog(folder, small=10) as catalog:
        catalog.add([arrival(number) for number in range(100, 160)])
        assert catalog.settle(30)
    (folder / "copy").rename(folder / "catalog.db")


def test_a_snapshot_newer_than_the_store_goes_at_once(tmp_path: Path) -> None:
    restored(tmp_path)
    with open_catalog(tmp_path, small=10):
        assert not list(tmp_path.rglob("*.index"))


def test_a_store_that_outgrew_a_snapshot_of_another_history_wins(tmp_path: Path) -> None:
    restored(tmp_path)
    shutil.move(tmp_path / "indexes", tmp_path / "aside")
    with open_catalog(tmp_path, small=10) as catalog:
        for number in range(200, 260):  # the same serials for other images, in more generations
            catalog.add([arrival(number)])
    shutil.rmtree(tmp_path / "indexes")
    shutil.move(tmp_path / "aside", tmp_path / "indexes")
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.settle(30)
        for number in range(200, 260):
            assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]
        assert catalog.verify() == []


def test_a_graph_that_cannot_be_extended_is_built_anew(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        cover = catalog._shelves.find(catalog._store.collection("c"))._cover
        assert cover is not None
        cover._reach.graph.add(serials(70, 1), units(1))  # what the store has not given out yet
        catalog.add([arrival(100)])
        assert catalog.settle(30)
        assert ids(catalog.search("c", vector_of(100), limit=1)) == [image_id(100)]
        assert catalog.verify() == []


def test_snapshots_of_lost_collections_are_swept(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    (tmp_path / "indexes" / "gone").mkdir()
    with open_catalog(tmp_path, small=10) as catalog:
        assert not (tmp_path / "indexes" / "gone").exists()
        assert list((tmp_path / "indexes").iterdir())
        catalog.delete_collection("c")
        assert not list((tmp_path / "indexes").iterdir())


def test_one_is_written_after_so_many_changes(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10, save_every=50) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(100)])
        assert catalog.settle(30)
        assert list(tmp_path.rglob("*.json"))


def test_a_fresh_one_follows_a_deletion(tmp_path: Path) -> None:
    served, killed = tmp_path / "served", tmp_path / "killed"
    filled(served, "c")
    with open_catalog(served, small=10, rewrite_after=0) as catalog:
        catalog.delete_images("c", [image_id(3)])
        assert catalog.settle(30)
        shutil.copytree(served, killed)
    with open_catalog(killed, small=10) as catalog:
        assert catalog.verify() == []
        assert covered(catalog) == 0


def test_deletions_that_go_on_write_none(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        for number in range(5):
            catalog.delete_images("c", [image_id(number)])
            assert catalog.settle(30)
            assert not list(tmp_path.rglob("*.index"))


def test_a_snapshot_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "indexes").write_text("in the way")
    catalog = Catalog(tmp_path, models={"m": DIM}, small=10)
    catalog.create_collection("c")
    catalog.add([arrival(number) for number in range(50)])
    assert catalog.settle(30)
    catalog.close()
    (tmp_path / "indexes").unlink()
    with Catalog(tmp_path, models={"m": DIM}, small=10) as again:
        assert len(again.images("c", Filter(), 100)[0]) == 50
        assert again.verify() == []

"""A catalog that is opened again: from its snapshots where they fit, from its store where they do not."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.catalog.catalog_makers import (
    DIM,
    MODELS,
    OTHER,
    OTHER_DIM,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    serials,
    units,
    vector_of,
)
from tests.catalog.test_snapshots import DAMAGE, LIES, only
from tests.disk import no_file_beyond

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.forking import FORKS
from lookalike_server.catalog.halves import halved
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.records import Filter


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


def test_what_was_deleted_since_the_snapshot_is_taken_out_of_it(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    shutil.copytree(tmp_path / "indexes", tmp_path / "older")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.delete_images("c", [image_id(3)])
    shutil.rmtree(tmp_path / "indexes")
    (tmp_path / "older").rename(tmp_path / "indexes")
    with open_catalog(tmp_path, small=10, rewrite_after=0) as catalog:
        assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=100))
        assert catalog.verify() == []
        assert not list(tmp_path.rglob("0000000001.*"))  # it held the vector, and another was written without it
        assert list(tmp_path.rglob("*.json"))


def test_vectors_deleted_one_by_one_leave_the_disk_with_the_next_snapshot(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10, save_every=10) as catalog:
        catalog.add([arrival(number) for number in range(100, 120)])
        assert catalog.settle(30)
    assert len(list(tmp_path.rglob("*.json"))) == 2
    with open_catalog(tmp_path, small=10) as catalog:
        for number in range(5):
            catalog.delete_images("c", [image_id(number)])
        assert catalog.settle(30)
        assert len(list(tmp_path.rglob("*.json"))) == 2  # a deletion waits for more of them
    for number in range(5):
        full, half = vector_of(number).tobytes(), halved(vector_of(number)).tobytes()
        assert not [path for path in tmp_path.rglob("*.*") if {full, half} & traces(path, len(full), len(half))]
    assert len(list(tmp_path.rglob("*.json"))) == 1


def traces(path: Path, *lengths: int) -> set[bytes]:
    """All that lies in a file at any place, in these lengths."""
    content = path.read_bytes()
    return {content[at : at + length] for length in lengths for at in range(len(content) - length + 1)}


def test_a_graph_of_tombstones_is_built_anew(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog._shelves._indexer.close()  # before it can
        catalog.delete_images("c", [image_id(number) for number in range(20)])
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.verify() == []
        assert covered(catalog) == 40  # of a graph that holds those, and no others


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
    shutil.rmtree(folder / "indexes", ignore_errors=True)  # whose word the backup would know
    shutil.copy(folder / "catalog.db", folder / "copy")
    with open_catalog(folder, small=10) as catalog:
        catalog.add([arrival(number) for number in range(100, 160)])
        assert catalog.settle(30)
    (folder / "copy").rename(folder / "catalog.db")


def test_a_snapshot_that_a_restored_store_has_no_word_of_goes_at_once(tmp_path: Path) -> None:
    restored(tmp_path)
    with open_catalog(tmp_path, small=10):
        assert not list(tmp_path.rglob("*.graph"))


def test_a_store_restored_from_a_copy_made_after_the_snapshot_keeps_it(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(200)])
        shutil.copytree(tmp_path / "indexes", tmp_path / "older")
    shutil.copy(tmp_path / "catalog.db", tmp_path / "copy")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.delete_images("c", [image_id(3)])
        catalog.add([arrival(300)])
    (tmp_path / "copy").rename(tmp_path / "catalog.db")
    shutil.rmtree(tmp_path / "indexes")
    (tmp_path / "older").rename(tmp_path / "indexes")
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.settle(30)
        assert covered(catalog) <= 1
        assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
        assert catalog.verify() == []


def test_a_clock_set_back_costs_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, "c")
    monkeypatch.setattr(time, "time_ns", lambda: 1_000)
    for turn in range(1, 12):  # more than there are words kept
        with open_catalog(tmp_path, small=10) as catalog:
            assert covered(catalog) == 0
            catalog.add([arrival(1_000 * turn + number) for number in range(5)])
            assert catalog.settle(30)
    with open_catalog(tmp_path, small=10) as catalog:
        assert covered(catalog) == 0
        assert catalog.verify() == []


def test_the_snapshot_of_the_model_before_is_refused(tmp_path: Path) -> None:
    with open_catalog(tmp_path, models=MODELS, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        assert catalog.settle(30)
    (before,) = (tmp_path / "indexes").iterdir()
    shutil.copytree(before, tmp_path / "before")
    with open_catalog(tmp_path, models=MODELS, small=10) as catalog:
        catalog.stage([restaged(number) for number in range(60)])
        catalog.switch_model("c", OTHER)
        assert catalog.settle(30)
    (after,) = (tmp_path / "indexes").iterdir()
    assert after.name != before.name
    shutil.rmtree(after)
    (tmp_path / "before").rename(after)
    with open_catalog(tmp_path, models=MODELS, small=10) as catalog:
        assert ids(catalog.search("c", vector_of(3, OTHER_DIM), limit=1)) == [image_id(3)]
        assert catalog.verify() == []
        assert covered(catalog) == 60


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


def test_a_snapshot_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "indexes").write_text("in the way")
    catalog = Catalog(tmp_path, models={"m": DIM}, small=10)
    catalog.create_collection("c")
    catalog.add([arrival(number) for number in range(50)])
    assert catalog.settle(30)
    catalog.close()
    assert "a snapshot could not be written" in caplog.text
    (tmp_path / "indexes").unlink()
    with Catalog(tmp_path, models={"m": DIM}, small=10) as again:
        assert len(again.images("c", Filter(), 100)[0]) == 50
        assert again.verify() == []


@pytest.fixture
def slow(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A door that a snapshot's writer stands at until somebody has opened it for writing, and closed it again."""
    door = tmp_path_factory.mktemp("slow") / "door"
    os.mkfifo(door)
    save = HnswIndex.save

    def save_behind_the_door(index: HnswIndex, path: Path) -> dict[str, Any]:
        door.read_bytes()
        return save(index, path)

    monkeypatch.setattr(HnswIndex, "save", save_behind_the_door)
    return door


@pytest.mark.skipif(not FORKS, reason="snapshots are written in place here")
def test_the_catalog_goes_on_while_a_snapshot_is_written(
    tmp_path: Path, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_catalog(tmp_path, small=10, save_every=60) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        with slow.open("w"):  # opens once the child has come to the door
            catalog.add([arrival(number) for number in range(100, 150)])
            catalog.delete_images("c", [image_id(3), image_id(103)])
            assert ids(catalog.search("c", vector_of(140), limit=1)) == [image_id(140)]
            assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=200))
            assert not list(tmp_path.rglob("*.json"))
        assert catalog.settle(30)
        assert list(tmp_path.rglob("*.json"))
        assert catalog.verify() == []
        shutil.copytree(tmp_path, tmp_path.parent / "killed")
        monkeypatch.undo()
    with open_catalog(tmp_path.parent / "killed", small=10) as catalog:
        assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=200))
        assert catalog.verify() == []


@pytest.mark.skipif(not FORKS, reason="snapshots are written in place here")
def test_graphs_grow_and_are_rebuilt_while_a_snapshot_is_written(
    tmp_path: Path, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, killed = tmp_path / "served", tmp_path / "killed"
    with open_catalog(served, small=10, save_every=60) as catalog:
        catalog.create_collection("c")
        catalog.create_collection("d")
        catalog.add([arrival(number) for number in range(60)])
        with slow.open("w"):  # opens once the child has come to the door
            monkeypatch.undo()
            catalog.add([arrival(number, collection=name) for name in "cd" for number in range(100, 150)])
            assert catalog._shelves._indexer.settle(30)
            assert catalog.count() == (160, 0), "no search compares one by one"
            catalog.delete_images("c", [image_id(number) for number in range(55)])
            assert catalog._shelves._indexer.settle(30)
            cover = catalog._shelves.find(catalog._store.collection("c"))._cover
            assert cover is not None
            assert cover._reach.graph.waste() == 0
            assert not catalog.settle(0), "the snapshot is not written yet"
            assert not list(served.rglob("*.json"))
        assert catalog.settle(30)
        assert catalog.verify() == []
        assert list(served.rglob("*.json"))
        shutil.copytree(served, killed)
    with open_catalog(killed, small=10) as catalog:
        assert sorted(ids(catalog.search("c", vector_of(3), limit=200))) == sorted(
            image_id(number) for number in (*range(55, 60), *range(100, 150))
        )
        assert catalog.verify() == []


@pytest.mark.skipif(not FORKS, reason="snapshots are written in place here")
def test_a_collection_deleted_while_its_snapshot_is_written_leaves_nothing(tmp_path: Path, slow: Path) -> None:
    with open_catalog(tmp_path, small=10, save_every=60) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        with slow.open("w"):  # the child stands at the door, and is never let through
            catalog.delete_collection("c")
            assert catalog.settle(30)
        assert not list((tmp_path / "indexes").iterdir())


@pytest.mark.skipif(not FORKS, reason="snapshots are written in place here")
@pytest.mark.parametrize("deadly", [True, False], ids=["the child dies with it", "the child lives on"])
def test_a_killed_servers_child_holds_neither_folder_nor_port(tmp_path: Path, *, deadly: bool) -> None:
    door = tmp_path / "door"
    os.mkfifo(door)
    command = [sys.executable, "-m", "tests.catalog.catalog_saver", str(tmp_path / "data"), str(door), str(int(deadly))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        waiting = door.open("w")  # the child has come to the door
        server.kill()
        assert server.stdout.read() == ""  # nobody holds the other end
    with open_catalog(tmp_path / "data", small=10) as catalog:
        assert len(catalog.images("c", Filter(), 100)[0]) == 60
        with socket.create_server(("127.0.0.1", port)):
            waiting.close()
        assert catalog.settle(30)
        assert catalog.verify() == []
    with open_catalog(tmp_path / "data", small=10) as catalog:
        assert covered(catalog) == 0
        assert catalog.verify() == []


@pytest.mark.skipif(not FORKS, reason="snapshots are written in place here")
def test_closing_does_not_wait_for_a_snapshot_under_way(
    tmp_path: Path, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = open_catalog(tmp_path, small=10, save_every=60)
    catalog.create_collection("c")
    catalog.add([arrival(number) for number in range(60)])
    with slow.open("w"):  # the child stands at the door, and is never let through
        monkeypatch.undo()
        catalog.close()
    assert not list(tmp_path.rglob("*.aside"))
    with open_catalog(tmp_path, small=10) as catalog:
        assert covered(catalog) == 0
        assert catalog.verify() == []


def test_a_full_disk_costs_the_snapshot_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(number) for number in range(100, 160)])
        assert catalog.settle(30)
        shelf = catalog._shelves.find(catalog._store.collection("c"))
        with no_file_beyond(3_000):
            assert not shelf.save()
        assert "a snapshot could not be written; the one before is kept" in caplog.text
        assert only(tmp_path, "*.json").name == "0000000001.json"
        assert not list(tmp_path.rglob("*.aside"))
        assert catalog.verify() == []
        assert shelf.save()
        assert len(list(tmp_path.rglob("*.json"))) == 2


def test_files_deleted_under_a_running_server_are_not_missed(tmp_path: Path) -> None:
    filled(tmp_path, "c")
    with open_catalog(tmp_path, small=10) as catalog:
        shutil.rmtree(tmp_path / "indexes")
        assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
        catalog.add([arrival(100)])
        assert catalog.verify() == []
    with open_catalog(tmp_path, small=10) as catalog:
        assert covered(catalog) == 0
        assert catalog.verify() == []


def test_a_large_collection_writes_fewer_snapshots(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10, save_every=1) as catalog:
        catalog.create_collection("c")
        for start in range(0, 400, 40):
            catalog.add([arrival(number) for number in range(start, start + 40)])
            assert catalog.settle(30)
        assert 2 <= max(int(path.stem) for path in tmp_path.rglob("*.json")) <= 30  # of 400 changes


def test_few_changes_are_read_at_the_next_start_and_not_written_at_close(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(250)])
        assert catalog.settle(30)
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.add([arrival(1_000)])
        assert catalog.settle(30)
    assert only(tmp_path, "*.json").name == "0000000001.json"
    with open_catalog(tmp_path, small=10) as catalog:
        assert ids(catalog.search("c", vector_of(1_000), limit=1)) == [image_id(1_000)]
        assert catalog.settle(30)
        assert covered(catalog) == 1


def test_the_same_generation_gives_the_identical_exact_list_after_restarts(tmp_path: Path) -> None:
    """Of vectors in memory, and of a base in half precision: near ties and equal vectors too."""

    def lists(catalog: Catalog) -> list[list[tuple[str, float]]]:
        found = [catalog.search("c", query, limit=50, exact=True).matches for query in queries]
        return [[(match.image.id, match.distance) for match in each] for each in found]

    near = units(1, DIM) + np.random.default_rng(1).normal(scale=1e-4, size=(300, DIM))
    crowd = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    rows = np.vstack([units(2_000, DIM), crowd, units(300, DIM)])
    queries = [*rows[[0, 7, 2_003, 2_301]], vector_of(9_999)]
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, vector=row) for number, row in enumerate(rows)])
        catalog.delete_images("c", [image_id(7)])
        assert catalog.settle(60)
        first, generation = lists(catalog), catalog.collection("c").generation
    for _ in range(2):
        with open_catalog(tmp_path) as catalog:
            shelf = catalog._shelves.find(catalog._store.collection("c"))
            assert len(shelf.vectors._view.base.serials) > 2_000, "the base is in use"
            assert catalog.collection("c").generation == generation
            assert lists(catalog) == first

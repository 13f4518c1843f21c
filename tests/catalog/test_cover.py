"""A graph that carries too many removed nodes is built anew beside the one in use."""

from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import arrival, clustered, ids, image_id, open_catalog, serials, units, vector_of

from lookalike_server.catalog.cover import Cover
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.index import DEFAULT_EFFORT
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.snapshots import Identity, Snapshots

DIM = 16


@pytest.fixture
def matrix() -> Matrix:
    matrix = Matrix(DIM)
    matrix.add(serials(1, 400), units(400, DIM))
    return matrix


@pytest.fixture
def cover(matrix: Matrix, tmp_path: Path) -> Cover:
    identity = Identity("u", "m", DIM, "hnsw")
    snapshots = Snapshots(tmp_path / "u", identity, mark=lambda: "word", marked=lambda mark: mark == "word")
    cover = Cover(matrix, DIM, HnswIndex, snapshots, small=10)
    catch_up(cover, matrix)
    return cover


def catch_up(cover: Cover, matrix: Matrix) -> None:
    while cover.advance(matrix.beyond):
        pass


def remove(cover: Cover, matrix: Matrix, gone: range) -> None:
    matrix.remove(gone)
    cover.remove(gone)


def test_a_little_waste_is_borne(cover: Cover, matrix: Matrix) -> None:
    before = cover._reach.graph
    remove(cover, matrix, range(1, 101))
    assert not cover.advance(matrix.beyond)
    assert cover._reach.graph is before


def test_a_fresh_graph_takes_the_place_of_a_wasteful_one(cover: Cover, matrix: Matrix) -> None:
    remove(cover, matrix, range(1, 151))
    catch_up(cover, matrix)
    assert cover._reach.graph.waste() == 0
    assert cover._reach.graph.serials().tolist() == list(range(151, 401))
    assert cover.findings() == []


def test_searches_use_the_old_one_until_then(cover: Cover, matrix: Matrix) -> None:
    remove(cover, matrix, range(1, 151))
    before = cover._reach.graph
    assert cover.advance(matrix.beyond)
    assert cover._reach.graph is before
    query = units(400, DIM)[300]
    assert 301 in cover.search(query, 1, DEFAULT_EFFORT)[0]


def test_what_comes_and_goes_meanwhile_is_in_the_fresh_one(cover: Cover, matrix: Matrix) -> None:
    remove(cover, matrix, range(1, 151))
    assert cover.advance(matrix.beyond)
    remove(cover, matrix, range(160, 170))  # of which it has taken in some
    matrix.add(serials(401, 20), units(20, DIM, seed=1))
    catch_up(cover, matrix)
    assert cover._reach.graph.waste() < 0.25
    assert cover.findings() == []
    assert cover._reach.graph.serials().tolist() == [*range(151, 160), *range(170, 421)]


def test_a_graph_of_nothing_but_removed_nodes_is_let_go(cover: Cover, matrix: Matrix) -> None:
    remove(cover, matrix, range(1, 401))
    catch_up(cover, matrix)
    assert (len(cover), cover._reach.graph.waste()) == (0, 0)
    matrix.add(serials(401, 50), units(50, DIM, seed=1))
    catch_up(cover, matrix)
    assert cover.findings() == []
    assert len(cover) == 50


def test_an_import_without_end_does_not_put_it_off(cover: Cover, matrix: Matrix) -> None:
    old = cover._reach.graph
    remove(cover, matrix, range(1, 251))
    for step in range(40):  # as much comes as is taken in
        matrix.add(serials(401 + 16 * step, 16), units(16, DIM, seed=step))
        assert cover.advance(matrix.beyond)
    assert cover._reach.graph is not old
    catch_up(cover, matrix)
    assert cover.findings() == []


def test_what_came_goes_before_a_little_waste(cover: Cover, matrix: Matrix) -> None:
    remove(cover, matrix, range(1, 151))
    matrix.add(serials(401, 16), units(16, DIM, seed=1))
    assert cover.advance(matrix.beyond)
    assert cover.lag == 0
    assert cover._reach.graph.waste() > 0.25


def test_a_deletion_is_enough_to_have_it_rebuilt(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(90)])
        assert catalog.settle(30)
        catalog.delete_images("c", [image_id(number) for number in range(60)])
        assert catalog.settle(30)
        cover = catalog._shelves.find(catalog._store.collection("c"))._cover
        assert cover is not None
        assert cover._reach.graph.waste() == 0


def test_a_half_built_one_is_lost_with_the_process(cover: Cover, matrix: Matrix, tmp_path: Path) -> None:
    remove(cover, matrix, range(1, 151))
    assert cover.advance(matrix.beyond)
    assert cover.save(last=True)
    snapshots = Snapshots(
        tmp_path / "u", Identity("u", "m", DIM, "hnsw"), mark=lambda: "", marked=lambda mark: mark == "word"
    )
    found = snapshots.read(HnswIndex)
    assert found is not None
    base = Matrix(DIM, found.base)
    again = Cover(base, DIM, HnswIndex, snapshots, small=10, found=found)
    catch_up(again, base)
    assert again._reach.graph.waste() == 0
    assert again.findings() == []


def test_after_the_whole_collection_was_replaced_twice_it_finds_what_a_new_graph_does() -> None:
    rows, matrix = clustered(3_000, 32), Matrix(32)
    snapshots = Snapshots(Path("nowhere"), Identity("u", "m", 32, "hnsw"), mark=str, marked=bool)
    cover = Cover(matrix, 32, HnswIndex, snapshots, small=10)
    for start in range(0, 3_000, 200):
        matrix.add(serials(start + 1, 200), rows[start : start + 200])
        if start >= 1_000:
            remove(cover, matrix, range(start - 1_000 + 1, start - 800 + 1))
        catch_up(cover, matrix)
    assert cover._reach.graph.waste() <= 0.25
    hits = 0
    for query in units(100, 32, seed=7):
        near = np.argsort(-(rows[2_000:] @ query))[:10] + 2_001
        hits += len(set(cover.search(query, 10, DEFAULT_EFFORT)[0].tolist()) & set(near.tolist()))
    assert hits >= 990


def test_a_catalog_compacts_in_the_background_and_keeps_the_outcome(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10, save_every=30) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(90)])
        assert catalog.settle(30)
        catalog.delete_images("c", [image_id(number) for number in range(60)])
        catalog.add([arrival(100)])
        assert catalog.settle(30)
        cover = catalog._shelves.find(catalog._store.collection("c"))._cover
        assert cover is not None
        assert cover._reach.graph.waste() == 0
        assert ids(catalog.search("c", vector_of(70), limit=1)) == [image_id(70)]
        assert catalog.verify() == []

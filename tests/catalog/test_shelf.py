"""Candidates from memory in half precision, distances from the vectors that the store holds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import MODEL, arrival, ids, image_id, open_catalog, units, written

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.vectors import Rows, distances

COUNT, DIM = 400, 32


def crowd() -> Rows:
    """So near to each other that half precision confuses them, with their copies."""
    rows = units(1, DIM) + np.random.default_rng(0).normal(scale=1e-3, size=(COUNT, DIM))
    crowded: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return crowded


ROWS = np.vstack([crowd(), units(COUNT, DIM, seed=1)])


@pytest.fixture(params=["a graph", "compared"])
def catalog(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Catalog]:
    """Half of the vectors in a base, the others after it; all of them in the graph, where there is one."""
    with open_catalog(tmp_path / "data", models={MODEL: DIM}, small=2 * COUNT) as opened:
        opened.create_collection("c")
        opened.add([arrival(number, vector=ROWS[number]) for number in range(0, 2 * COUNT, 2)])
        vectors = shelf(opened).vectors
        vectors.rebase(written(vectors, tmp_path))
        opened.add([arrival(number, vector=ROWS[number]) for number in range(1, 2 * COUNT, 2)])
        if request.param == "a graph":
            begin_graph(opened)
        yield opened


def begin_graph(catalog: Catalog) -> None:
    """As though the collection had become large only now."""
    grown = shelf(catalog)
    assert grown._cover is not None
    grown._small = grown._cover._small = 5
    catalog._shelves.grown(grown)
    assert catalog.settle(60)
    assert len(grown._cover) == 2 * COUNT


def shelf(catalog: Catalog) -> Shelf:
    return catalog._shelves.find(catalog._store.collection("c"))


def test_the_nearest_are_told_apart_as_by_full_precision(catalog: Catalog) -> None:
    for number in range(0, COUNT, 20):
        found = catalog.search("c", ROWS[number], limit=30, exact=True)
        apart = distances(ROWS[number], ROWS)
        assert [match.distance for match in found.matches] == sorted(apart)[:30]
        assert ids(found)[0] == image_id(number)
        assert found.matches[0].distance == 0


def test_what_a_graph_finds_is_measured_in_full_precision(catalog: Catalog) -> None:
    hits = 0
    for number in range(0, 2 * COUNT, 7):
        found = catalog.search("c", ROWS[number], limit=10)
        apart = dict(zip(map(image_id, range(2 * COUNT)), distances(ROWS[number], ROWS), strict=True))
        assert [match.distance for match in found.matches] == [apart[each] for each in ids(found)]
        hits += found.matches[0].distance == 0
    assert hits >= 0.9 * len(range(0, 2 * COUNT, 7))


def test_the_vectors_that_it_gives_are_whole(catalog: Catalog) -> None:
    numbers = [0, 1, 2, 2 * COUNT - 1]
    found = catalog.vectors("c", [image_id(number) for number in numbers])
    for number in numbers:
        np.testing.assert_array_equal(found[image_id(number)], ROWS[number])
    for match in catalog.search("c", ROWS[600], limit=20, with_vectors=True).matches:
        np.testing.assert_array_equal(match.vector, ROWS[[image_id(n) for n in range(2 * COUNT)].index(match.image.id)])


def test_what_was_deleted_is_not_measured(catalog: Catalog) -> None:
    catalog.delete_images("c", [image_id(2), image_id(3)])
    assert {image_id(2), image_id(3)}.isdisjoint(ids(catalog.search("c", ROWS[2], limit=500)))
    assert catalog.vectors("c", [image_id(2)], allow_missing=True) == {}


def test_memory_store_and_graph_agree(catalog: Catalog) -> None:
    assert catalog.verify() == []

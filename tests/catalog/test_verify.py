"""Where store, memory and graph differ, `verify` says so, and says nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import DIM, MODEL, arrival, open_catalog, serials, tamper, units, vector_of

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.cover import Cover
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.rows import blob
from lookalike_server.catalog.shelf import Shelf


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Two collections of 30 images, the serials 1 to 30 and 31 to 60, each with a graph over all of them."""
    with open_catalog(tmp_path, small=5) as opened:
        for name in ("c", "d"):
            opened.create_collection(name)
            opened.add([arrival(number, collection=name) for number in range(30)])
        assert opened.verify() == []
        yield opened


def shelf(catalog: Catalog) -> Shelf:
    return catalog._shelves.find(catalog._store.collection("d"))


def cover(catalog: Catalog) -> Cover:
    found = shelf(catalog)._cover
    assert found is not None
    return found


def test_images_that_left_the_store_alone(catalog: Catalog, tmp_path: Path) -> None:
    for table in ("sources", "labels", "vectors", "images"):
        tamper(tmp_path, f"DELETE FROM {table} WHERE serial = 33")  # noqa: S608  a constant
    tamper(tmp_path, "UPDATE collections SET image_count = 29 WHERE name = 'd'")
    assert catalog.verify() == ["d: memory holds images that the store does not"]


def test_a_vector_that_changed_in_the_store_alone(catalog: Catalog, tmp_path: Path) -> None:
    tamper(tmp_path, "UPDATE vectors SET float32_le = ? WHERE serial = 33", blob(vector_of(99)))
    assert catalog.verify() == ["d: the store holds vectors that memory lacks, or has otherwise"]


def test_an_image_that_left_memory_alone(catalog: Catalog) -> None:
    shelf(catalog).remove([33])
    assert catalog.verify() == ["d: the store holds vectors that memory lacks, or has otherwise"]


def test_images_that_left_the_graph_alone(catalog: Catalog) -> None:
    cover(catalog)._reach.graph.remove([33, 34])
    assert catalog.verify() == ["d: the graph lacks images that it should cover: 2"]


def test_images_that_the_graph_alone_holds(catalog: Catalog) -> None:
    cover(catalog)._reach.graph.add(serials(61, 1), vector_of(60)[np.newaxis])
    assert catalog.verify() == ["d: the graph holds images that are gone: 1"]


def test_a_graph_of_other_vectors(catalog: Catalog) -> None:
    wrong = cover(catalog)
    graph = HnswIndex(DIM)
    graph.add(serials(31, 30), units(30, seed=5))
    wrong._reach = replace(wrong._reach, graph=graph)
    (finding,) = catalog.verify()
    assert finding.startswith("d: the graph gives wrong distances for ")


def test_a_graph_that_lags(catalog: Catalog) -> None:
    lagging = cover(catalog)
    lagging._reach = replace(lagging._reach, watermark=50)
    assert catalog.verify() == ["d: the graph lags behind the vectors"]


def test_the_store_is_checked_for_collections_of_other_models_too(catalog: Catalog, tmp_path: Path) -> None:
    catalog.close()
    with open_catalog(tmp_path, models={f"not {MODEL}": 4}) as other:
        tamper(tmp_path, "UPDATE vectors SET float32_le = ? WHERE serial = 33", blob(2 * vector_of(99)))
        tamper(tmp_path, "UPDATE vectors SET float32_le = ? WHERE serial = 34", blob(vector_of(99, 4)))
        wrong = ["database: 1 vectors of the wrong length", "d: 1 vectors are not finite, or not of length 1"]
        assert other.verify() == wrong
        assert other.unserved() == ["c", "d"]

"""Images with equal vectors: the graph holds one, and all are found."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.catalog_makers import (
    MODEL,
    arrival,
    clustered,
    ids,
    image_id,
    open_catalog,
    serials,
    units,
    vector_of,
)

from lookalike_server.catalog.halves import halved
from lookalike_server.catalog.twins import Twins

SAME = vector_of(0)


def test_the_first_of_each_vector_stands_for_all() -> None:
    twins, rows = Twins(), units(2)
    assert twins.add(serials(1, 4), rows[[0, 1, 0, 0]]).tolist() == [True, True, False, False]
    assert twins.add(serials(5, 1), rows[[1]]).tolist() == [False]
    assert twins.nodes().tolist() == [1, 2]
    assert twins.of(np.array([2])).tolist() == [2, 5]
    assert twins.of(np.array([1, 2, 9])).tolist() == [1, 2, 3, 4, 5]


def test_one_stands_for_its_group_until_all_are_gone() -> None:
    twins, rows = Twins(), units(2)
    twins.add(serials(1, 3), rows[[0, 0, 0]])
    assert twins.remove([1, 9]) == []
    assert twins.remove([1]) == []
    assert twins.of(np.array([1])).tolist() == [2, 3]
    assert twins.remove([2, 3]) == [1]
    assert twins.of(np.array([1])).tolist() == twins.nodes().tolist() == []
    assert twins.add(serials(4, 1), rows[[0]]).tolist() == [True]


def test_what_half_precision_cannot_tell_apart_is_one() -> None:
    twins, rows = Twins(), units(3)
    assert twins.add(serials(1, 2), np.stack([rows[0], rows[0] * np.float32(1 + 1e-7)])).tolist() == [True, False]
    assert twins.add(serials(3, 2), halved(rows[:2])).tolist() == [False, True]
    assert twins.of(np.array([1])).tolist() == [1, 2, 3]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.sets(st.integers(1, 40), min_size=1)),
        max_size=30,
    )
)
def test_any_order_of_changes_leaves_the_groups_that_a_dictionary_would(changes: list[list[int] | set[int]]) -> None:
    twins, rows, last = Twins(), units(6), 0
    kept: dict[int, int] = {}  # which vector, by serial
    node: dict[int, int] = {}  # by vector
    for change in changes:
        if isinstance(change, list):
            names = serials(last + 1, len(change))
            last += len(change)
            kept.update(zip(names.tolist(), change, strict=True))
            stand = [node.setdefault(vector, serial) == serial for serial, vector in zip(names, change, strict=True)]
            assert twins.add(names, rows[change]).tolist() == stand
        else:
            kept = {serial: vector for serial, vector in kept.items() if serial not in change}
            gone = {vector: serial for vector, serial in node.items() if vector not in kept.values()}
            node = {vector: serial for vector, serial in node.items() if vector not in gone}
            assert twins.remove(list(change)) == sorted(gone.values())
        assert twins.nodes().tolist() == sorted(node.values())
        for vector, serial in node.items():
            assert twins.of(np.array([serial])).tolist() == [each for each, one in kept.items() if one == vector]


def test_a_group_is_whole_however_many_came_between() -> None:
    twins, rows = Twins(), units(6_000)
    for start in range(0, 6_000, 100):
        twins.add(serials(start + 1, 100), rows[start : start + 100])
    twins.remove(list(range(1, 6_000, 2)))
    assert twins.nodes().tolist() == list(range(2, 6_001, 2))
    assert twins.add(serials(6_001, 6_000), rows).tolist() == [True, False] * 3_000
    assert twins.of(np.array([2, 4_000, 6_001, 6_002])).tolist() == [2, 4_000, 6_001, 6_002, 10_000]


def test_a_group_is_admitted_with_any_of_it() -> None:
    twins, rows = Twins(), units(2)
    twins.add(serials(1, 3), rows[[0, 1, 0]])
    assert twins.any_of(1, {3}.__contains__)
    assert not twins.any_of(2, {3}.__contains__)
    assert twins.any_of(2, {2}.__contains__)
    twins.remove([1])
    assert not twins.any_of(1, {1}.__contains__)


@pytest.mark.parametrize("copies", [pytest.param(1_000, marks=pytest.mark.slow), 3_000])
def test_copies_hide_nothing(tmp_path: Path, copies: int) -> None:
    vectors = np.vstack([clustered(4_000, 64), np.full((copies, 64), 1 / 8, np.float32)])
    order = np.random.default_rng(2).permutation(len(vectors))
    with open_catalog(tmp_path, models={MODEL: 64}) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(int(number), vector=vectors[number]) for number in order])
        assert catalog.settle(120)
        asked = range(0, 4_000, 20)
        found = [ids(catalog.search("c", vectors[number], limit=1)) == [image_id(number)] for number in asked]
        assert sum(found) >= 0.97 * len(asked)  # the graph may lose one of 40 clusters, and 78% with every copy in it
        hits = 0
        for query in clustered(4_040, 64)[4_000:] + units(40, 64, seed=3) / 2:
            near, exact = catalog.search("c", query, limit=10), catalog.search("c", query, limit=10, exact=True)
            hits += len(set(ids(near)) & set(ids(exact)))
        assert hits >= 0.95 * 400
        assert set(ids(catalog.search("c", vectors[-1], limit=500))) <= {
            image_id(n) for n in range(4_000, len(vectors))
        }
        assert catalog.verify() == []


def test_the_first_can_go_and_the_others_are_found(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, vector=SAME) for number in range(5)])
        catalog.add([arrival(number) for number in range(10, 40)])
        assert catalog.settle(30)
        catalog.delete_images("c", [image_id(0)])
        catalog.add([arrival(5, vector=SAME)])
        assert catalog.settle(30)
        assert set(ids(catalog.search("c", SAME, limit=5))) == {image_id(number) for number in range(1, 6)}
        assert catalog.verify() == []
    with open_catalog(tmp_path, small=5) as catalog:
        assert catalog.settle(30)
        assert set(ids(catalog.search("c", SAME, limit=5))) == {image_id(number) for number in range(1, 6)}
        catalog.delete_images("c", [image_id(number) for number in range(1, 6)])
        assert image_id(1) not in ids(catalog.search("c", SAME, limit=100))
        assert catalog.verify() == []


def test_copies_come_back_from_a_snapshot(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, vector=vector_of(number % 10)) for number in range(30)])
        assert catalog.settle(30)
    with open_catalog(tmp_path, small=5) as catalog:
        cover = catalog._shelves.find(catalog._store.collection("c"))._cover
        assert cover is not None
        assert (len(cover), cover.unsaved) == (10, 0)
        assert set(ids(catalog.search("c", SAME, limit=3))) == {image_id(number) for number in (0, 10, 20)}
        assert catalog.verify() == []

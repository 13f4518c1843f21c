"""Duplicates over a whole collection, on a real catalog."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import (
    DIM,
    MODEL,
    OTHER,
    OTHER_DIM,
    arrival,
    image_id,
    open_catalog,
    restaged,
    sighting,
    units,
)

from lookalike_server.catalog import duplicates, linking
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.duplicates import Exact, Finding, Group, Progress, Summary, find
from lookalike_server.catalog.generations import ModelSwitched, successor
from lookalike_server.catalog.halves import halved
from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.catalog.vectors import Rows
from lookalike_server.errors import CollectionNotFound
from lookalike_server.records import Filter, Vector

STEP = 0.01
"""Distance between neighbours on the circle of `on_circle`."""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path) as opened:
        opened.create_collection("c")
        yield opened


def on_circle(place: float) -> Vector:
    """A unit vector; those of numbers one apart lie STEP apart."""
    angle = 2 * np.arcsin(STEP / 2) * place
    vector: Vector = np.array([np.cos(angle), np.sin(angle), *[0] * 6], np.float32)
    return vector


def fill(catalog: Catalog, vectors: Sequence[Vector] | Rows, **fields: dict[str, str]) -> None:
    catalog.add([arrival(number, vector=vector, **fields) for number, vector in enumerate(vectors)])  # type: ignore[arg-type]


def groups(findings: Iterator[Finding]) -> list[list[str]]:
    return [[image.id for image in each.images] for each in findings if isinstance(each, Group)]


def ids(*numbers: int) -> list[str]:
    return [image_id(number) for number in numbers]


def summary(findings: Iterator[Finding]) -> Summary:
    last = list(findings)[-1]
    assert isinstance(last, Summary)
    return last


def brute(rows: Rows, radius: float) -> list[list[int]]:
    """The groups by the definition: all distances, then walking along the links."""
    wide = rows.astype(np.float64)
    linked = np.linalg.norm(wide[:, None] - wide[None], axis=2) <= radius
    left, found = set(range(len(rows))), []
    while left:
        group, edge = set[int](), {left.pop()}
        while edge:
            group |= edge
            edge = {int(other) for one in edge for other in np.flatnonzero(linked[one])} - group
        left -= group
        found.append(sorted(group))
    return sorted((group for group in found if len(group) > 1), key=lambda group: (-len(group), group[0]))


def copies(count: int, dim: int = 8) -> Rows:
    """Vectors of which many have neighbours at all distances from 0 up, in no order."""
    chance = np.random.default_rng(0)
    centres = units(count // 3, dim, seed=1)
    rows = centres[chance.integers(0, len(centres), count)].astype(np.float64)
    rows += chance.exponential(0.03, (count, 1)) * chance.standard_normal((count, dim))
    rows[: count // 10] = rows[count // 2 : count // 2 + count // 10]  # equal ones
    normed: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return normed


def test_neighbours_are_a_group_the_oldest_first_then_by_distance_from_it(catalog: Catalog) -> None:
    fill(catalog, [on_circle(0), on_circle(1.5), on_circle(40), on_circle(0.5), on_circle(0)])
    (group,) = [each for each in catalog.duplicates("c", 1.5 * STEP) if isinstance(each, Group)]
    assert [image.id for image in group.images] == ids(0, 4, 3, 1)
    assert group.distances == pytest.approx((0, 0, 0.5 * STEP, 1.5 * STEP), abs=0.01 * STEP)
    assert group.count == 4


def test_a_chain_of_neighbours_is_one_group_however_far_its_ends_are_apart(catalog: Catalog) -> None:
    fill(catalog, [on_circle(place) for place in range(12)])
    (group,) = [each for each in catalog.duplicates("c", 1.01 * STEP) if isinstance(each, Group)]
    assert [image.id for image in group.images] == ids(*range(12))
    assert group.distances[-1] > 10 * STEP
    assert groups(catalog.duplicates("c", 0.99 * STEP)) == []


def test_the_radius_itself_is_within_as_it_is_for_searches(catalog: Catalog) -> None:
    vectors = units(40)
    fill(catalog, vectors)
    nearest = [catalog.search("c", vector, limit=2).matches[1] for vector in vectors]
    match = min(nearest, key=lambda each: each.distance)
    (pair,) = groups(catalog.duplicates("c", match.distance))
    assert match.image.id in pair
    assert groups(catalog.duplicates("c", float(np.nextafter(match.distance, 0)))) == []


@pytest.mark.parametrize("radius", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("block", [7, 2**10, 2**27])
def test_every_link_is_found_whatever_the_blocks(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, radius: float, block: int
) -> None:
    monkeypatch.setattr(linking, "_MULTIPLICATIONS", block * block * 8 if block == 7 else block)
    rows = copies(200)
    fill(catalog, rows)
    expected = brute(rows, radius)
    assert len(expected) > 3
    assert [sorted(group) for group in groups(catalog.duplicates("c", radius))] == [
        sorted(ids(*group)) for group in expected
    ]


@pytest.mark.parametrize("radius", [0.0, 0.1, 0.3])
def test_through_the_graph_the_same_groups_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, radius: float
) -> None:
    rows = copies(1_500)
    with open_catalog(tmp_path, small=100) as catalog:
        catalog.create_collection("c")
        fill(catalog, rows)
        assert catalog.settle(60)
        compared = list(catalog.duplicates("c", radius))
        monkeypatch.setattr(linking, "MOST_COMPARED", 0)
        monkeypatch.setattr(linking, "_compare", None)  # it is not asked
        sought = list(catalog.duplicates("c", radius))
    assert len(groups(iter(compared))) > 10
    assert groups(iter(sought)) == groups(iter(compared))
    assert summary(iter(sought)) == summary(iter(compared))


@pytest.fixture
def through_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    """A catalog that looks through the graph wherever there is one."""
    monkeypatch.setattr(linking, "MOST_COMPARED", 0)
    with open_catalog(tmp_path, small=10) as opened:
        opened.create_collection("c")
        yield opened


def test_through_the_graph_no_link_of_a_chain_is_passed_over(through_the_graph: Catalog) -> None:
    ends_first = [on_circle(place) for place in (0, 1, 3, 2)]  # the middle link is between neighbours of the first two
    fill(through_the_graph, ends_first + [on_circle(place) for place in range(50, 250, 10)])
    assert through_the_graph.settle(60)
    assert [sorted(group) for group in groups(through_the_graph.duplicates("c", 1.5 * STEP))] == [
        sorted(ids(0, 1, 2, 3))
    ]


@pytest.mark.parametrize("most", [16, 1_024])
def test_through_the_graph_more_is_asked_for_until_some_lie_beyond(
    through_the_graph: Catalog, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(linking, "_MOST", most)  # beyond it all are compared
    tight = [on_circle(start + number / 1_000) for start in (0, 2) for number in range(40)]  # more than are asked for
    fill(through_the_graph, tight + [on_circle(place) for place in range(50, 250, 10)])
    assert through_the_graph.settle(60)
    (group,) = groups(through_the_graph.duplicates("c", 2.1 * STEP))
    assert len(group) == 80


def test_a_neighbourhood_larger_than_the_graph_is_asked_for_is_one_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MOST_COMPARED", 0)
    monkeypatch.setattr(linking, "_MOST", 64)
    with open_catalog(tmp_path, small=100) as catalog:
        catalog.create_collection("c")
        fill(catalog, units(300))
        assert catalog.settle(60)
        (group,) = groups(catalog.duplicates("c", 2))
    assert len(group) == 300


def test_without_a_graph_all_are_compared_whatever_their_number(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MOST_COMPARED", 0)
    fill(catalog, [on_circle(place) for place in (0, 1, 30, 31, 60)])
    assert groups(catalog.duplicates("c", 1.5 * STEP)) == [ids(0, 1), ids(2, 3)]


@pytest.mark.parametrize("most_compared", [0, linking.MOST_COMPARED])
def test_only_what_a_filter_admits_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_compared: int
) -> None:
    monkeypatch.setattr(linking, "MOST_COMPARED", most_compared)
    with open_catalog(tmp_path, small=50) as catalog:
        catalog.create_collection("c")
        for number in range(80):  # pairs of neighbours; every fourth image and its neighbour are blue
            colour = "blue" if number // 2 % 2 else "red"
            near = on_circle(number // 2 * 10 + number % 2)
            catalog.add([arrival(number, vector=near, labels={"colour": colour, "half": str(number % 2)})])
        assert catalog.settle(60)
        blue = list(catalog.duplicates("c", 1.5 * STEP, Filter(labels={"colour": "blue"})))
        halves = list(catalog.duplicates("c", 1.5 * STEP, Filter(labels={"half": "1"})))
    assert groups(iter(blue)) == [ids(number, number + 1) for number in range(2, 80, 4)]
    assert summary(iter(blue)).looked_at == 40
    assert groups(iter(halves)) == []
    assert summary(iter(halves)).looked_at == 40


def test_images_seen_at_several_places_come_first_and_are_counted(catalog: Catalog) -> None:
    catalog.add([arrival(n, path=f"/{n}", vector=on_circle(20 * n), labels={"n": str(n)}) for n in range(4)])
    catalog.add([sighting(1, path="/again"), sighting(3, path="/again"), sighting(3, path="/more")])
    found = list(catalog.duplicates("c", 0.1))
    assert [[source.path for source in each.image.sources] for each in found[:2] if isinstance(each, Exact)] == [
        ["/1", "/again"],
        ["/3", "/again", "/more"],
    ]
    assert summary(iter(found)).many_sourced == 2
    assert groups(iter(found)) == []
    assert summary(catalog.duplicates("c", 0.1, Filter(labels={"n": "1"}))).many_sourced == 1


def test_progress_ascends_from_nothing_to_all(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "_MULTIPLICATIONS", 80 * 80)
    fill(catalog, units(100))
    steps = [each for each in catalog.duplicates("c", 0.1) if isinstance(each, Progress)]
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 100)
    assert len(set(done)) > 3
    assert {step.total for step in steps} == {100}


def test_what_is_deleted_meanwhile_is_left_out(catalog: Catalog) -> None:
    fill(catalog, [on_circle(place) for place in (0, 1, 2, 30, 31, 60, 61)])
    findings = catalog.duplicates("c", 1.5 * STEP)
    while (step := next(findings)) != Progress(7, 7):
        assert isinstance(step, Progress)
    catalog.delete_images("c", ids(0, 4))
    rest = list(findings)
    assert groups(iter(rest)) == [ids(1, 2), ids(5, 6)]
    assert (summary(iter(rest)).groups, summary(iter(rest)).grouped) == (2, 4)


def test_a_collection_deleted_meanwhile_leaves_no_groups(catalog: Catalog) -> None:
    fill(catalog, [on_circle(place) for place in (0, 1)])
    findings = catalog.duplicates("c", 1.5 * STEP)
    next(findings)
    catalog.delete_collection("c")
    assert groups(findings) == []


@pytest.mark.parametrize(("change", "error"), [("delete", CollectionNotFound), ("switch", ModelSwitched)])
def test_vectors_that_are_taken_away_meanwhile_end_it_with_a_reason(
    tmp_path: Path, change: str, error: type[Exception]
) -> None:
    with closing(SqliteStore(tmp_path)) as store:
        store.create_collection("c", "", MODEL, DIM)
        store.add([arrival(number, vector=on_circle(number)) for number in range(5)])
        entry = store.collection("c")
        ((serials, rows),) = store.vectors(entry)
        halves = Base(serials, halved(rows))  # as after a restart: what is precise has to be read from the store
        truth = partial(store.vectors_at, entry)
        shelf = Shelf(
            Matrix(DIM, halves),
            1,
            truth=truth,
            cover=None,
            small=9,
            save_every=9,
            background=lambda work: None,
            write=lambda shelf: None,
        )
        findings = find(store, entry, shelf, Filter(), STEP)
        assert next(findings) == Progress(0, 5)
        if change == "delete":
            store.delete_collection("c")
        else:
            store.stage([restaged(number) for number in range(5)])
            store.switch(successor(entry, OTHER, OTHER_DIM))
        with pytest.raises(error):
            list(findings)


def test_of_a_large_group_the_nearest_are_listed_and_all_are_counted(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MAX_LISTED", 3)
    fill(catalog, [on_circle(place) for place in (0, 4, 3, 2, 1)])
    found = list(catalog.duplicates("c", 1.5 * STEP))
    (group,) = [each for each in found if isinstance(each, Group)]
    assert ([image.id for image in group.images], group.count) == (ids(0, 4, 3), 5)
    assert summary(iter(found)).grouped == 5


def test_every_pair_of_a_small_collection_judges_the_radius(catalog: Catalog) -> None:
    rows = copies(60)
    fill(catalog, rows)
    wide = rows.astype(np.float64)
    apart = np.linalg.norm(wide[:, None] - wide[None], axis=2)[np.triu_indices(60, 1)]
    for radius in (0.0, 0.1, 1.0, 2.0):
        told = summary(catalog.duplicates("c", radius))
        assert told.random_pairs == 60 * 59 // 2
        assert told.random_pairs_within == int(np.count_nonzero(apart <= radius))


def test_random_pairs_of_a_large_one_give_the_rate_of_all(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "RANDOM_PAIRS", 5_000)
    rows = units(500)
    fill(catalog, rows)
    wide = rows.astype(np.float64)
    apart = np.linalg.norm(wide[:, None] - wide[None], axis=2)[np.triu_indices(500, 1)]
    told = summary(catalog.duplicates("c", 1.0))
    assert told.random_pairs == 5_000
    assert told.random_pairs_within / 5_000 == pytest.approx(np.mean(apart <= 1.0), abs=0.02)
    assert told == summary(catalog.duplicates("c", 1.0)), "the same lot, whenever it is drawn"


def test_nothing_has_no_duplicates(catalog: Catalog) -> None:
    assert list(catalog.duplicates("c", 0.2))[-1] == Summary(0.2, 0, 0, 0, 0, 0, 0)
    fill(catalog, units(1))
    assert list(catalog.duplicates("c", 0.2))[-1] == Summary(0.2, 1, 0, 0, 0, 0, 0)

"""Ranges and groups: what a search must go on looking for, through a graph and by comparing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.catalog.catalog_makers import DIM, arrival, image_id, open_catalog, units, vector_of

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.vectors import Rows, unit
from lookalike_server.errors import BadRequest
from lookalike_server.records import Filter, Match, Preference

VIEWS, SHOTS = 60, 12
QUERY = vector_of(9_999)


def burst() -> Rows:
    """Sixty views, each shot twelve times: shots of one are within 0.1 of each other, views 0.3 apart and more."""
    views = list(units(400, seed=3))
    apart = list[np.ndarray]()
    for view in views:
        if all(np.linalg.norm(view - other) > 0.4 for other in apart):
            apart.append(view)
    shots = [
        unit(view + 0.015 * np.random.default_rng((n, shot)).standard_normal(DIM), DIM)
        for n, view in enumerate(apart[:VIEWS])
        for shot in range(SHOTS)
    ]
    return np.stack(shots)


ROWS = burst()
APART = np.linalg.norm(ROWS.astype(np.float64) - QUERY.astype(np.float64), axis=1)
ORDER = np.argsort(APART)


@pytest.fixture(scope="module", params=["compared", "sought"])
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The shots in one collection, compared whole or sought through the graph."""
    small = 10 if request.param == "sought" else 10_000
    with open_catalog(tmp_path_factory.mktemp("burst"), small=small) as opened:
        opened.create_collection("c")
        opened.add([arrival(n, vector=row, labels={"half": str(n % 2)}) for n, row in enumerate(ROWS)])
        assert opened.settle(60)
        yield opened


def numbers(matches: tuple[Match, ...]) -> list[int]:
    known = {image_id(n): n for n in range(len(ROWS))}
    return [known[match.image.id] for match in matches]


def view(number: int) -> int:
    return number // SHOTS


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("count", "limit"), [(0, 10), (9, 10), (10, 10), (11, 10), (300, 400), (300, 200)])
def test_a_range_is_complete_up_to_the_limit_and_says_what_the_limit_cut(
    catalog: Catalog, count: int, limit: int, exact: bool
) -> None:
    radius = float(APART[ORDER[count]] + APART[ORDER[count - 1]]) / 2 if count else 0.0
    found = catalog.search("c", QUERY, limit=limit, max_distance=radius, exact=exact)
    assert numbers(found.matches) == ORDER[: min(count, limit)].tolist()
    assert found.more_within == (count > limit)


def test_without_a_range_nothing_is_cut_short(catalog: Catalog) -> None:
    assert not catalog.search("c", QUERY, limit=1).more_within


def test_a_range_holds_with_a_filter_and_a_preference(catalog: Catalog) -> None:
    even = [n for n in ORDER.tolist() if n % 2 == 0]
    radius = float(APART[even[20]])
    wanted = Filter(labels={"half": "0"})
    for limit, more in ((30, False), (20, True)):
        found = catalog.search(
            "c", QUERY, limit=limit, max_distance=radius, wanted=wanted, preference=Preference(frozenset(["x"]))
        )
        assert numbers(found.matches) == even[: min(21, limit)]
        assert found.more_within == more


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("limit", [1, 10, VIEWS, 100])
def test_as_many_groups_come_as_are_asked_each_with_all_of_its_own(catalog: Catalog, limit: int, exact: bool) -> None:
    found = catalog.search("c", QUERY, limit=limit, group_distance=0.2, exact=exact).matches
    nearest_views = list(dict.fromkeys(view(n) for n in ORDER.tolist()))
    assert [view(n) for n in numbers(found)] == nearest_views[:limit]
    assert [match.rank for match in found] == list(range(1, min(limit, VIEWS) + 1))
    for match, number in zip(found, numbers(found), strict=True):
        shots = [n for n in ORDER.tolist() if view(n) == view(number)]
        assert [number, *numbers(match.similar)] == shots, "nearest first, and none is missing"
        assert {each.rank for each in match.similar} == {0}
        assert [each.distance for each in match.similar] == pytest.approx(APART[shots[1:]].tolist(), abs=1e-6)
        assert not any(each.similar for each in match.similar)


def test_groups_in_a_range_are_of_what_lies_in_it(catalog: Catalog) -> None:
    inside = [n for n in ORDER.tolist() if APART[n] <= APART[ORDER[100]]]
    views = list(dict.fromkeys(view(n) for n in inside))
    radius = float(APART[ORDER[100]]) + 1e-6
    found = catalog.search("c", QUERY, limit=1_000, group_distance=0.2, max_distance=radius)
    assert sorted([*numbers(found.matches), *(n for each in found.matches for n in numbers(each.similar))]) == sorted(
        inside
    )
    assert not found.more_within
    few = catalog.search("c", QUERY, limit=len(views) - 1, group_distance=0.2, max_distance=radius)
    assert (len(few.matches), few.more_within) == (len(views) - 1, True)


def test_groups_of_what_a_filter_admits(catalog: Catalog) -> None:
    found = catalog.search("c", QUERY, limit=5, group_distance=0.2, wanted=Filter(labels={"half": "1"})).matches
    assert len(found) == 5
    assert all(n % 2 for n in numbers(found))
    assert {len(match.similar) for match in found} == {SHOTS // 2 - 1}


def test_a_query_by_a_stored_image_is_in_no_group(catalog: Catalog) -> None:
    found = catalog.search("c", ROWS[7], limit=3, group_distance=0.2, without={image_id(7)}).matches
    assert view(numbers(found)[0]) == 0
    assert 7 not in numbers(found[0].similar)
    assert len(found[0].similar) == SHOTS - 2


def test_vectors_come_with_those_that_are_folded_too(catalog: Catalog) -> None:
    (found,) = catalog.search("c", QUERY, limit=1, group_distance=0.2, with_vectors=True).matches
    for match in (found, *found.similar):
        assert match.vector is not None
        assert np.array_equal(match.vector, ROWS[numbers((match,))[0]])


def test_the_better_by_preference_leads(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        one, other = unit([1, 0.1, 0, 0, 0, 0, 0, 0], DIM), unit([1, 0.12, 0, 0, 0, 0, 0, 0], DIM)
        catalog.add([arrival(1, vector=one), arrival(2, vector=other, scenes={"pier": 1.0})])
        query = unit([1, 0, 0, 0, 0, 0, 0, 0], DIM)
        (match,) = catalog.search(
            "c", query, group_distance=0.1, preference=Preference(frozenset(["pier"]), weight=1)
        ).matches
        assert (match.image.id, match.agreement) == (image_id(2), 1)
        assert [(each.image.id, each.agreement) for each in match.similar] == [(image_id(1), 0)]


def test_of_twins_the_first_id_leads(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(n, vector=ROWS[0]) for n in range(20)])
        (match,) = catalog.search("c", ROWS[0], group_distance=0).matches
        assert [match.image.id, *(each.image.id for each in match.similar)] == sorted(map(image_id, range(20)))


@pytest.mark.parametrize("group_distance", [-0.1, 2.1, float("nan")])
def test_a_group_distance_is_one(catalog: Catalog, group_distance: float) -> None:
    with pytest.raises(BadRequest, match="group_distance"):
        catalog.search("c", QUERY, group_distance=group_distance)


def test_a_graph_that_gives_too_few_makes_way_for_comparing(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(n, vector=row) for n, row in enumerate(ROWS)])
        assert catalog.settle(60)
        cut_short(catalog)
        found = catalog.search("c", QUERY, limit=50, max_distance=2.0)
        assert found.exact
        assert numbers(found.matches) == ORDER[:50].tolist()


def cut_short(catalog: Catalog) -> None:
    """Nobody reaches more than five nodes of the graph, as when removed ones cut it."""
    (shelf,) = catalog._shelves.standing().values()
    graph: Any = shelf._cover._reach.graph  # type: ignore[union-attr]
    whole = graph.seek
    graph.seek = lambda query, k, effort: tuple(part[:5] for part in whole(query, k, effort))

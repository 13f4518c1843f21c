"""Searches for a query turned in several ways beside plain Python: each image counts with the nearest vector."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import arrival, image_id, open_catalog, units, vector_of
from tests.catalog.test_gathering import ROWS

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.pipeline.turning import EVERY
from lookalike_server.records import Filter, Match, Preference, Turn

COUNT = len(ROWS)
QUERIES = dict(zip(EVERY, units(8, seed=77), strict=True))
APART = {
    turn: np.linalg.norm(ROWS.astype(np.float64) - query.astype(np.float64), axis=1) for turn, query in QUERIES.items()
}
NEAREST = np.min(list(APART.values()), axis=0)
ORDER = sorted(range(COUNT), key=lambda number: (NEAREST[number], image_id(number)))
ODD, ALL = Filter(labels={"half": "1"}), Filter()
SCENES = ("pier", "bar", "sea")


@pytest.fixture(scope="module", params=["compared", "sought"])
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The shots in one collection, compared whole or sought through the graph."""
    small = 10 if request.param == "sought" else 10_000
    with open_catalog(tmp_path_factory.mktemp("turned"), small=small) as opened:
        opened.create_collection("c")
        opened.add(
            [
                arrival(n, vector=row, labels={"half": str(n % 2)}, scenes={SCENES[n % 3]: 0.5 + n % 5 / 10})
                for n, row in enumerate(ROWS)
            ]
        )
        assert opened.settle(60)
        yield opened


def numbers(matches: tuple[Match, ...]) -> list[int]:
    known = {image_id(number): number for number in range(COUNT)}
    return [known[match.image.id] for match in matches]


def admitted(wanted: Filter, radius: float | None = None) -> list[int]:
    """Nearest first."""
    fits = [number for number in ORDER if wanted == ALL or number % 2]
    return fits if radius is None else [number for number in fits if NEAREST[number] <= radius]


def grouped(order: list[int], radius: float) -> list[list[int]]:
    """Whoever is the nearest of the rest leads, and all near it join."""
    groups, rest = list[list[int]](), order
    while rest:
        near = [number for number in rest if np.linalg.norm(ROWS[number] - ROWS[rest[0]]) <= radius]
        groups.append(near)
        rest = [number for number in rest if number not in near]
    return groups


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("wanted", [ALL, ODD], ids=["all", "odd"])
@pytest.mark.parametrize("limit", [1, 10, 300, 1_000])
def test_each_image_counts_with_its_nearest(catalog: Catalog, limit: int, wanted: Filter, exact: bool) -> None:
    found = catalog.search("c", QUERIES[EVERY[0]], turned=QUERIES, limit=limit, wanted=wanted, exact=exact).matches
    assert numbers(found) == admitted(wanted)[:limit]
    assert [match.rank for match in found] == list(range(1, len(found) + 1))
    for match, number in zip(found, numbers(found), strict=True):
        assert match.distance == pytest.approx(NEAREST[number], abs=1e-6)
        assert APART[match.turn][number] == pytest.approx(NEAREST[number], abs=1e-6)
        assert match.vector is None


@pytest.mark.parametrize("limit", [9, 10, 11])
@pytest.mark.parametrize("wanted", [ALL, ODD], ids=["all", "odd"])
def test_a_range_is_of_the_nearest_and_says_what_the_limit_cut(catalog: Catalog, limit: int, wanted: Filter) -> None:
    radius = float(NEAREST[admitted(wanted)[9]])  # ten lie within
    found = catalog.search(
        "c", QUERIES[EVERY[0]], turned=QUERIES, limit=limit, wanted=wanted, max_distance=radius + 1e-9
    )
    assert numbers(found.matches) == admitted(wanted, radius + 1e-9)[:limit]
    assert found.more_within is (limit < 10)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("limit", [1, 10, 60])
@pytest.mark.parametrize("wanted", [ALL, ODD], ids=["all", "odd"])
def test_groups_are_made_of_what_all_of_them_found(catalog: Catalog, limit: int, wanted: Filter, exact: bool) -> None:
    found = catalog.search(
        "c", QUERIES[EVERY[0]], turned=QUERIES, limit=limit, wanted=wanted, group_distance=0.2, exact=exact
    ).matches
    told = [[*numbers((match,)), *numbers(match.similar)] for match in found]
    assert told == grouped(admitted(wanted), 0.2)[:limit]
    for match in found:
        for one, number in zip(match.similar, numbers(match.similar), strict=True):
            assert APART[one.turn][number] == pytest.approx(one.distance, abs=1e-6)


def test_groups_in_a_range(catalog: Catalog) -> None:
    radius = float(NEAREST[ORDER[40]]) + 1e-9
    groups = grouped(admitted(ALL, radius), 0.2)
    for limit in (len(groups) - 1, len(groups)):
        found = catalog.search(
            "c", QUERIES[EVERY[0]], turned=QUERIES, limit=limit, max_distance=radius, group_distance=0.2
        )
        assert numbers(found.matches) == [group[0] for group in groups[:limit]]
        assert found.more_within is (limit < len(groups))


def test_a_preference_ranks_by_the_nearest(catalog: Catalog) -> None:
    liked = Preference(frozenset({"pier"}), weight=0.3)
    costs = {n: NEAREST[n] + 0.3 * (1 - (0.5 + n % 5 / 10 if n % 3 == 0 else 0)) for n in range(COUNT)}
    found = catalog.search("c", QUERIES[EVERY[0]], turned=QUERIES, limit=20, preference=liked, exact=True)
    assert numbers(found.matches) == sorted(costs, key=costs.__getitem__)[:20]


def test_vectors_come_where_they_are_asked_for(catalog: Catalog) -> None:
    found = catalog.search("c", QUERIES[EVERY[0]], turned=QUERIES, limit=5, with_vectors=True, group_distance=0.2)
    for match in (each for leader in found.matches for each in (leader, *leader.similar)):
        assert match.vector is not None
        assert match.vector.tolist() == ROWS[numbers((match,))[0]].tolist()


def test_of_equals_come_the_first_id_and_the_first_turn(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, vector=vector_of(1)) for number in range(5)])
        found = catalog.search("c", vector_of(1), turned={turn: vector_of(1) for turn in EVERY}).matches
        assert [match.image.id for match in found] == sorted(map(image_id, range(5)))
        assert {match.turn for match in found} == {Turn()}
        only = catalog.search("c", vector_of(2), turned={Turn(90): vector_of(1)}).matches
        assert {(match.turn, match.distance) for match in only} == {(Turn(90), 0.0)}

"""Scenes that are preferred, or asked for, in the catalog."""

from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.catalog_makers import DIM, MODEL, arrival, clustered, ids, image_id, open_catalog, vector_of

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.preferring import overfetched
from lookalike_server.errors import BadFilter, BadRequest
from lookalike_server.records import Filter, Preference, Scene, Vector

PIER, BEACH = Scene("pier", 0.6), Scene("beach", 0.3)


@pytest.mark.parametrize(
    ("preference", "shown", "agreement"),
    [
        (Preference(frozenset(["pier"])), [PIER, BEACH], 0.6),
        (Preference(frozenset(["pier", "beach", "unknown"])), [PIER, BEACH], 0.9),
        (Preference(frozenset(["pier"])), [BEACH], 0),
        (Preference(frozenset(["pier"])), [], 0),
        (Preference(), [PIER], 0),
        (Preference(like=(PIER, BEACH)), [PIER, BEACH], 0.9),
        (Preference(like=(PIER, BEACH)), [Scene("beach", 0.8), Scene("pier", 0.2)], sqrt(0.24) + sqrt(0.12)),
        (Preference(like=(PIER,)), [BEACH], 0),
        (Preference(like=(PIER,)), [], 0),
        (Preference(frozenset(["beach"]), like=(PIER,)), [Scene("pier", 0.15), BEACH], 0.3 + 0.3),
        (Preference(frozenset(["pier"]), like=(PIER,)), [Scene("pier", 0.9)], 1),
    ],
)
def test_agreement_by_hand(preference: Preference, shown: list[Scene], agreement: float) -> None:
    assert preference.agreement(shown) == pytest.approx(agreement)


def at(distance: float) -> Vector:
    """A unit vector so far from the first axis."""
    cosine = 1 - distance * distance / 2
    vector = np.zeros(DIM, np.float32)
    vector[:2] = cosine, sqrt(1 - cosine * cosine)
    return vector


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Five images, each farther from the first axis than the one before."""
    scenes = [{"beach": 0.9, "pier": 0.1}, {"pier": 0.8}, {"pier": 0.3, "beach": 0.2}, {}, {"pier": 1.0}]
    with open_catalog(tmp_path) as opened:
        opened.create_collection("c")
        opened.add(
            [arrival(n, vector=at(0.5 + 0.05 * n), scenes=odds, path=f"/a/{n}") for n, odds in enumerate(scenes)]
        )
        yield opened


def numbers(catalog: Catalog, **how: Any) -> list[int]:
    known = {image_id(number): number for number in range(5)}
    return [known[found] for found in ids(catalog.search("c", at(0), **how))]


def test_a_preference_moves_images_by_so_much_as_their_scenes_say(catalog: Catalog) -> None:
    pier = frozenset(["pier"])
    assert numbers(catalog) == [0, 1, 2, 3, 4]
    assert numbers(catalog, preference=Preference(pier, weight=0)) == [0, 1, 2, 3, 4]
    # Costs: 0.5 + 0.9 w, 0.55 + 0.2 w, 0.6 + 0.7 w, 0.65 + w, 0.7 + 0 w.
    assert numbers(catalog, preference=Preference(pier, weight=0.1)) == [1, 0, 2, 4, 3]
    assert numbers(catalog, preference=Preference(pier, weight=1)) == [4, 1, 2, 0, 3]
    assert numbers(catalog, preference=Preference(pier, weight=1), limit=2) == [4, 1]


def test_distances_stay_true_and_each_match_says_how_far_it_agrees(catalog: Catalog) -> None:
    found = catalog.search("c", at(0), preference=Preference(frozenset(["pier"]), weight=1)).matches
    assert [match.distance for match in found] == pytest.approx([0.7, 0.55, 0.6, 0.5, 0.65], abs=1e-6)
    assert [match.score for match in found] == pytest.approx([1 - each.distance**2 / 2 for each in found])
    assert [match.agreement for match in found] == [1.0, 0.8, 0.3, 0.1, 0.0]
    assert [match.rank for match in found] == [1, 2, 3, 4, 5]
    assert {match.agreement for match in catalog.search("c", at(0)).matches} == {None}


def test_a_bound_on_distance_is_one_on_true_distance(catalog: Catalog) -> None:
    preference = Preference(frozenset(["pier"]), weight=1)
    assert numbers(catalog, preference=preference, max_distance=0.62) == [1, 2, 0]


def test_a_preference_and_a_filter_hold_together(catalog: Catalog) -> None:
    preference = Preference(frozenset(["pier"]), weight=1)
    assert numbers(catalog, preference=preference, wanted=Filter(scenes=frozenset(["pier"]))) == [4, 1, 2]


def test_equal_costs_come_in_the_order_of_ids(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, vector=at(0.5), scenes={"pier": 0.5}) for number in range(30)])
        found = ids(catalog.search("c", at(0), limit=5, preference=Preference(frozenset(["pier"]))))
        assert found == sorted(map(image_id, range(30)))[:5]


FILTERED = [
    (Filter(scenes=frozenset(["pier"])), [1, 2, 4]),
    (Filter(scenes=frozenset(["beach"])), [0]),
    (Filter(scenes=frozenset(["Pier"])), []),
    (Filter(scenes=frozenset([""])), [3]),
    (Filter(scenes=frozenset(["", "beach"])), [0, 3]),
    (Filter(scenes=frozenset()), []),
    (Filter(scenes=frozenset(map(str, range(999))) | {"pier"}), [1, 2, 4]),
    (Filter(not_paths=frozenset(["/a/1", "/a/", "/A/2"])), [0, 2, 3, 4]),
    (Filter(scenes=frozenset(["pier"]), not_paths=frozenset(["/a/1"]), not_ids=frozenset([image_id(4)])), [2]),
]


@pytest.mark.parametrize(("wanted", "admitted"), FILTERED)
def test_filters(catalog: Catalog, wanted: Filter, admitted: list[int]) -> None:
    assert numbers(catalog, wanted=wanted) == admitted
    listed, _ = catalog.images("c", wanted, 10)
    assert ids(listed) == [image_id(number) for number in admitted]


def test_a_page_goes_on_under_the_same_scenes_only(catalog: Catalog) -> None:
    pier, anything = Filter(scenes=frozenset(["pier"])), Filter()
    page, token = catalog.images("c", pier, 2)
    assert ids(page) == [image_id(1), image_id(2)]
    assert ids(catalog.images("c", pier, 2, token)[0]) == [image_id(4)]
    with pytest.raises(BadRequest, match="another collection or filter"):
        catalog.images("c", anything, 2, token)


def test_an_index_answers_which_images_show_a_scene(catalog: Catalog) -> None:
    store: Any = catalog._store
    asked: list[str] = []
    with store._database.reading() as connection:
        connection.set_trace_callback(asked.append)
    entry = store.collection("c")
    store.admitted(entry, Filter(scenes=frozenset(["pier"])))
    with store._database.reading() as connection:
        connection.set_trace_callback(None)
        (statement,) = [each for each in asked if "t.scene" in each]
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any("USING COVERING INDEX images_by_scene (collection=? AND scene=?)" in step for step in plan), plan


@pytest.mark.parametrize(
    "preference",
    [
        Preference(frozenset(map(str, range(1_001)))),
        Preference(frozenset(["s" * 256])),
        Preference(weight=-0.1),
        Preference(weight=2.1),
        Preference(weight=float("nan")),
    ],
)
def test_a_preference_outside_its_limits_is_refused(catalog: Catalog, preference: Preference) -> None:
    with pytest.raises(BadRequest):
        catalog.search("c", at(0), preference=preference)


@pytest.mark.parametrize("scenes", [frozenset(map(str, range(1_001))), frozenset(["s" * 256]), frozenset(["nul\0"])])
def test_scenes_outside_their_limits_are_refused(catalog: Catalog, scenes: frozenset[str]) -> None:
    with pytest.raises(BadFilter):
        catalog.images("c", Filter(scenes=scenes), 10)


COUNT, WIDE = 4_000, 64
NAMES = ("pier", "beach", "forest")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, dict[str, tuple[Vector, float]]]]:
    """A collection with a graph, and the vector and the probability of a pier of each of its images."""
    random = np.random.default_rng(0)
    rows, odds = clustered(COUNT, WIDE), random.dirichlet(np.ones(3), COUNT)
    with open_catalog(tmp_path_factory.mktemp("large"), models={MODEL: WIDE}, small=100) as catalog:
        catalog.create_collection("c")
        catalog.add(
            [
                arrival(n, vector=rows[n], scenes=dict(sorted(zip(NAMES, odds[n], strict=True), key=lambda x: -x[1])))
                for n in range(COUNT)
            ]
        )
        assert catalog.settle(120)
        yield catalog, {image_id(n): (rows[n], float(odds[n, 0])) for n in range(COUNT)}


def best(known: dict[str, tuple[Vector, float]], query: Vector, weight: float, limit: int) -> list[str]:
    """By the formula, over all images."""
    costs = {
        one: np.linalg.norm(query.astype(np.float64) - vector) + weight * (1 - pier)
        for one, (vector, pier) in known.items()
    }
    return sorted(costs, key=lambda one: (costs[one], one))[:limit]


@given(seed=st.integers(0, 10_000), weight=st.floats(0, 2), limit=st.integers(1, 60), filtered=st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exact_misses_nothing_better(
    large: tuple[Catalog, dict[str, tuple[Vector, float]]], seed: int, weight: float, limit: int, filtered: bool
) -> None:
    catalog, known = large
    query = vector_of(seed, WIDE)
    wanted = frozenset(list(known)[: COUNT // 2]) if filtered else frozenset()
    preference = Preference(frozenset(["pier"]), weight=weight)
    found = catalog.search("c", query, limit=limit, exact=True, preference=preference, wanted=Filter(ids=wanted))
    admitted = {one: known[one] for one in wanted} if filtered else known
    assert found.exact
    assert ids(found) == best(admitted, query, weight, limit)


def test_through_the_graph_nearly_all_of_the_best_are_found(
    large: tuple[Catalog, dict[str, tuple[Vector, float]]],
) -> None:
    catalog, known = large
    met = 0
    for number in range(20):
        query = vector_of(number, WIDE)
        found = catalog.search("c", query, preference=Preference(frozenset(["pier"]), weight=0.1))
        assert not found.exact
        met += len(set(ids(found)) & set(best(known, query, 0.1, 10)))
    assert met >= 0.9 * 200


def test_a_small_collection_is_ranked_whole_without_being_asked(tmp_path: Path) -> None:
    """A preferred image far beyond what would be fetched is first all the same."""
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(n, vector=at(0.5 + n * 1e-3), scenes={"beach": 1.0}) for n in range(300)])
        catalog.add([arrival(300, vector=at(0.85), scenes={"pier": 1.0})])
        found = catalog.search("c", at(0), limit=1, preference=Preference(frozenset(["pier"]), weight=0.5))
        assert ids(found) == [image_id(300)]


def test_a_graph_is_asked_for_ten_times_as_many_but_not_for_all() -> None:
    assert [overfetched(asked) for asked in (1, 18, 1_008)] == [10, 180, 2_008]

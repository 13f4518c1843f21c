import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import clustered, serials

from lookalike_server.catalog.admitted import Admission
from lookalike_server.catalog.costs import Costs, Work
from lookalike_server.catalog.cover import Cover
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.index import ExactIndex, Index
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.planner import Case, Way, answer, cheapest
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.snapshots import Identity, Snapshots
from lookalike_server.catalog.tuning import Tuning
from lookalike_server.catalog.vectors import Serials

COUNT, DIM = 6_000, 32
ROWS = clustered(COUNT, DIM)
QUERIES = clustered(COUNT + 40, DIM)[COUNT:]
QUERY = QUERIES[0]
CLUSTERS = np.arange(COUNT) % 40
FARTHEST = np.argsort(clustered(40, DIM) @ QUERY)
ALL = serials(1, COUNT)
HALF = np.sort(np.random.default_rng(1).choice(ALL, COUNT // 2, replace=False))
FAR = ALL[np.isin(CLUSTERS, FARTHEST[:20])]
"""Half of the collection, and nothing near `QUERY`."""


class Plain(ExactIndex):
    """An index of a stranger's that has no abilities but those of every index."""


def new_shelf(vectors: Matrix, cover: Cover | None) -> Shelf:
    return Shelf(
        vectors,
        1,
        truth=vectors.take,
        cover=cover,
        small=0,
        save_every=10**9,
        background=lambda work: None,
        write=lambda shelf: None,
    )


def snapshots(folder: Path) -> Snapshots:
    return Snapshots(folder, Identity("u", "m", DIM, "i"), mark=str, marked=bool)


def shelf_of(folder: Path, kind: type[Index] | None = HnswIndex, covered: int = COUNT) -> Shelf:
    vectors = Matrix(DIM)
    vectors.add(ALL[:covered], ROWS[:covered])
    cover = None if kind is None else Cover(vectors, DIM, kind, snapshots(folder), 0)
    shelf = new_shelf(vectors, cover)
    while shelf.advance():
        pass
    if covered < COUNT:
        shelf.add(ALL[covered:], ROWS[covered:])
    return shelf


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return shelf_of(tmp_path_factory.mktemp("graph"))


@pytest.fixture(params=["graph", "plain", "none", "lagging"], scope="module")
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    if request.param == "lagging":
        return shelf_of(folder, covered=COUNT // 2)
    return shelf_of(folder, {"graph": HnswIndex, "plain": Plain, "none": None}[request.param])


@pytest.fixture(autouse=True)
def like_new(request: pytest.FixtureRequest) -> None:
    """What one test taught a shelf is not for the next."""
    for name in {"graph", "shelf"} & set(request.fixturenames):
        one = request.getfixturevalue(name)
        one.costs = Costs()
        one.admitted.expire()


def admission(shelf: Shelf, admitted: Serials, *, known: bool = False) -> Admission:
    def ask(*, among: list[int] | None = None) -> Serials:
        return admitted if among is None else np.intersect1d(np.array(among, np.int64), admitted)

    found = shelf.admitted.of(str(hash(admitted.tobytes())), ask)
    if known:
        found.all()
    return found


def nearest(admitted: Serials, k: int, query: int = 0) -> list[int]:
    apart = np.linalg.norm(ROWS[admitted - 1].astype(np.float64) - QUERIES[query], axis=1)
    return [int(serial) for serial in admitted[np.argsort(apart)[:k]]]


@pytest.fixture
def ways(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Which ways were taken since it was asked last."""
    caplog.set_level(logging.DEBUG, "lookalike.catalog")

    def taken() -> list[str]:
        found = [record.__dict__["way"] for record in caplog.records if "way" in record.__dict__]
        caplog.clear()
        return found

    return taken


def dear(costs: Costs, *works: Work) -> None:
    for _ in range(200):
        for work in works:
            costs.learn(work, 1_000, 1_000)


FILTERS = {
    "none": np.empty(0, np.int64),
    "one": serials(17, 1),
    "0.1%": serials(3_000, 6),
    "1%": HALF[::50],
    "10%": HALF[::5],
    "half": HALF,
    "all": ALL,
    "the later half": serials(3_001, 3_000),
    "far": FAR,
    "far and few": ALL[FARTHEST[0] == CLUSTERS],
}


@pytest.mark.parametrize("known", [False, True], ids=["unseen", "known"])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_finds_the_nearest_admitted(shelf: Shelf, name: str, known: bool) -> None:
    admitted, hits, wanted = FILTERS[name], 0, 0
    for number in range(len(QUERIES)):
        found = answer(shelf, QUERIES[number], 10, admission(shelf, admitted, known=known), exact=False)
        best = nearest(admitted, 10, number)
        assert len(found.serials) >= len(best)
        assert np.isin(found.serials, admitted).all()
        assert np.all(np.diff(found.distances) >= 0)
        hits, wanted = hits + len(set(best) & set(found.serials[:10].tolist())), wanted + len(best)
        if found.exact:
            assert found.serials[:10].tolist() == best
    assert hits >= 0.99 * wanted


@pytest.mark.parametrize("work", [(Work.COMPARE,), (Work.HOLD,), (Work.COMPARE, Work.HOLD)])
@pytest.mark.parametrize("name", FILTERS)
def test_no_price_leads_to_fewer_than_there_are(graph: Shelf, name: str, work: tuple[Work, ...]) -> None:
    dear(graph.costs, *work)
    for number in range(10):
        found = answer(graph, QUERIES[number], 10, admission(graph, FILTERS[name]), exact=False)
        assert len(found.serials) >= min(10, len(FILTERS[name]))


def test_exact_compares(shelf: Shelf, ways: Callable[[], list[str]]) -> None:
    found = answer(shelf, QUERY, 10, admission(shelf, HALF), exact=True)
    assert (found.exact, found.serials[:10].tolist()) == (True, nearest(HALF, 10))
    assert ways() == ["compare"]


def test_without_a_filter_all_are_admitted(shelf: Shelf) -> None:
    found = answer(shelf, QUERY, 10, None, exact=True)
    assert found.serials[:10].tolist() == nearest(ALL, 10)
    assert found.exact


CASE = Case(k=18, count=100_000, covered=True, known=True, share=0.5, near=0.5, effort=200)


@pytest.mark.parametrize(
    ("share", "way"), [(0, Way.COMPARE), (0.001, Way.COMPARE), (0.01, Way.COMPARE), (0.5, Way.SIFT), (1, Way.SIFT)]
)
@pytest.mark.parametrize("known", [False, True])
def test_few_are_compared_and_many_sifted(share: float, way: Way, known: bool) -> None:
    case = replace(CASE, share=share, near=share, known=known)
    assert cheapest(case, Costs(), Way.COMPARE, Way.SIFT) is way


def test_what_a_machine_is_slow_at_it_does_not_do() -> None:
    case = replace(CASE, share=0.03, near=0.03)
    costs = Costs()
    dear(costs, Work.COMPARE)
    assert cheapest(case, costs, Way.COMPARE, Way.SIFT) is Way.SIFT
    dear(costs, Work.HOLD)
    for _ in range(100):
        costs.learn(Work.COMPARE, 1_000, 1e-5)
    assert cheapest(case, costs, Way.COMPARE, Way.SIFT) is Way.COMPARE


def test_what_is_not_at_hand_must_be_fetched() -> None:
    costs = Costs()
    for _ in range(100):
        costs.learn(Work.COMPARE, 1_000, 1e-6)
    case = replace(CASE, share=0.2, near=0.2)
    assert cheapest(case, costs, Way.COMPARE, Way.SIFT) is Way.COMPARE
    assert cheapest(replace(case, known=False), costs, Way.COMPARE, Way.SIFT) is Way.SIFT


def test_a_huge_filter_with_nothing_near_is_called_for() -> None:
    near = replace(CASE, count=10_000_000, near=0.0025)
    assert cheapest(near, Costs(), Way.COMPARE, Way.CALL) is Way.CALL
    assert cheapest(replace(near, count=100_000), Costs(), Way.COMPARE, Way.CALL) is Way.COMPARE


def test_it_tries_as_hard_as_the_graph_was_measured_to_need(
    graph: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lookalike.catalog")
    monkeypatch.setattr(graph, "tuning", Tuning(700, 0.99, 200, 0, COUNT, COUNT))
    dear(graph.costs, Work.COMPARE)
    answer(graph, QUERY, 10, admission(graph, HALF, known=True), exact=False)
    assert [(one.__dict__["way"], one.__dict__["units"]) for one in caplog.records] == [("sift", 700)]
    assert replace(CASE, effort=1_000).called == 1_000 / CASE.near


def test_half_of_a_collection_is_sifted(graph: Shelf, ways: Callable[[], list[str]]) -> None:
    assert not answer(graph, QUERY, 10, admission(graph, HALF), exact=False).exact
    assert ways() == ["sift"]


def test_a_far_half_is_sifted_in_vain_once_and_not_every_time(graph: Shelf, ways: Callable[[], list[str]]) -> None:
    dear(graph.costs, Work.CALL)
    graph_first = []
    for _ in range(40):
        found = answer(graph, QUERY, 10, admission(graph, FAR, known=True), exact=False)
        assert found.serials[:10].tolist() == nearest(FAR, 10)
        graph_first.append(ways())
    assert graph_first[0][0] == "sift"
    assert graph_first[0][-1] == graph_first[1][0] == "compare"
    assert sum(len(each) for each in graph_first) <= 40 + 5


def test_a_few_that_pass_at_the_edge_of_what_was_looked_at_are_not_trusted(
    graph: Shelf, ways: Callable[[], list[str]]
) -> None:
    """Where more pass the farther away they are, the first that pass are not the nearest that there are."""
    by_distance = nearest(ALL, COUNT)
    edge = np.sort(np.array(by_distance[185:197] + by_distance[COUNT // 2 :], np.int64))
    found = answer(graph, QUERY, 10, admission(graph, edge, known=True), exact=False)
    assert ways() == ["sift", "compare"]
    assert found.serials[:10].tolist() == by_distance[185:195]


def test_a_way_that_rested_is_tried_again(graph: Shelf, ways: Callable[[], list[str]]) -> None:
    dear(graph.costs, Work.COMPARE, Work.CALL)
    answer(graph, QUERY, 10, admission(graph, FAR, known=True), exact=False)
    near_far = int(np.flatnonzero(np.isin(CLUSTERS[:40], FARTHEST[:20]))[0])
    taken = []
    for _ in range(10):
        ways()
        answer(graph, QUERIES[near_far], 10, admission(graph, FAR, known=True), exact=False)
        taken.append(ways())
    assert taken[-1] == ["sift"]


def test_the_graph_asks_where_comparing_and_sifting_are_dear(graph: Shelf, ways: Callable[[], list[str]]) -> None:
    dear(graph.costs, Work.COMPARE)
    for _ in range(200):
        graph.costs.learn(Work.HOLD, 1_000, 0.1)
    found = answer(graph, QUERY, 10, admission(graph, FAR, known=True), exact=False)
    assert ways() == ["sift", "call"]
    assert found.serials[:10].tolist() == nearest(FAR, 10)


def test_twins_are_asked_about_one_by_one(tmp_path: Path) -> None:
    vectors = Matrix(DIM)
    cover = Cover(vectors, DIM, HnswIndex, snapshots(tmp_path), 0)
    shelf = new_shelf(vectors, cover)
    shelf.add(serials(1, 600), np.concatenate([ROWS[:300], ROWS[:300]]))
    while shelf.advance():
        pass
    shelf.remove([1])  # the node of 301 bears its name
    later = admission(shelf, serials(301, 300), known=True)
    found, _ = shelf.select(ROWS[0], 10, later.test())
    assert {301, 1} & set(found.tolist()) == {301}
    dear(shelf.costs, Work.COMPARE)
    sought = answer(shelf, ROWS[0], 10, later, exact=False)
    assert (int(sought.serials[0]), float(sought.distances[0])) == (301, 0.0)
    assert (sought.serials > 300).all()


def test_measurements_of_searches_are_learnt(graph: Shelf) -> None:
    before = graph.costs.rates()
    answer(graph, QUERY, 10, admission(graph, HALF), exact=False)
    answer(graph, QUERY, 10, admission(graph, HALF), exact=True)
    after = graph.costs.rates()
    assert {work for work in after if after[work] != before[work]} >= {"hold", "look", "compare", "fetch"}

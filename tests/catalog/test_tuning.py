"""How hard a graph must try, on collections where little is enough and where much is not."""

from collections.abc import Generator
from typing import TypeVar

import numpy as np
import pytest
from tests.catalog.catalog_makers import serials, units

from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.index import DEFAULT_EFFORT, ExactIndex
from lookalike_server.catalog.shelf import Found
from lookalike_server.catalog.tuning import EFFORTS, NEIGHBOURS, SAMPLE, Tuning, assured, measure
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Vector

Result = TypeVar("Result")


class Measured:
    """Vectors, and a graph over them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.vectors, self.graph = ExactIndex(rows.shape[1]), HnswIndex(rows.shape[1])
        for index in (self.vectors, self.graph):
            index.add(serials(1, len(rows)), rows)

    def extent(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows)

    def sample(self, count: int) -> tuple[Serials, Rows]:
        drawn = np.sort(np.random.default_rng(0).choice(len(self.rows), count, replace=False))
        return drawn + 1, self.rows[drawn]

    def compare(self, query: Vector, k: int) -> Found:
        found, apart = self.vectors.search(query, k)
        return Found(found, apart.astype(np.float64), True)

    def search(self, query: Vector, k: int, *, effort: int) -> Found:
        found, _ = self.graph.seek(query, k, effort)
        apart = np.linalg.norm(self.rows[found - 1].astype(np.float64) - query.astype(np.float64), axis=1)
        order = np.argsort(apart)
        return Found(found[order], apart[order], False)


def result(steps: Generator[None, None, Result]) -> Result:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            value: Result = done.value
            return value


def recall(measured: Measured, queries: Rows, effort: int) -> float:
    """Share of the true nearest of queries that the collection does not hold."""
    shares = []
    for query in queries:
        true, found = measured.vectors.search(query, NEIGHBOURS)[0], measured.search(query, 18, effort=effort)
        shares.append(len(np.intersect1d(true, found.serials[:NEIGHBOURS])) / NEIGHBOURS)
    return float(np.mean(shares))


@pytest.fixture(scope="module")
def easy() -> Measured:
    """Of eight numbers: near neighbours lie near each other."""
    return Measured(units(2_000, 8))


@pytest.fixture(scope="module")
def hard() -> Measured:
    """Of 128 random numbers: all are about as far from each other."""
    return Measured(units(5_000, 128))


def test_where_little_is_enough_little_is_taken(easy: Measured) -> None:
    tuning = result(measure(easy, 0.99))
    assert tuning.effort == EFFORTS[0] < DEFAULT_EFFORT
    assert tuning.recall >= 0.99
    assert recall(easy, units(200, 8, seed=77), tuning.effort) >= 0.99


def test_where_much_is_needed_the_target_is_held_for_new_queries(hard: Measured) -> None:
    strangers = units(100, 128, seed=77)
    assert recall(hard, strangers, DEFAULT_EFFORT) < 0.985, "else this set shows nothing"
    tuning = result(measure(hard, 0.99))
    assert tuning.effort > DEFAULT_EFFORT
    assert tuning.recall >= 0.99
    assert recall(hard, strangers, tuning.effort) >= 0.99


def test_what_is_measured_is_what_new_queries_meet(hard: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    for effort in (72, 280):
        monkeypatch.setattr("lookalike_server.catalog.tuning.EFFORTS", (effort,))
        measured = result(measure(hard, 1.0)).recall
        assert measured == pytest.approx(recall(hard, units(100, 128, seed=77), effort), abs=0.02)


def test_the_least_effort_that_is_enough_is_taken_and_more_for_a_higher_target(hard: Measured) -> None:
    efforts = [result(measure(hard, target)).effort for target in (0.5, 0.9)]
    assert efforts[0] == EFFORTS[0] < efforts[1]
    below = EFFORTS[EFFORTS.index(efforts[1]) - 1]
    assert recall(hard, units(100, 128, seed=77), below) < 0.92


def test_a_target_out_of_reach_is_told_as_it_is(hard: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_server.catalog.tuning.EFFORTS", (72, 100))
    tuning = result(measure(hard, 0.99))
    assert tuning.effort == 100
    assert tuning.recall < 0.9


def test_it_goes_a_query_a_step_and_repeats_itself(easy: Measured) -> None:
    steps = measure(easy, 0.99)
    assert sum(1 for _ in steps) == 2 * SAMPLE, "the truth for each, and one effort"
    one, other = (result(measure(easy, 0.99)) for _ in range(2))
    assert (one.effort, one.recall, one.sample_size) == (other.effort, other.recall, SAMPLE)


def test_twins_hide_nothing() -> None:
    rows = units(500, 8)[np.repeat(np.arange(500), 4)]
    tuning = result(measure(Compared(rows), 1.0))
    assert (tuning.effort, tuning.recall) == (EFFORTS[0], 1.0)


class Compared(Measured):
    """Nothing is ever missed."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.vectors = rows, ExactIndex(rows.shape[1])
        self.vectors.add(serials(1, len(rows)), rows)

    def search(self, query: Vector, k: int, *, effort: int) -> Found:
        return self.compare(query, min(k, effort))


def test_few_queries_assure_less_than_many() -> None:
    assert assured([1.0] * 10) == 1.0
    few, many = [1.0, 0.9] * 10, [1.0, 0.9] * 1_000
    assert assured(few) < assured(many) < 0.95


@pytest.mark.parametrize(
    ("count", "since", "stale"),
    [(100, 0, False), (120, 20, False), (121, 21, True), (80, 0, False), (79, 0, True), (100, 11, True), (0, 0, True)],
    ids=["nothing", "grown a little", "grown", "shrunk a little", "shrunk", "exchanged", "empty"],
)
def test_it_is_stale_when_a_fifth_came_or_went(count: int, since: int, stale: bool) -> None:
    assert Tuning(200, 0.99, SAMPLE, 0, last=100, count=100).is_stale(count, since) == stale

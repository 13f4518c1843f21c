import numpy as np
import pytest
from tests.catalog.catalog_makers import serials, units

from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.planner import answer, worth_comparing
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.vectors import Serials

COUNT = 6_000
ROWS = units(COUNT)
QUERY = units(1, seed=5)[0]


class Admitting:
    """An admission that holds its answer and remembers how much it was asked; None: for all."""

    def __init__(self, admitted: Serials) -> None:
        self.admitted = admitted
        self.asked: list[int | None] = []

    def all(self) -> Serials:
        self.asked.append(None)
        return self.admitted

    def among(self, serials: Serials) -> Serials:
        self.asked.append(len(serials))
        return np.intersect1d(serials, self.admitted)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    vectors = Matrix(ROWS.shape[1])
    vectors.add(serials(1, COUNT), ROWS)
    return Shelf(vectors, 1, truth=vectors.take, cover=None, small=0, save_every=1)


def nearest(admitted: Serials, k: int) -> list[int]:
    apart = np.linalg.norm(ROWS[admitted - 1].astype(np.float64) - QUERY, axis=1)
    return [int(serial) for serial in admitted[np.argsort(apart)[:k]]]


def test_the_bound_grows_with_the_root_of_the_collection() -> None:
    assert [worth_comparing(count) for count in (0, 100_000, 1_000_000)] == [2_500, 2_500, 7_745]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    "admitted",
    [
        np.empty(0, np.int64),
        serials(1, 1),
        np.arange(1, COUNT + 1, 50),
        np.arange(1, COUNT + 1, 2),
        serials(1, COUNT),
        serials(3_000, 3_001),
    ],
    ids=["none", "one", "few", "half", "all", "the later half"],
)
def test_every_way_gives_the_nearest_admitted(shelf: Shelf, admitted: Serials, exact: bool) -> None:
    found = answer(shelf, QUERY, 10, Admitting(admitted), exact=exact)
    assert found.serials[:10].tolist() == nearest(admitted, 10)
    assert np.all(np.diff(found.distances) >= 0)


def test_without_a_filter_all_are_admitted(shelf: Shelf) -> None:
    found = answer(shelf, QUERY, 10, None, exact=True)
    assert found.serials[:10].tolist() == nearest(serials(1, COUNT), 10)
    assert found.exact


def test_few_are_compared(shelf: Shelf) -> None:
    admission = Admitting(np.arange(1, COUNT + 1, 50))
    assert answer(shelf, QUERY, 10, admission, exact=False).exact
    assert admission.asked[1:] == [None]


def test_many_are_sought_and_sorted_out(shelf: Shelf) -> None:
    admission = Admitting(np.arange(1, COUNT + 1, 2))
    answer(shelf, QUERY, 10, admission, exact=False)
    sample, sought = admission.asked
    assert 200 < int(sample or 0) <= 256
    assert 25 < int(sought or 0) < 40


def test_the_sample_is_of_all_ages(shelf: Shelf) -> None:
    admission = Admitting(serials(1, COUNT // 2))
    answer(shelf, QUERY, 10, admission, exact=False)
    assert 25 < int(admission.asked[1] or 0) < 40


def test_too_few_sought_out_ends_in_comparing_all(shelf: Shelf) -> None:
    far = np.sort(np.setdiff1d(serials(1, COUNT), nearest(serials(1, COUNT), 2_000)))
    admission = Admitting(far)
    found = answer(shelf, QUERY, 10, admission, exact=False)
    assert found.serials[:10].tolist() == nearest(far, 10)
    assert found.exact
    assert admission.asked[-1] is None


def test_more_than_comparing_costs_is_not_sought(shelf: Shelf) -> None:
    admission = Admitting(serials(1, COUNT // 2))
    assert answer(shelf, QUERY, 1_000, admission, exact=False).exact
    assert admission.asked[1:] == [None]


def test_exact_asks_for_no_sample(shelf: Shelf) -> None:
    admission = Admitting(serials(1, COUNT))
    assert answer(shelf, QUERY, 10, admission, exact=True).exact
    assert admission.asked == [None]

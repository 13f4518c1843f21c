"""A snapshot's rows and those that came since, as one: checked against plain numpy."""

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.catalog_makers import serials, units, written

from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.vectors import Rows, Serials, distances
from lookalike_server.records import Vector

COUNT = 60


def matrix_of(rows: Rows) -> Matrix:
    matrix = Matrix(rows.shape[1])
    matrix.add(serials(1, len(rows)), rows)
    return matrix


def based(rows: Rows, folder: Path, *, upto: int) -> Matrix:
    """The first `upto` in a base, the others in a tail."""
    matrix = Matrix(rows.shape[1], written(matrix_of(rows[:upto]), folder))
    matrix.add(serials(upto + 1, len(rows) - upto), rows[upto:])
    return matrix


def nearest(query: Vector, rows: Rows, among: Serials, k: int) -> set[int]:
    apart = distances(query, rows[among - 1])
    return set(among[np.argsort(apart, kind="stable")[:k]].tolist())


def crowd(seed: int, spread: float) -> Rows:
    """Vectors so near to each other that half precision may put them in another order."""
    rows = units(1, seed=seed) + np.random.default_rng(seed).normal(scale=spread, size=(COUNT, 8))
    crowded: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return crowded


class Case(NamedTuple):
    seed: int
    spread: float
    k: int
    upto: int
    gone: set[int]
    after: int


CASES = st.builds(
    Case,
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([1e-5, 1e-4, 1e-3, 1e-2, 1.0]),
    k=st.integers(1, 20),
    upto=st.integers(0, COUNT),
    gone=st.sets(st.integers(1, COUNT), max_size=COUNT // 2),
    after=st.integers(0, COUNT),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CASES)
def test_candidates_hold_all_of_the_nearest(tmp_path: Path, case: Case) -> None:
    seed, spread, k, upto, gone, after = case
    rows = crowd(seed, spread)
    matrix = based(rows, tmp_path, upto=upto)
    matrix.remove(gone)
    query, left = rows[seed % COUNT], np.setdiff1d(serials(1, COUNT), list(gone))
    assert nearest(query, rows, left, k) <= set(matrix.nearest(query, k).tolist()) <= set(left.tolist())
    beyond = left[left > after]
    assert nearest(query, rows, beyond, k) <= set(matrix.nearest(query, k, after=after).tolist()) <= set(beyond)
    some = left[::3]
    assert nearest(query, rows, some, k) <= set(matrix.nearest(query, k, among=some).tolist()) <= set(some)
    apart = distances(query, rows[left - 1])
    radius = float(np.median(apart)) if len(apart) else 0.0
    assert set(left[apart <= radius].tolist()) <= set(matrix.within(query, radius).tolist()) <= set(left)


@pytest.mark.parametrize("upto", [0, 1_500, 2_000])
@pytest.mark.parametrize("every", [1, 2, 40])
def test_the_nearest_of_few_and_of_most_are_found(tmp_path: Path, upto: int, every: int) -> None:
    rows = units(2_000, 16)
    matrix, among = based(rows, tmp_path, upto=upto), serials(1, 2_000)[::every]
    assert nearest(rows[7], rows, among, 10) <= set(matrix.nearest(rows[7], 10, among=among).tolist()) <= set(among)


@pytest.mark.parametrize("gone", [[], [1, 7], [10, 60]])
def test_serials_are_found_with_gaps_and_without(tmp_path: Path, gone: list[int]) -> None:
    rows = units(COUNT)
    whole = matrix_of(rows)
    whole.remove(gone)
    matrix = Matrix(8, written(whole, tmp_path))  # without the rows that are gone
    asked = np.array([-3, 0, 1, 5, 7, 10, 59, 60, 61, 90])
    held, vectors = matrix.take(asked)
    assert held.tolist() == [one for one in [1, 5, 7, 10, 59, 60] if one not in gone]
    np.testing.assert_allclose(vectors, rows[held - 1], atol=1e-3)


def test_few_are_candidates(tmp_path: Path) -> None:
    rows = units(5_000, 64)
    matrix = based(rows, tmp_path, upto=4_000)
    assert len(matrix.nearest(rows[7], 10)) < 20


@pytest.mark.parametrize("upto", [0, 20, COUNT])
def test_it_gives_what_it_holds(tmp_path: Path, upto: int) -> None:
    rows = units(COUNT)
    matrix = based(rows, tmp_path, upto=upto)
    matrix.remove([3, 20, 21, 60])
    left = np.setdiff1d(serials(1, COUNT), [3, 20, 21, 60])
    assert (len(matrix), matrix.serials().tolist()) == (56, left.tolist())
    held, vectors = matrix.take(serials(18, 6))
    assert held.tolist() == [18, 19, 22, 23]
    np.testing.assert_allclose(vectors, rows[held - 1], atol=1e-3)
    assert matrix.beyond(18, 3)[0].tolist() == [19, 22, 23]
    np.testing.assert_allclose(matrix.beyond(18, 3)[1], rows[[18, 21, 22]], atol=1e-3)
    assert (matrix.count_beyond(0), matrix.count_beyond(19), matrix.count_beyond(60)) == (56, 38, 0)


def test_the_first_are_found_behind_many_that_went(tmp_path: Path) -> None:
    matrix = based(units(COUNT), tmp_path, upto=50)
    matrix.remove(range(3, 59))
    assert matrix.beyond(0, 3)[0].tolist() == [1, 2, 59]
    assert matrix.beyond(2, 1)[0].tolist() == [59]
    assert matrix.beyond(1, 9)[0].tolist() == [2, 59, 60]
    assert matrix.beyond(60, 9)[0].tolist() == matrix.beyond(0, 0)[0].tolist() == []
    assert (matrix.count_beyond(1), matrix.count_beyond(30)) == (3, 2)


def test_it_tells_what_it_has_in_full_precision(tmp_path: Path) -> None:
    rows = units(COUNT)
    matrix = based(rows, tmp_path, upto=20)
    matrix.remove([19])
    held, vectors, rough = matrix.precise(serials(18, 6))
    assert (held.tolist(), rough.tolist()) == ([21, 22, 23], [18, 20])
    np.testing.assert_array_equal(vectors, rows[20:23])


def test_it_knows_its_vectors_from_others(tmp_path: Path) -> None:
    rows = units(COUNT)
    matrix = based(rows, tmp_path, upto=20)
    assert matrix.holds(serials(1, COUNT), rows)
    for place in (5, 30):
        other = rows.copy()
        other[place] = units(1, seed=9)[0]
        assert not matrix.holds(serials(1, COUNT), other)
    matrix.remove([8])
    assert not matrix.holds(serials(1, COUNT), rows)


def test_a_snapshot_holds_the_living_up_to_a_serial(tmp_path: Path) -> None:
    rows = units(COUNT)
    matrix = based(rows, tmp_path, upto=20)
    matrix.remove([2, 25])
    assert matrix.write(tmp_path / "r", tmp_path / "s", 30) == 28
    again = Matrix(8, Base.open(tmp_path / "r", tmp_path / "s", 8))
    left = np.setdiff1d(serials(1, 30), [2, 25])
    assert again.holds(left, rows[left - 1])
    assert len(again) == 28


def test_an_empty_snapshot_is_one(tmp_path: Path) -> None:
    base = written(Matrix(8), tmp_path)
    assert (base.last, len(Matrix(8, base))) == (0, 0)


@pytest.mark.parametrize("names", [[1, 3, 2], [1, 1, 2], [0, 1, 2], [1, 2], [1, 2, 3, 4]])
def test_a_snapshot_that_cannot_be_one_is_refused(tmp_path: Path, names: list[int]) -> None:
    np.zeros((3, 8), "<f2").tofile(tmp_path / "rows")
    np.array(names, "<i8").tofile(tmp_path / "serials")
    with pytest.raises(ValueError, match=r"rows|serials"):
        Base.open(tmp_path / "rows", tmp_path / "serials", 8)


def test_a_base_takes_the_place_of_what_it_holds(tmp_path: Path) -> None:
    rows = units(COUNT)
    matrix = matrix_of(rows)
    base = written(matrix, tmp_path, 40)
    matrix.remove([4, 50])
    matrix.rebase(base)
    left = np.setdiff1d(serials(1, COUNT), [4, 50])
    assert matrix.serials().tolist() == left.tolist()
    assert matrix.precise(left)[0].tolist() == [serial for serial in range(41, COUNT + 1) if serial != 50]
    matrix.add(serials(COUNT + 1, 1), units(1, seed=9))
    assert len(matrix) == COUNT - 1
    matrix.rebase(written(matrix, tmp_path))
    assert matrix.serials().tolist() == [*left.tolist(), COUNT + 1]
    with pytest.raises(ValueError, match="serials"):
        matrix.add(serials(COUNT + 1, 1), units(1, seed=9))


def test_a_base_that_lacks_a_vector_is_refused(tmp_path: Path) -> None:
    matrix, poorer = matrix_of(units(COUNT)), matrix_of(units(COUNT))
    poorer.remove([7])
    with pytest.raises(ValueError, match="lacks"):
        matrix.rebase(written(poorer, tmp_path))
    assert len(matrix) == COUNT


def test_readers_see_all_while_bases_come(tmp_path: Path) -> None:
    rows = units(2_000)
    matrix, done = matrix_of(rows[:1_000]), threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                assert set(matrix.nearest(rows[5], 3)) >= nearest(rows[5], rows, serials(1, 1_000), 1)
                assert matrix.beyond(0, 1_000)[0].tolist() == list(range(1, 1_001))
                held, _, rough = matrix.precise(serials(1, 1_000))
                assert len(held) + len(rough) == 1_000
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for start in range(1_000, 2_000, 50):
        matrix.add(serials(start + 1, 50), rows[start : start + 50])
        matrix.rebase(written(matrix, tmp_path, start - 500))
        matrix.remove(range(start + 10, start + 20))
    done.set()
    for thread in threads:
        thread.join()
    assert not errors

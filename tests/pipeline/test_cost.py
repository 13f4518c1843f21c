import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike_server.pipeline.cost import CostModel


def test_it_guesses_before_it_has_measured() -> None:
    assert CostModel(guess=0.02).seconds(4) == pytest.approx(0.08)


@given(a=st.floats(0.001, 0.1), b=st.floats(0, 0.1))
def test_it_finds_the_line(a: float, b: float) -> None:
    cost = CostModel()
    for rows in (1, 16, 4, 8, 2, 16):
        cost.learn(rows, a * rows + b)
    assert cost.line() == pytest.approx((a, b), abs=1e-6)


def test_batches_all_alike_are_a_price_a_row() -> None:
    cost = CostModel()
    for _ in range(5):
        cost.learn(16, 0.16)
    assert cost.line() == pytest.approx((0.01, 0.0))


def test_it_follows_a_machine_that_becomes_slower() -> None:
    cost = CostModel()
    for seconds_a_row in (0.01, 0.03):
        for _ in range(100):
            for rows in (4, 8):
                cost.learn(rows, rows * seconds_a_row)
    assert cost.seconds(8) == pytest.approx(0.24, rel=0.1)


@given(st.lists(st.tuples(st.integers(1, 64), st.floats(0.0001, 10)), min_size=1, max_size=50))
def test_no_measurements_make_it_absurd(measured: list[tuple[int, float]]) -> None:
    cost = CostModel()
    for rows, seconds in measured:
        cost.learn(rows, seconds)
    a, b = cost.line()
    assert a >= 0
    assert b >= -1e-9
    assert cost.rows_within(0.025) >= 1


def test_rows_within_a_slice() -> None:
    cost = CostModel()
    for rows in (1, 8, 16):
        cost.learn(rows, 0.005 * rows + 0.005)
    assert cost.rows_within(0.0251) == 4
    assert cost.rows_within(0.001) == 1, "one row at least, or nothing would ever move"


@given(st.lists(st.sampled_from([1, 2, 3, 4, 16]), min_size=20, max_size=200), st.randoms(use_true_random=False))
def test_two_rows_at_once_on_two_cores_are_a_staircase_that_a_line_fits_well(sizes: list[int], chance: Random) -> None:
    def seconds(rows: int) -> float:
        return 0.01 * math.ceil(rows / 2)

    cost = CostModel()
    for rows in (1, 16, *sizes):
        cost.learn(rows, seconds(rows) * chance.uniform(0.9, 1.1))
    rows = cost.rows_within(0.025) // 2 * 2
    assert 2 <= rows <= 6
    assert seconds(rows) <= 0.03, "a slice and a bit"

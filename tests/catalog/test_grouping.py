import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.catalog_makers import units

from lookalike_server.catalog.grouping import MOST_SIMILAR, grouped, singles


def as_lists(groups: list[np.ndarray]) -> list[list[int]]:
    return [group.tolist() for group in groups]


def test_singles_stand_for_themselves() -> None:
    assert as_lists(singles(3)) == [[0], [1], [2]]


def test_equal_vectors_are_one_group_at_a_distance_of_nothing() -> None:
    rows = units(3)[[0, 1, 0, 2, 1, 0]]
    assert as_lists(grouped(rows, 0.0, 10)) == [[0, 2, 5], [1, 4], [3]]


def test_no_more_groups_than_asked() -> None:
    assert as_lists(grouped(units(5), 0.0, 2)) == [[0], [1]]
    assert grouped(units(0), 0.5, 2) == []


def test_of_a_huge_group_the_first_hundred_are_kept_and_none_leads_another() -> None:
    rows = np.repeat(units(2), [300, 1], axis=0)
    assert as_lists(grouped(rows, 0.1, 10)) == [list(range(MOST_SIMILAR + 1)), [300]]


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1_000), radius=st.floats(0, 2))
def test_each_joins_the_best_leader_that_is_near_enough(seed: int, radius: float) -> None:
    rows = units(40, 4, seed)
    leads = list[int]()
    expected = list[list[int]]()
    for place, row in enumerate(rows.astype(np.float64)):
        near = [n for n, lead in enumerate(leads) if np.linalg.norm(row - rows[lead].astype(np.float64)) <= radius]
        if near:
            expected[near[0]].append(place)
        else:
            leads.append(place)
            expected.append([place])
    assert as_lists(grouped(rows, radius, 40)) == expected

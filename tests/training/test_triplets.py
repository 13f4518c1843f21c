"""The sampler's distributions against the paper's probabilities; every seed is fixed."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.triplets import Reservoir, Rows, Rules, TripletSampler


class Table:
    """Relevance written down as a matrix of all pairs."""

    def __init__(self, matrix: NDArray[np.float32], kinds: Rows) -> None:
        self._matrix = matrix
        alike = (kinds[:, None] == kinds) & ~np.eye(len(kinds), dtype=bool)
        self.totals = np.where(alike, matrix, 0).sum(axis=1, dtype=np.float64)

    def between(self, rows: Rows, columns: Rows) -> NDArray[np.float32]:
        return self._matrix[np.ix_(rows, columns)]


def of(*kinds: int) -> Rows:
    return np.array(kinds, np.int64)


def random_table(kinds: Rows, seed: int = 0) -> Table:
    half = np.random.default_rng(seed).random((len(kinds), len(kinds)), np.float32)
    return Table(np.maximum(half, half.T), kinds)


def shares(items: list[int], n: int) -> NDArray[np.float64]:
    return np.bincount(items, minlength=n) / len(items)


def kept(capacity: int, weights: tuple[float, ...], rounds: int = 20_000) -> list[list[int]]:
    random, found = np.random.default_rng(7), []
    for _ in range(rounds):
        reservoir = Reservoir(capacity, random)
        for item, weight in enumerate(weights):
            reservoir.offer(item, weight)
        found.append(reservoir.items())
    return found


def test_a_reservoir_of_one_keeps_items_in_proportion_to_their_weights() -> None:
    found = shares([item for (item,) in kept(1, (1.0, 2.0, 5.0))], 3)
    np.testing.assert_allclose(found, [1 / 8, 2 / 8, 5 / 8], atol=0.01)


def test_a_reservoir_draws_without_replacement_one_after_another() -> None:
    weights = np.array([1.0, 2.0, 3.0])
    # First one by weight, then one of the rest by weight: what is left out is third.
    left_out = [
        sum(weights[a] / 6 * weights[b] / (6 - weights[a]) for a, b in ((i, j), (j, i)))
        for i, j in ((1, 2), (0, 2), (0, 1))
    ]
    pairs = kept(2, tuple(weights))
    assert all(len(set(pair)) == 2 for pair in pairs)
    found = shares([({0, 1, 2} - set(pair)).pop() for pair in pairs], 3)
    np.testing.assert_allclose(found, left_out, atol=0.01)


def test_a_reservoir_keeps_all_while_there_is_room_and_weightless_items_only_then() -> None:
    assert sorted(kept(3, (0.0, 1.0, 2.0), rounds=1)[0]) == [0, 1, 2]
    assert all(set(pair) == {1, 2} for pair in kept(2, (0.0, 1.0, 2.0), rounds=100))


def test_tiny_weights_are_still_told_apart() -> None:
    found = shares([item for (item,) in kept(1, (1e-9, 3e-9))], 2)
    np.testing.assert_allclose(found, [1 / 4, 3 / 4], atol=0.01)


def test_huge_weights_are_still_told_apart() -> None:
    found = shares([item for (item,) in kept(1, (1e17, 3e17))], 2)
    np.testing.assert_allclose(found, [1 / 4, 3 / 4], atol=0.01)


def test_triplets_are_of_the_kinds_they_must_be_and_hold_three_pictures() -> None:
    kinds = np.repeat(np.arange(5), 12)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(), seed=1).draw(2000)
    query, positive, negative = drawn.T
    assert (kinds[query] == kinds[positive]).all()
    assert all(len(set(triplet)) == 3 for triplet in drawn.tolist())
    assert (kinds[query] != kinds[negative]).any()


def test_a_fifth_of_the_negatives_is_out_of_class_even_where_in_class_ones_are_hard_to_find() -> None:
    kinds = np.repeat(np.arange(4), 10)
    for margin in (0.05, 0.6):
        drawn = TripletSampler(kinds, random_table(kinds), Rules(margin=margin), seed=2).draw(4000)
        outside = kinds[drawn[:, 0]] != kinds[drawn[:, 2]]
        assert outside.mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_can_be_all_or_nothing(share: float) -> None:
    kinds = np.repeat(np.arange(4), 10)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(out_of_class=share), seed=3).draw(500)
    assert (kinds[drawn[:, 0]] != kinds[drawn[:, 2]]).mean() == share


def test_in_class_negatives_are_less_relevant_by_the_margin() -> None:
    kinds = np.repeat(np.arange(3), 10)
    table = random_table(kinds)
    drawn = TripletSampler(kinds, table, Rules(out_of_class=0, margin=0.3), seed=4).draw(1000)
    everything = np.arange(len(kinds))
    relevance = table.between(everything, everything)
    assert (relevance[drawn[:, 0], drawn[:, 1]] - relevance[drawn[:, 0], drawn[:, 2]]).min() >= 0.3


def test_the_negative_is_never_the_positive_even_without_a_margin() -> None:
    kinds = np.zeros(4, np.int64)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(margin=0), seed=4).draw(500)
    assert (drawn[:, 1] != drawn[:, 2]).all()


def test_queries_are_uniform_over_kinds_and_within_a_kinds_buffer() -> None:
    kinds = of(0, 0, 1, 1, 1, 1)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(out_of_class=1), seed=5).draw(20_000)
    np.testing.assert_allclose(shares(drawn[:, 0].tolist(), 6), [1 / 4] * 2 + [1 / 8] * 4, atol=0.012)


def test_positives_are_accepted_by_their_relevance_to_the_query_over_their_own_total() -> None:
    kinds = of(0, 0, 0, 1)
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 1] = matrix[1, 0] = 0.2
    matrix[0, 2] = matrix[2, 0] = 0.6
    matrix[1, 2] = matrix[2, 1] = 0.2
    drawn = TripletSampler(kinds, Table(matrix, kinds), Rules(out_of_class=1), seed=6).draw(30_000)
    positives = drawn[drawn[:, 0] == 0, 1].tolist()
    # Of query 0: picture 1 has the total 0.4 and is accepted with 0.2 / 0.4, picture 2 with 0.6 / 0.8.
    np.testing.assert_allclose(shares(positives, 3), [0, 0.5 / 1.25, 0.75 / 1.25], atol=0.015)


def test_a_cap_bounds_what_relevance_adds() -> None:
    kinds = of(0, 0, 0, 1)
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 1] = matrix[1, 0] = 0.2
    matrix[0, 2] = matrix[2, 0] = 0.6
    matrix[1, 2] = matrix[2, 1] = 0.2
    drawn = TripletSampler(kinds, Table(matrix, kinds), Rules(out_of_class=1, cap=0.2), seed=6).draw(30_000)
    # Now 0.2 / 0.4 and 0.2 / 0.8.
    np.testing.assert_allclose(shares(drawn[drawn[:, 0] == 0, 1].tolist(), 3), [0, 2 / 3, 1 / 3], atol=0.015)


def test_out_of_class_negatives_are_uniform_over_the_other_buffers() -> None:
    kinds = of(0, 0, 1, 2, 2, 2)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(out_of_class=1), seed=8).draw(20_000)
    negatives = drawn[np.isin(drawn[:, 0], (0, 1)), 2].tolist()
    np.testing.assert_allclose(shares(negatives, 6), [0, 0] + [1 / 4] * 4, atol=0.015)


def test_a_full_buffer_holds_relevant_pictures_more_often() -> None:
    kinds = np.zeros(20, np.int64)
    table = Table(np.full((20, 20), 0.5, np.float32), kinds)
    table.totals = np.where(np.arange(20) < 10, 9.0, 1.0)
    sampler, seen = TripletSampler(kinds, table, Rules(capacity=4, out_of_class=0, margin=0), seed=9), Counter[int]()
    for _ in range(300):
        sampler.refresh()
        rows = {int(row) for row in sampler.draw(60).ravel()}
        assert len(rows) <= 4, "nothing comes from outside the buffer"
        seen.update(rows)
    weighty = sum(count for row, count in seen.items() if row < 10)
    assert weighty / seen.total() > 0.8


def test_a_picture_alone_in_its_kind_is_a_negative_only() -> None:
    kinds = of(0, 0, 1)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(out_of_class=1), seed=10).draw(200)
    assert set(drawn[:, :2].ravel().tolist()) == {0, 1}
    assert set(drawn[:, 2].tolist()) == {2}


def test_where_no_negative_is_less_relevant_one_of_another_kind_is_taken() -> None:
    kinds = of(0, 0, 0, 1, 1, 1)
    same = Table(np.full((6, 6), 0.5, np.float32), kinds)
    drawn = TripletSampler(kinds, same, Rules(out_of_class=0), seed=11).draw(100)
    assert (kinds[drawn[:, 0]] != kinds[drawn[:, 2]]).all()


def test_one_kind_alone_gives_in_class_triplets() -> None:
    kinds = np.zeros(10, np.int64)
    drawn = TripletSampler(kinds, random_table(kinds), Rules(), seed=12).draw(100)
    assert len(drawn) == 100


def test_one_kind_of_equally_relevant_pictures_is_refused_and_so_are_kinds_of_one() -> None:
    kinds = np.zeros(3, np.int64)
    sampler = TripletSampler(kinds, Table(np.full((3, 3), 0.5, np.float32), kinds), Rules(), seed=13)
    with pytest.raises(TrainingDataError, match="all alike"):
        sampler.draw(1)
    with pytest.raises(TrainingDataError, match="No kind holds two pictures"):
        TripletSampler(of(0, 1, 2), random_table(of(0, 1, 2)), Rules(), seed=13)


def test_the_seed_decides_and_a_state_goes_on_where_it_was() -> None:
    kinds = np.repeat(np.arange(3), 10)

    def sampler(seed: int) -> TripletSampler:
        return TripletSampler(kinds, random_table(kinds), Rules(capacity=5), seed)

    assert (sampler(1).draw(50) == sampler(1).draw(50)).all()
    assert (sampler(1).draw(50) != sampler(2).draw(50)).any()
    ours, theirs = sampler(1), sampler(2)
    theirs.state = ours.state
    for each in (ours, theirs):
        each.refresh()
    assert (ours.draw(50) == theirs.draw(50)).all()


def test_no_triplets_are_an_empty_table() -> None:
    kinds = of(0, 0, 1)
    assert TripletSampler(kinds, random_table(kinds), Rules(), seed=1).draw(0).shape == (0, 3)

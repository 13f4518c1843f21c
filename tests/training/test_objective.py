"""Each part of the loss against numbers computed by hand."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.training.corpus import NOT_A_SCENE
from lookalike_server.training.recipe import Weights

ONE = Weights(rank=1.0, kinds=1.0, copies=1.0, neighbours=1.0, features=1.0, scenes=1.0)


@pytest.fixture(scope="module")
def room() -> ModuleType:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.training import objective  # noqa: PLC0415

    return objective


def rows(*vectors: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(vectors, np.float32)


QUERY, POSITIVE, NEGATIVE, COPY = (1, 0), (0, 1), (1, 0), (0.6, 0.8)
BATCH = rows(QUERY, POSITIVE, NEGATIVE, COPY)
# Squared distances: query to positive 2, negative 0, copy 0.8; copy to positive 0.4, negative 0.8.


def parts(room: ModuleType, weights: Weights = ONE, *, gap: float = 0.5, **given: Any) -> dict[str, float]:
    """Of one triplet unless told otherwise, with directions of two kinds along the axes."""
    tf = room.tf
    embeddings = given.get("embeddings", BATCH)
    mean = tf.constant(given.get("mean", np.zeros(2)), tf.float32)
    objective = room.Objective(2, 2, mean, weights, gap)
    objective.directions.assign(rows((2, 0), (0, 3)))
    logits = given.get("logits")
    seen = room.Seen(
        tf.constant(embeddings),
        tf.constant(given.get("features", BATCH)),
        None if logits is None else tf.constant(logits),
    )
    truth = room.Truth(
        tf.constant(given.get("kinds", [0] * len(embeddings)), tf.int64),
        tf.constant(given.get("scenes", [NOT_A_SCENE] * len(embeddings)), tf.int64),
        tf.constant(given.get("untrained", BATCH[:3])),
    )
    found = objective.parts(seen, truth)
    return {name: float(part) for name, part in found.items()} | {"total": float(objective.total(found))}


def test_rank_is_the_hinge_with_the_copy_before_the_positive(room: ModuleType) -> None:
    # (query, positive, negative): 0.5 + 2 - 0. (query, copy, positive): 0.5 + 0.8 - 2 < 0.
    # (copy, positive, negative): 0.5 + 0.4 - 0.8.
    assert parts(room)["rank"] == pytest.approx((2.5 + 0 + 0.1) / 3)


def test_rank_of_several_triplets_is_their_mean(room: ModuleType) -> None:
    # The second triplet in order by more than the gap: query and its copy, far from the others.
    second = rows((0, -1), (-0.6, -0.8), (0, 1), (0, -1))
    both = np.stack([BATCH, second], 1).reshape(8, 2)
    # (copy, positive, negative) as (query, positive, negative): 0.5 + 0.4 - 4 < 0. (query, copy, positive): 0.1.
    expected = (2.5 / 2 + (0 + 0.1) / 2 + 0.1 / 2) / 3
    assert parts(room, embeddings=both, features=both, untrained=both[:6])["rank"] == pytest.approx(expected, abs=1e-5)


def test_kinds_is_a_softmax_over_directions_whose_length_says_nothing(room: ModuleType) -> None:
    # Cosines with the two directions are the coordinates, times 16: surprise is log(1 + e^(16 * (other - own))).
    surprise = [np.log1p(np.exp(16 * difference)) for difference in (0 - 1, 0 - 1, 1 - 0, 0.8 - 0.6)]
    assert parts(room, kinds=[0, 1, 1, 0])["kinds"] == pytest.approx(np.mean(surprise), rel=1e-5)


def test_copies_look_for_their_original_among_all(room: ModuleType) -> None:
    # Cosines of the copy with query, positive and negative: 0.6, 0.8, 0.6.
    powers = np.exp(np.array([0.6, 0.8, 0.6]) / 0.06)
    assert parts(room)["copies"] == pytest.approx(-np.log(powers[0] / powers.sum()), rel=1e-4)


def test_copies_of_two_queries_are_told_apart(room: ModuleType) -> None:
    right = rows((1, 0), (0, 1), (-1, 0), (-1, 0), (-1, 0), (-1, 0), (1, 0), (0, 1))
    swapped = right[[0, 1, 2, 3, 4, 5, 7, 6]]
    low, high = (parts(room, embeddings=each, features=each, untrained=each[:6])["copies"] for each in (right, swapped))
    assert low == pytest.approx(0, abs=1e-5)
    assert high == pytest.approx(1 / 0.06, rel=1e-4)


@pytest.mark.parametrize("angle", [0, 30, 90])
def test_neighbours_as_before_cost_nothing(room: ModuleType, angle: float) -> None:
    random = np.random.default_rng(1).standard_normal((24, 2))
    untrained = (random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float32)
    turn = np.deg2rad(angle)
    turned = untrained @ rows((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn)))
    copies = np.tile(rows((1, 0)), (8, 1))
    found = parts(
        room, embeddings=np.concatenate([turned, copies]), features=np.tile(BATCH, (8, 1)), untrained=untrained
    )
    assert found["neighbours"] == pytest.approx(0, abs=1e-4)


def test_neighbours_that_changed_are_a_divergence(room: ModuleType) -> None:
    untrained = rows((1, 0), (1, 0), (-1, 0))
    embeddings = rows((1, 0), (0, 1), (0, -1), (1, 0))
    far = 1 / 0.07
    # First: before, all on the second; now half on each. Second: before, all on the first; now too.
    # Third: before, half on each; now all on the first, and e^-far on the second.
    first, second = np.log(2), np.log1p(np.exp(-far))
    third = 0.5 * np.log(0.5 / 1) + 0.5 * (np.log(0.5) + far)
    found = parts(room, embeddings=embeddings, untrained=untrained)["neighbours"]
    assert found == pytest.approx((first + second + third) / 3, rel=1e-4)


def test_features_keep_their_direction_from_the_mean(room: ModuleType) -> None:
    features = rows((0.6, 0.8), (1, 0), (0, 1), (-1, 0))
    # Cosines 0.6, 1 and 0; the copy's are not asked for.
    found = parts(room, features=features, untrained=rows((1, 0), (1, 0), (1, 0)))
    assert found["features"] == pytest.approx(1 - 1.6 / 3)
    # Less the mean (0.6, 0): directions (0, 1), (1, 0) and (-0.6, 1) / 1.166.
    found = parts(room, features=features, untrained=rows((0, 1), (1, 0), (0, 1)), mean=np.array([0.6, 0]))
    assert found["features"] == pytest.approx(1 - (1 + 1 + 1 / np.hypot(0.6, 1)) / 3, rel=1e-5)


def test_scenes_are_asked_of_the_pictures_that_show_one(room: ModuleType) -> None:
    logits = rows((0, 0), (np.log(3), 0), (50, -50), (-50, 50))
    found = parts(room, logits=logits, scenes=[1, 0, NOT_A_SCENE, NOT_A_SCENE])["scenes"]
    # Smoothed: 0.95 and 0.05. The first is undecided; the second gives 3/4 to the right one.
    assert found == pytest.approx((np.log(2) - 0.95 * np.log(0.75) - 0.05 * np.log(0.25)) / 2, rel=1e-5)


def test_a_batch_without_scenes_costs_nothing(room: ModuleType) -> None:
    assert parts(room, logits=rows((9, 0), (0, 9), (9, 0), (0, 9)))["scenes"] == 0


def test_a_network_without_scenes_has_no_such_part(room: ModuleType) -> None:
    assert set(parts(room)) == {"rank", "kinds", "copies", "neighbours", "features", "total"}


def test_the_total_is_weighted_and_a_part_that_weighs_nothing_is_left_out(room: ModuleType) -> None:
    one = parts(room)
    found = parts(room, Weights(rank=4.0, kinds=0.5, copies=2.0, neighbours=0.0, features=0.0, scenes=0.0))
    assert set(found) == {"rank", "kinds", "copies", "total"}
    assert found["total"] == pytest.approx(4 * one["rank"] + 0.5 * one["kinds"] + 2 * one["copies"], rel=1e-5)

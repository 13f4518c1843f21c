"""The loss against values computed by hand."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def loss() -> ModuleType:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.training import loss  # noqa: PLC0415

    return loss


def rows(*vectors: tuple[float, ...]) -> np.ndarray:
    return np.array(vectors, np.float32)


QUERY = rows((1, 0), (1, 0), (0, 1))
POSITIVE = rows((1, 0), (0, 1), (0.6, 0.8))
NEGATIVE = rows((0, 1), (1, 0), (0.8, 0.6))
# Squared distances: positive 0, 2, 0.4; negative 2, 0, 0.8.


def hinge(loss: ModuleType, gap: float, *columns: np.ndarray) -> float:
    return float(loss.triplet_hinge(*(loss.keras.ops.convert_to_tensor(column) for column in columns), gap=gap))


def test_distances_are_squared(loss: ModuleType) -> None:
    np.testing.assert_allclose(loss.squared_distance(QUERY, POSITIVE), [0, 2, 0.4], atol=1e-6)


def test_the_hinge_by_hand(loss: ModuleType) -> None:
    # Excesses at a gap of 0.5: -1.5, 2.5, 0.1.
    assert hinge(loss, 0.5, QUERY, POSITIVE, NEGATIVE) == pytest.approx((0 + 2.5 + 0.1) / 3)
    # At a gap of 0.3: -1.7, 2.3, -0.1.
    assert hinge(loss, 0.3, QUERY, POSITIVE, NEGATIVE) == pytest.approx(2.3 / 3)


def test_the_hinge_is_of_each_triplet_and_not_of_their_mean(loss: ModuleType) -> None:
    # Excesses -1.9 and 2.1: their mean's hinge would be 0.1.
    assert hinge(loss, 0.1, QUERY[:2], POSITIVE[:2], NEGATIVE[:2]) == pytest.approx(2.1 / 2)


def test_a_triplet_in_order_by_the_gap_gives_no_gradient(loss: ModuleType) -> None:
    from lookalike_server.models.keras_backend import tf  # noqa: PLC0415

    query = tf.Variable(QUERY[:2])
    with tf.GradientTape() as tape:
        value = loss.triplet_hinge(query, POSITIVE[:2], NEGATIVE[:2], gap=0.1)
    gradient = tape.gradient(value, query).numpy()
    assert (gradient[0] == 0).all()
    # Of D(q, p) - D(q, n), halved by the mean: (n - p).
    np.testing.assert_allclose(gradient[1], NEGATIVE[1] - POSITIVE[1], atol=1e-6)


def test_embeddings_may_be_negative(loss: ModuleType) -> None:
    # Nothing is clipped: opposite vectors are 4 apart.
    assert hinge(loss, 0, rows((1, 0)), rows((-1, 0)), rows((1, 0))) == pytest.approx(4)


def test_weight_decay_is_the_squared_norm_of_the_trainable_kernels(loss: ModuleType) -> None:
    keras: Any = loss.keras
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    model.layers[0].set_weights([rows((1, 2), (3, 4)), np.array([9.0, 9.0])])
    model.layers[2].set_weights([rows((2,), (1,)), np.array([9.0])])
    assert float(loss.weight_decay(model)) == pytest.approx(0.001 * (30 + 5))
    assert float(loss.weight_decay(model, 0.5)) == pytest.approx(17.5)
    model.layers[0].trainable = False
    assert float(loss.weight_decay(model, 1.0)) == pytest.approx(5)

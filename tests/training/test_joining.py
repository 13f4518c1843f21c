"""The scenes' part of an embedding, against numbers computed by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.architecture import Architecture

TRAINED = Architecture(backbone="tiny", dim=8, scenes=("beach", "snow"), input_size=(112, 112), temperature=1.5)

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def joining() -> Any:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    from lookalike_server.training import joining  # noqa: PLC0415

    return joining


@pytest.fixture(scope="module")
def trained(joining: Any) -> Any:
    from lookalike_server.models.keras_backend import keras  # noqa: PLC0415

    keras.utils.set_random_seed(3)
    return joining.keras_deepranking.build(TRAINED)


def unit(rows: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths


def test_the_roots_of_probabilities_stand_beside_the_principal_components(joining: Any, trained: Any) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 112, 112, 3), np.uint8)
    before = {name: np.asarray(array) for name, array in trained(pixels).items()}
    architecture = joining.joined_architecture(TRAINED, 0.25)
    assert (architecture.dim, architecture.linear_dim) == (8, 6)
    after = joining.joined(trained, architecture, before["embeddings"])(pixels)
    linear = unit(before["embeddings"] @ joining.components(before["embeddings"], 6))
    expected = unit(np.concatenate([linear, 0.25 * np.sqrt(before["scenes"])], axis=1))
    np.testing.assert_allclose(np.asarray(after["embeddings"]), expected, atol=1e-5)
    np.testing.assert_allclose(np.asarray(after["scenes"]), before["scenes"], atol=1e-6)


def test_the_part_has_its_weight_as_length(joining: Any, trained: Any) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (9, 112, 112, 3), np.uint8)
    architecture = joining.joined_architecture(TRAINED, 0.5)
    embeddings = np.asarray(trained(pixels)["embeddings"])
    parts = np.asarray(joining.joined(trained, architecture, embeddings)(pixels)["embeddings"])[:, 6:]
    np.testing.assert_allclose(np.linalg.norm(parts, axis=1), 0.5 / np.sqrt(1.25), atol=1e-5)


def test_components_keep_what_varies_and_drop_what_does_not(joining: Any) -> None:
    flat = unit(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) @ np.eye(3, 8, dtype=np.float32))
    kept = joining.components(flat, 3)
    np.testing.assert_allclose(kept.T @ kept, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(flat @ kept @ kept.T, flat, atol=1e-5)


@pytest.mark.parametrize("n", [1, 4])
def test_few_pictures_give_as_many_components_as_there_is_room_for(joining: Any, n: int) -> None:
    few = unit(np.random.default_rng(n).normal(size=(n, 8)).astype(np.float32))
    kept = joining.components(few, 6)
    np.testing.assert_allclose(kept.T @ kept, np.eye(6), atol=1e-5)
    np.testing.assert_allclose(few @ kept @ kept.T, few, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "weight"),
    [(replace(TRAINED, scenes=()), 0.25), (TRAINED, 0.0), (replace(TRAINED, dim=2), 0.25)],
    ids=["no scenes", "no weight", "no room"],
)
def test_without_scenes_weight_or_room_nothing_is_joined(
    joining: Any, architecture: Architecture, weight: float
) -> None:
    assert joining.joined_architecture(architecture, weight) == architecture


def test_an_architecture_without_room_for_its_scenes_is_refused() -> None:
    with pytest.raises(ModelFileError, match="leaves room"):
        replace(TRAINED, dim=2, scene_weight=0.25)

"""What a step changes and what it leaves alone; the heads are the whole's."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.training import pretrained

from lookalike_server.models.architecture import Architecture
from lookalike_server.training.corpus import NOT_A_SCENE
from lookalike_server.training.recipe import Recipe, Weights

SCRATCH = Architecture(backbone="tiny", dim=8, input_size=(112, 112), scenes=("beach", "snow"))
PRETRAINED = Architecture(backbone="pretrained", dim=8, input_size=(112, 112), scenes=("beach", "snow"))
RECIPE = Recipe(rate=1e-2, head_rate=1e-2, dropout=0.0)
TRIPLETS = 2


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.models import keras_deepranking  # noqa: PLC0415
    from lookalike_server.training import network, objective, weights  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("package")
    pretrained.install(folder)
    sys.path.insert(0, str(folder))
    yield SimpleNamespace(deepranking=keras_deepranking, network=network, objective=objective, weights=weights)
    sys.path.remove(str(folder))


def pixels(n: int = 4 * TRIPLETS) -> NDArray[np.uint8]:
    return np.random.default_rng(n).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)


def truth(room: Any) -> Any:
    scenes = [0, 1, 0, NOT_A_SCENE, 1, 0, 0, 1]
    untrained = np.tile(np.eye(1, 64, dtype=np.float32), (3 * TRIPLETS, 1))
    given = ([0, 1, 0, 1, 1, 0, 0, 1], scenes, untrained)
    return room.objective.Truth(*(room.objective.tf.constant(each) for each in given))


def stepped(
    room: Any, model: Any, body: frozenset[str], inputs: Any, *, recipe: Recipe = RECIPE, steps: int = 2
) -> Any:
    """What the variables were before and after some steps."""
    mean = room.objective.tf.zeros(64)
    objective = room.objective.Objective(2, 8, mean, recipe.weights, recipe.gap)
    step = room.network.Step(model, body, objective, recipe, 10)
    before = room.weights.of(model)
    for _ in range(steps):
        parts = step(inputs, truth(room))
    after = room.weights.of(model)
    moved = {path for path in before if (before[path] != after[path]).any()}
    return SimpleNamespace(moved=moved, kept=before.keys() - moved, parts=parts, step=step, objective=objective)


def test_batch_normalisation_of_a_pretrained_backbone_stays_as_it_was(room: Any) -> None:
    network = room.network.Network(PRETRAINED, RECIPE)
    found = stepped(room, network.whole, network.body, room.objective.tf.constant(pixels()))
    assert {path for path in found.kept if not path.startswith("linear")} == {
        path for path in network.body if "_bn/" in path
    }
    assert {f"block{index}/kernel" for index in range(4)} <= found.moved
    assert {"low4/kernel", "low8/kernel", "linear/kernel", "scene_logits/kernel"} <= found.moved


def test_a_pretrained_backbone_starts_with_its_weights(room: Any) -> None:
    network = room.network.Network(PRETRAINED, RECIPE)
    arrays = room.weights.of(network.whole)
    assert network.body == pretrained.weights().keys()
    for path, array in pretrained.weights().items():
        assert (arrays[path] == array).all()


def test_batch_normalisation_of_a_backbone_from_scratch_is_trained(room: Any) -> None:
    network = room.network.Network(SCRATCH, RECIPE)
    assert not network.body
    found = stepped(room, network.whole, network.body, room.objective.tf.constant(pixels()))
    assert {f"block0_bn/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")} <= found.moved


def test_the_body_has_a_rate_of_its_own(room: Any) -> None:
    network = room.network.Network(PRETRAINED, RECIPE)
    still = Recipe(rate=1e-30, head_rate=1e-2, dropout=0.0)
    found = stepped(room, network.whole, network.body, room.objective.tf.constant(pixels()), recipe=still)
    assert not found.moved & network.body
    assert "linear/kernel" in found.moved


@pytest.mark.parametrize("architecture", [SCRATCH, PRETRAINED], ids=["scratch", "pretrained"])
def test_heads_give_what_the_whole_gives(room: Any, architecture: Architecture) -> None:
    network = room.network.Network(architecture, RECIPE)
    embeddings, features, logits = network.see(pixels(3))
    low = [np.asarray(room.deepranking.subsampled(pixels(3), step)) for step in room.deepranking.SUBSAMPLING]
    for ours, theirs in zip(network.heads([features, *low]), (embeddings, features, logits), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_heads_of_a_single_scale_read_the_features_alone(room: Any) -> None:
    single = Architecture(backbone="pretrained", dim=8, input_size=(112, 112), low_resolution=False)
    network = room.network.Network(single, RECIPE)
    embeddings, features = network.see(pixels(3))
    np.testing.assert_allclose(network.heads([features])[0], embeddings, atol=1e-5)


def test_training_the_heads_trains_the_whole_but_not_its_backbone(room: Any) -> None:
    network = room.network.Network(PRETRAINED, RECIPE)
    before = network.see(pixels())
    low = [np.asarray(room.deepranking.subsampled(pixels(), step)) for step in room.deepranking.SUBSAMPLING]
    inputs = [room.objective.tf.constant(each) for each in (before[1], *low)]
    stepped(room, network.heads, frozenset(), inputs)
    after = network.see(pixels())
    np.testing.assert_allclose(after[1], before[1], atol=1e-6)
    assert np.abs(after[0] - before[0]).max() > 1e-3
    assert np.abs(after[2] - before[2]).max() > 1e-3


def test_small_pictures_are_the_backbones_alone(room: Any) -> None:
    network = room.network.Network(PRETRAINED, RECIPE)
    small = network.built(64)
    room.weights.assign(small, room.weights.of(network.whole))
    assert small.get_layer("block0").input.shape[1:3] == (64, 64)
    assert small.get_layer("low4_subsample").output.shape[1:3] == (28, 28)
    (embeddings, features, _), now = network.see(pixels(3)), small(pixels(3), training=False)
    assert np.abs(now[1] - features).max() > 1e-3
    assert now[0].shape == embeddings.shape


def test_pictures_that_are_small_already_are_not_enlarged(room: Any) -> None:
    built = room.network.Network(SCRATCH, RECIPE).built(144)
    assert built.get_layer("block0").input.shape[1:3] == (112, 112)


def test_what_enters_the_low_resolution_paths_is_what_their_layer_gives(room: Any) -> None:
    whole = room.network.Network(SCRATCH, RECIPE).whole
    keras = room.deepranking.keras
    for step in room.deepranking.SUBSAMPLING:
        layer = keras.Model(whole.input, whole.get_layer(f"low{step}_subsample").output)
        np.testing.assert_allclose(room.deepranking.subsampled(pixels(2), step), layer(pixels(2)), atol=1e-5)


def test_a_part_of_the_loss_that_is_left_out_pulls_at_nothing(room: Any) -> None:
    network = room.network.Network(SCRATCH, RECIPE)
    without = Recipe(rate=1e-2, dropout=0.0, weights=Weights(kinds=0.0, features=0.0, neighbours=0.0))
    found = stepped(room, network.whole, network.body, room.objective.tf.constant(pixels()), recipe=without)
    assert set(found.parts) == {"loss", "rank", "copies", "scenes"}
    start = room.objective.Objective(2, 8, room.objective.tf.zeros(64), without.weights, 0.2).directions
    np.testing.assert_array_equal(found.objective.directions, start)


def test_what_a_checkpoint_keeps_begins_with_the_directions(room: Any) -> None:
    network = room.network.Network(SCRATCH, RECIPE)
    found = stepped(room, network.whole, network.body, room.objective.tf.constant(pixels()), steps=1)
    assert found.step.variables[0] is found.objective.directions
    assert len(found.step.variables) > 2 * len(network.whole.trainable_variables)


def test_the_rate_rises_in_a_line_and_falls_to_nothing(room: Any) -> None:
    rates = [float(room.network.schedule(0.1, 200)(step)) for step in range(201)]
    assert rates[0] == 0
    assert rates[5] == pytest.approx(0.05)
    assert max(rates) == pytest.approx(0.1)
    assert int(np.argmax(rates)) == 10
    assert rates[105] == pytest.approx(0.05, rel=1e-3)
    assert rates[200] == pytest.approx(0, abs=1e-6)
    assert (np.diff(rates[10:]) <= 0).all()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_run_of_few_steps_has_a_rate(room: Any, steps: int) -> None:
    assert float(room.network.schedule(0.1, steps)(1)) == pytest.approx(0.1)


def test_weights_are_kept_to_the_bit_for_going_on(room: Any, tmp_path: Path) -> None:
    arrays = {"a/kernel": np.array([1 / 3], np.float32), "b/gamma": np.array([1e-9], np.float32)}
    (tmp_path / "exact.npz").write_bytes(room.weights.exact(arrays))
    with np.load(tmp_path / "exact.npz") as found:
        assert {name: found[name].tobytes() for name in found.files} == {
            name: array.tobytes() for name, array in arrays.items()
        }

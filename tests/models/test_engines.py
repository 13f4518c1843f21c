"""The contract that every engine passes with every model it can run."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import efficientnet_lite0, engines, registry
from lookalike_server.models.protocol import Engine, Model, Outputs

Noise = Callable[[Model, int], NDArray[np.uint8]]
GetEngine = Callable[[str, str], Engine]

BUILT_IN = [(name, engine) for name in ("efficientnet-lite0", "tiny") for engine in registry.load(name).engines()]
FASTEST, *OTHERS = registry.load("efficientnet-lite0").engines()

each_engine = pytest.mark.parametrize(("name", "engine_name"), BUILT_IN)


@each_engine
@pytest.mark.parametrize("n", [1, 2, 17])
def test_embeddings_are_float32_unit_vectors(
    name: str, engine_name: str, n: int, get_engine: GetEngine, noise: Noise
) -> None:
    model = registry.load(name)
    embeddings, scenes = get_engine(name, engine_name).embed(noise(model, n))
    assert embeddings.shape == (n, model.dim)
    assert scenes.shape == (n, len(model.scenes))
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


@each_engine
def test_an_embedding_does_not_depend_on_its_batch(
    name: str, engine_name: str, get_engine: GetEngine, noise: Noise
) -> None:
    engine = get_engine(name, engine_name)
    batch = noise(registry.load(name), 17)
    alone = Outputs.joined([engine.embed(picture[None]) for picture in batch])
    for ours, theirs in zip(engine.embed(batch), alone, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@each_engine
def test_different_pictures_have_different_embeddings(
    name: str, engine_name: str, get_engine: GetEngine, photographs: list[Image.Image]
) -> None:
    model = registry.load(name)
    embeddings = (
        get_engine(name, engine_name).embed(np.stack([model.prepare(image) for image in photographs])).embeddings
    )
    cosines = embeddings @ embeddings.T
    assert cosines[~np.eye(len(cosines), dtype=bool)].max() < 0.9


@each_engine
def test_it_says_what_it_is(name: str, engine_name: str, get_engine: GetEngine) -> None:
    engine = get_engine(name, engine_name)
    assert engine.name == engine_name
    library, version = engine.version.split()
    assert version == sys.modules[library].__version__


@pytest.mark.parametrize("engine_name", OTHERS)
def test_engines_agree(engine_name: str, get_engine: GetEngine, photographs: list[Image.Image], noise: Noise) -> None:
    model = registry.load("efficientnet-lite0")
    pictures = np.concatenate([np.stack([model.prepare(image) for image in photographs]), noise(model, 5)])
    ours = get_engine(model.name, FASTEST).embed(pictures).embeddings
    theirs = get_engine(model.name, engine_name).embed(pictures).embeddings
    assert (ours * theirs).sum(axis=1).min() >= 0.99999


def test_auto_takes_the_fastest_installed() -> None:
    assert engines.installed()[0] == "onnx"
    assert registry.load("efficientnet-lite0").engine("auto", threads=1).name == "onnx"


def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    model = registry.load("efficientnet-lite0")
    assert "tensorflow" not in model.engines()
    with pytest.raises(EngineMissing, match=r"needs tensorflow.*pip install \"lookalike\[server\]\""):
        model.engine("tensorflow", threads=1)


def test_auto_without_any_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in engines.LIBRARIES.values():
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(EngineMissing, match="pip install"):
        registry.load("efficientnet-lite0").engine("auto", threads=1)


def test_an_unknown_engine_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineMissing, match=r"no engine 'abacus'.*onnx"):
        registry.load("efficientnet-lite0").engine("abacus", threads=1)


@pytest.mark.parametrize("engine_name", [FASTEST, *OTHERS])
def test_weights_of_another_network_are_refused(engine_name: str, tmp_path: Path) -> None:
    network = dataclasses.replace(efficientnet_lite0.network(), weights=tmp_path / "other.npz")
    arrays: dict[str, Any] = {"stem/kernel": np.zeros((3, 3, 3, 32), np.float16)}
    np.savez(network.weights, **arrays)
    with pytest.raises(ModelFileError):
        engines.load(engine_name, network, threads=1)


def test_weights_cut_short_are_refused(tmp_path: Path) -> None:
    network = dataclasses.replace(efficientnet_lite0.network(), weights=tmp_path / "short.npz")
    network.weights.write_bytes(efficientnet_lite0.network().weights.read_bytes()[:100_000])
    with pytest.raises(ModelFileError, match=r"damaged.*short\.npz"):
        network.arrays()


def test_weights_that_are_missing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="Cannot read"):
        efficientnet_lite0.network(tmp_path).fingerprint()

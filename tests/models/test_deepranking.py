"""A trained model's folder is served, whatever engine there is; a folder that is not whole is refused."""

import dataclasses
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import registry
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.protocol import Model

SCENES = Architecture(backbone="tiny", dim=16, input_size=(112, 128), scenes=("beach", "snow"), temperature=1.7)
SINGLE = dataclasses.replace(SCENES, scenes=(), low_resolution=False)


@pytest.fixture(scope="module")
def keras_room() -> SimpleNamespace:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    for package in ("tensorflow", "tf2onnx"):
        pytest.importorskip(package)
    from lookalike_server.models import keras_backend, keras_deepranking  # noqa: PLC0415
    from lookalike_server.training import bundle  # noqa: PLC0415

    return SimpleNamespace(build=keras_deepranking.build, keras=keras_backend.keras, save=bundle.save)


@pytest.fixture(scope="module", params=[SCENES, SINGLE], ids=["scenes", "single-scale"])
def folder(
    keras_room: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """A model's folder; trained under mixed precision and with dropout, neither of which it must keep."""
    written = tmp_path_factory.mktemp("model")
    keras_room.keras.utils.set_random_seed(1)
    keras_room.keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras_room.build(request.param, dropout=0.4)
        keras_room.save(model, written, request.param, hyper_parameters={"epochs": 3}, metrics={"map": 0.5})
        assert keras_room.keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras_room.keras.config.set_dtype_policy("float32")
    return written


def prepared(model: Model, photographs: list[Image.Image]) -> np.ndarray:
    return np.stack([model.prepare(image) for image in photographs])


def test_it_says_what_it_is(folder: Path) -> None:
    model = registry.load(f"deepranking:{folder}")
    assert model.name == "deepranking"
    assert model.id.startswith("deepranking-")
    assert model.id.endswith(f"-p1-{decoder_tag()}")
    assert (model.dim, model.input_size, model.draft_size) == (16, (112, 128), (224, 256))
    assert model.scenes in {(), ("beach", "snow")}
    assert list(model.engines()) == ["onnx", "tensorflow"]


def test_engines_agree_on_embeddings_and_scenes(folder: Path, photographs: list[Image.Image]) -> None:
    model = registry.load(f"deepranking:{folder}")
    onnx, tensorflow = (model.engine(name, threads=1).embed(prepared(model, photographs)) for name in model.engines())
    assert onnx.scenes.shape == (len(photographs), len(model.scenes))
    np.testing.assert_allclose(onnx.embeddings, tensorflow.embeddings, atol=1e-5)
    np.testing.assert_allclose(onnx.scenes, tensorflow.scenes, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(onnx.embeddings, axis=1), 1, atol=1e-5)


def test_what_was_trained_is_what_is_served(
    keras_room: SimpleNamespace, tmp_path: Path, photographs: list[Image.Image]
) -> None:
    model = keras_room.build(SCENES)
    keras_room.save(model, tmp_path, SCENES, hyper_parameters={}, metrics={})
    served = registry.load(f"deepranking:{tmp_path}")
    pictures = prepared(served, photographs)
    expected, found = model(pictures), served.engine(threads=1).embed(pictures)
    assert (found.embeddings * expected["embeddings"].numpy()).sum(axis=1).min() > 0.9999  # half precision
    np.testing.assert_allclose(found.scenes, expected["scenes"], atol=1e-3)


def test_the_description_tells_how_it_was_trained(folder: Path) -> None:
    described = json.loads((folder / "model.json").read_text())
    assert described["hyper_parameters"] == {"epochs": 3}
    assert described["metrics"] == {"map": 0.5}
    assert Architecture.from_json(described["architecture"]) in {SCENES, SINGLE}


def test_kernels_are_stored_in_half_precision_once(folder: Path) -> None:
    with np.load(folder / "weights.npz") as arrays:
        kinds = {name.split("/")[-1]: arrays[name].dtype for name in arrays.files}
        size = sum(arrays[name].nbytes for name in arrays.files)
    assert kinds["kernel"] == np.float16
    assert {kinds[name] for name in kinds if name != "kernel"} == {np.dtype(np.float32)}
    assert (folder / "graph.onnx").stat().st_size < min(size, 100_000)


def test_other_weights_are_another_model(keras_room: SimpleNamespace, tmp_path: Path) -> None:
    def saved(seed: int) -> str:
        keras_room.keras.utils.set_random_seed(seed)
        keras_room.save(keras_room.build(SINGLE), tmp_path, SINGLE, hyper_parameters={}, metrics={})
        return registry.load(f"deepranking:{tmp_path}").id

    assert saved(1) == saved(1) != saved(2)


def test_without_the_extra_a_model_is_written_that_runs_on_tensorflow(
    keras_room: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    photographs: list[Image.Image],
) -> None:
    (tmp_path / "graph.onnx").write_bytes(b"of an earlier model")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with caplog.at_level(logging.WARNING):
        keras_room.save(keras_room.build(SINGLE), tmp_path, SINGLE, hyper_parameters={}, metrics={})
    assert "lookalike[train]" in caplog.text
    model = registry.load(f"deepranking:{tmp_path}")
    assert list(model.engines()) == ["tensorflow"]
    assert model.engine("auto", threads=1).embed(prepared(model, photographs)).embeddings.shape == (
        len(photographs),
        16,
    )
    with pytest.raises(EngineMissing, match=r"no graph for ONNX Runtime.*TensorFlow only"):
        model.engine("onnx", threads=1)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(EngineMissing, match=r"TensorFlow only.*pip install"):
        model.engine("auto", threads=1)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"architecture": {"dim": 3}}', '{"architecture": 3}'])
def test_a_folder_without_a_description_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "model.json").write_text(content)
    with pytest.raises(ModelFileError):
        registry.load(f"deepranking:{tmp_path}")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"architecture": SINGLE.as_json()}))
    with pytest.raises(ModelFileError, match="Cannot read the weights"):
        registry.load(f"deepranking:{tmp_path}")


def test_no_folder_is_asked_for() -> None:
    with pytest.raises(ModelFileError, match="deepranking:FOLDER"):
        registry.load("deepranking")


def test_the_shipped_one_takes_no_argument() -> None:
    with pytest.raises(ModelFileError, match="takes no argument"):
        registry.load("deepranking-lite0:other")


def test_serving_does_not_import_tensorflow(folder: Path) -> None:
    code = (
        "import sys, numpy\n"
        "from lookalike_server.models import registry\n"
        f"model = registry.load('deepranking:{folder}')\n"
        "model.engine('auto', threads=1).embed(numpy.zeros((1, *model.input_size, 3), numpy.uint8))\n"
        "print('tensorflow' in sys.modules)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["False"]


def test_the_same_weights_in_another_architecture_are_another_model(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    description = json.loads((other / "model.json").read_text())
    description["architecture"]["temperature"] = 3.25
    (other / "model.json").write_text(json.dumps(description))
    ids = {registry.load(f"deepranking:{each}").id for each in (folder, other)}
    assert len(ids) == 2

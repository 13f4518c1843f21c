"""The ancestor's network: what it takes and refuses, and that its engines agree; `test_seed_parity` holds the proof."""

import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.models import seed_files
from tests.pictures import encoded, picture

from lookalike_server.config import Settings
from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.hosting import decoder_for
from lookalike_server.models import engines, registry, seed
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Model


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return seed_files.write(tmp_path / "right.h5", seed_files.layers())


@pytest.fixture
def model(weights: Path) -> Model:
    return registry.load(f"seed:{weights}")


def test_its_id_names_the_weights_and_the_preprocessing(model: Model, weights: Path, tmp_path: Path) -> None:
    assert model.id.startswith("seed-")
    assert model.id.endswith(f"-p1-{decoder_tag()}")
    other = seed_files.write(tmp_path / "other.h5", seed_files.layers(suffix=2))
    assert registry.load(f"seed:{other}").id != model.id
    assert registry.load(f"seed:{weights}").id == model.id


def test_it_needs_a_file() -> None:
    with pytest.raises(ModelFileError, match=r"--model seed:PATH\.h5"):
        registry.load("seed")


def test_a_damaged_file_is_refused_before_an_engine_loads_it(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match="truncated"):
        registry.load(f"seed:{weights}")


def test_pixels_are_floats_from_0_to_1(model: Model) -> None:
    halves = Image.new("RGB", (448, 300), "white")
    halves.paste("black", (0, 0, 224, 300))
    pixels = model.prepare(halves)
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.float32
    assert pixels[:, 0].max() == 0
    assert pixels[:, -1].min() == 1


def test_orientation_is_ignored_and_jpeg_decoded_in_full(model: Model) -> None:
    image = picture(1, 2000, 1500)
    exif = Image.Exif()
    exif[0x0112] = 6
    decoder = decoder_for(model, Settings())
    plain, turned = (decoder.decode_now(encoded(image, "JPEG", **extra)) for extra in ({}, {"exif": exif}))
    np.testing.assert_array_equal(turned.pixels, plain.pixels)
    assert (turned.width, turned.height) == (2000, 1500)
    with Image.open(io.BytesIO(encoded(image, "JPEG"))) as full:
        np.testing.assert_array_equal(plain.pixels, model.prepare(full))


def test_ncnn_is_the_fastest_engine_of_this_model_and_of_no_other(model: Model) -> None:
    assert list(model.engines()) == ["ncnn", "onnx", "tensorflow"]
    other = registry.load("efficientnet-lite0")
    assert "ncnn" not in other.engines()
    with pytest.raises(EngineMissing, match="'ncnn' does not run this model"):
        other.engine("ncnn", threads=1)


def test_without_ncnn_it_runs_in_the_next_and_says_what_to_install(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    assert model.engines()[0] == "onnx"
    with pytest.raises(EngineMissing, match=r"needs ncnn.*pip install \"lookalike\[ncnn\]\""):
        model.engine("ncnn", threads=1)


def test_engines_agree_and_an_embedding_does_not_depend_on_its_batch(seed_network: Network) -> None:
    pixels = np.random.default_rng(1).random((3, 224, 224, 3), np.float32)
    ours, theirs = (engines.load(name, seed_network, threads=2) for name in ("auto", "onnx"))
    assert ours.name == "ncnn"
    batch = ours.embed(pixels).embeddings
    assert batch.shape == (3, seed.DIM)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(batch, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(batch - theirs.embed(pixels).embeddings, axis=1).max() < 1e-4
    np.testing.assert_allclose(ours.embed(pixels[1:2]).embeddings[0], batch[1], atol=1e-6)
    assert np.linalg.norm(batch[0] - batch[1]) > 1e-3


@pytest.mark.parametrize("engine", ["ncnn", "onnx"])
def test_weights_of_another_network_are_refused(seed_network: Network, engine: str) -> None:
    arrays = {name: array for name, array in seed_network.arrays().items() if not name.startswith("stride32")}
    network = dataclasses.replace(seed_network, read=lambda _: arrays)
    with pytest.raises(ModelFileError, match=r"random\.h5|seed\.onnx"):
        engines.load(engine, network, threads=1)


def test_serving_with_ncnn_loads_neither_tensorflow_nor_onnx_runtime(weights: Path) -> None:
    code = (
        "import sys, numpy\n"
        "from lookalike_server.models import registry\n"
        f"engine = registry.load('seed:{weights}').engine('auto', threads=1)\n"
        "print(engine.name, 'tensorflow' in sys.modules, 'onnxruntime' in sys.modules)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["ncnn", "False", "False"]

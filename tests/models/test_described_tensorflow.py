"""A user's .keras file and SavedModel: the same contract as an .onnx file, and nothing stored in them is executed.

TensorFlow takes seconds to import; the networks here are small, and each is loaded once where that will do.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.networks import PICTURE, PIXELS, unit, write_toml

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import registry
from lookalike_server.models.keras_backend import keras, tf
from lookalike_server.models.protocol import Model

# Keras' own, on numpy 2, when it saves weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TOML = 'size = [2, 3]\nlayout = "NHWC"\nrange = [-1, 1]\n'
FED = PIXELS / 127.5 - 1


def keras_network(*layers: Any, batch: int | None = None) -> Any:
    return keras.Sequential([keras.Input((2, 3, 3), batch_size=batch, name="pixels"), *layers])


def write(path: Path, network: Any, extra: str = "") -> Model:
    """Save it as the path's ending says, describe it, and load it."""
    if path.suffix == ".keras":
        network.save(path)
    elif isinstance(network, keras.Model):
        network.export(path, verbose=False)
    else:
        tf.saved_model.save(network, str(path), signatures={"serving_default": network.serve})
    write_toml(path.parent / f"{path.stem}.toml", TOML + extra)
    return registry.load(f"file:{path}")


def module(function: Callable[..., Any], batch: int | None = None) -> Any:
    """A SavedModel from a function of pixels."""
    made = tf.Module()
    made.factor = tf.Variable(3.0)
    spec = tf.TensorSpec((batch, 2, 3, 3), tf.float32, name="pixels")
    made.serve = tf.function(lambda pixels: function(pixels, made.factor), input_signature=[spec])
    return made


@pytest.mark.parametrize("name", ["own.keras", "own"])
@pytest.mark.parametrize("batch", [None, 1])
def test_what_is_fed_is_what_is_described(name: str, batch: int | None, tmp_path: Path) -> None:
    model = write(tmp_path / name, keras_network(keras.layers.Flatten(), batch=batch), "dim = 18")
    assert list(model.engines()) == ["tensorflow"]
    engine = model.engine(threads=2)
    assert (model.dim, engine.name, engine.version) == (18, "tensorflow", f"tensorflow {tf.__version__}")
    pictures = np.stack([model.prepare(PICTURE), PIXELS[::-1], PIXELS[:, ::-1]])
    expected = [unit(FED), unit(FED[::-1]), unit(FED[:, ::-1])]
    np.testing.assert_allclose(engine.embed(pictures).embeddings, expected, atol=1e-6)


def test_a_saved_models_variables_live_as_long_as_it_does(tmp_path: Path) -> None:
    model = write(tmp_path / "own", module(lambda pixels, factor: tf.reduce_mean(pixels, (1, 2)) * factor + factor))
    embedding = model.engine(threads=1).embed(PIXELS[np.newaxis]).embeddings[0]
    np.testing.assert_allclose(embedding, unit(FED.mean((0, 1)) * 3 + 3), atol=1e-6)


@pytest.mark.parametrize("name", ["own.keras", "own"])
def test_an_output_with_height_and_width_is_averaged_over_them(name: str, tmp_path: Path) -> None:
    convolution = keras.layers.Conv2D(4, 1, use_bias=False)
    model = write(tmp_path / name, keras_network(convolution))
    embedding = model.engine(threads=1).embed(PIXELS[np.newaxis]).embeddings[0]
    expected = unit((FED @ np.asarray(convolution.kernel)[0, 0]).mean((0, 1)))
    np.testing.assert_allclose(embedding, expected, atol=1e-6)


def test_any_layer_of_a_keras_file_can_be_the_embedding(tmp_path: Path) -> None:
    layers = [keras.layers.Flatten(name="features"), keras.layers.Dense(2, activation="softmax", name="classes")]
    assert write(tmp_path / "own.keras", keras_network(*layers)).dim == 2
    model = write(tmp_path / "own.keras", keras_network(*layers), 'output = "features"\ninput = "pixels"')
    np.testing.assert_allclose(model.engine(threads=1).embed(PIXELS[np.newaxis]).embeddings[0], unit(FED), atol=1e-6)
    with pytest.raises(ModelFileError, match=r"outputs classes, features; there is no 'logits'"):
        _ = write(tmp_path / "own.keras", keras_network(*layers), 'output = "logits"').dim


@pytest.mark.parametrize("name", ["own.keras", "own"])
def test_of_several_outputs_one_must_be_chosen(name: str, tmp_path: Path) -> None:
    pixels = keras.Input((2, 3, 3), name="pixels")
    flat = keras.layers.Flatten(name="flat")(pixels)
    network = keras.Model({"pixels": pixels}, {"flat": flat, "twice": keras.layers.Add(name="twice")([flat, flat])})
    with pytest.raises(ModelFileError, match=r"has the outputs flat, twice: say which by output ="):
        _ = write(tmp_path / name, network).dim
    model = write(tmp_path / name, network, 'output = "twice"')
    np.testing.assert_allclose(model.engine(threads=1).embed(PIXELS[np.newaxis]).embeddings[0], unit(FED), atol=1e-6)


def test_python_that_is_stored_in_a_keras_file_is_not_executed(tmp_path: Path) -> None:
    trap = keras.layers.Lambda(lambda pixels: sys.modules.setdefault("sprung", sys) and pixels)
    model = write(tmp_path / "own.keras", keras_network(trap, keras.layers.Flatten()))
    sys.modules.pop("sprung", None)
    with pytest.raises(
        ModelFileError, match=r"cannot load .*own\.keras: .*Lambda.*: export it as \.onnx or SavedModel"
    ):
        model.engine(threads=1)
    assert "sprung" not in sys.modules


def test_a_random_network_is_refused(tmp_path: Path) -> None:
    left_on = module(lambda pixels, _: tf.reshape(tf.nn.dropout(pixels, 0.3), (-1, 18)))
    with pytest.raises(ModelFileError, match=r"not deterministic, .* apart the second time: is dropout"):
        _ = write(tmp_path / "own", left_on).dim


def test_a_network_that_looks_at_its_neighbours_in_the_batch_is_refused(tmp_path: Path) -> None:
    normalised = module(lambda pixels, _: tf.reshape(pixels - 0.1 * tf.reduce_mean(pixels, 0), (-1, 18)))
    with pytest.raises(ModelFileError, match=r"not deterministic, .* in a batch of its own: does it normalise"):
        _ = write(tmp_path / "own", normalised).dim


def test_dropout_as_keras_serves_it_is_off(tmp_path: Path) -> None:
    layers = [keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.GaussianNoise(1.0)]
    assert write(tmp_path / "own.keras", keras_network(*layers)).dim == 18


@pytest.mark.parametrize("name", ["own.keras", "own"])
def test_another_input_than_described_is_refused(name: str, tmp_path: Path) -> None:
    model = write(tmp_path / name, keras_network(keras.layers.Flatten()))
    toml = tmp_path / "own.toml"
    toml.write_text(toml.read_text().replace("NHWC", "NCHW"))
    with pytest.raises(ModelFileError, match=r"takes \[n, 2, 3, 3\], and would be fed \[n, 3, 2, 3\]"):
        _ = registry.load(f"file:{toml.with_name(name)}").dim
    assert model.dim == 18


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    model = write(tmp_path / "own.keras", keras_network(keras.layers.Flatten()))
    (tmp_path / "own.keras").write_bytes(b"PK\x03\x04 not a network")
    with pytest.raises(ModelFileError, match=r"Keras cannot load .*own\.keras"):
        model.engine(threads=1)
    model = write(tmp_path / "own", keras_network(keras.layers.Flatten()))
    (tmp_path / "own" / "saved_model.pb").write_bytes(b"not a network")
    with pytest.raises(ModelFileError, match=r"TensorFlow cannot load .*own"):
        model.engine(threads=1)
    tf.saved_model.save(tf.Module(), str(tmp_path / "own"))
    with pytest.raises(ModelFileError, match="has no signature serving_default: save it with one"):
        model.engine(threads=1)


def test_every_file_of_a_saved_model_is_part_of_the_id(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    first = write(folder, module(lambda pixels, factor: tf.reduce_mean(pixels, (1, 2)) * factor)).id
    assert registry.load(f"file:{folder}").id == first
    ids = {first}
    for part in ("saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"):
        (folder / part).write_bytes((folder / part).read_bytes() + b" ")
        ids.add(registry.load(f"file:{folder}").id)
    assert len(ids) == 4


def test_a_layer_of_the_users_own_class_needs_another_format(tmp_path: Path) -> None:
    class Twice(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return inputs + inputs

    network = keras_network(Twice(), keras.layers.Flatten())
    with pytest.raises(ModelFileError, match=r"own\.keras: .*Twice.*: export it as \.onnx or SavedModel"):
        _ = write(tmp_path / "own.keras", network).dim
    np.testing.assert_allclose(
        write(tmp_path / "own", network).engine(threads=1).embed(PIXELS[np.newaxis]).embeddings[0],
        unit(FED),
        atol=1e-6,
    )


def test_without_tensorflow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = write(tmp_path / "own.keras", keras_network(keras.layers.Flatten()))
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(EngineMissing, match=r"needs tensorflow.*pip install"):
        model.engine(threads=1)

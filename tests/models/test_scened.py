"""A classifier of the user's tells the scenes, whatever model is served; the vectors stay those of the model."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.models.networks import write_classifier, write_model
from tests.pictures import picture

from lookalike_server.config import Settings
from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.hosting import decoder_for
from lookalike_server.models import registry, scened, tiny
from lookalike_server.models.protocol import Engine, Inputs, Model, Outputs

COLOURS = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
SURE = 1 / (1 + 2 * np.exp(-10))
"""The classifier's logits are 10, 0, 0 for a pure colour; softmax by hand."""


class WithHead(tiny.TinyModel):
    """The tiny model with scenes of its own, fed with floats of another shape than pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.scenes = ("inside", "outside")

    def prepare(self, image: Image.Image) -> Inputs:
        return super().prepare(image).reshape(-1).astype(np.float32)

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        return Head(tiny.TinyModel().engine(name, threads=threads))


class Head:
    """Always three quarters outside."""

    name, version = "numpy", "head 1"

    def __init__(self, inner: Engine) -> None:
        self._inner = inner

    def embed(self, inputs: Inputs) -> Outputs:
        assert inputs.dtype == np.float32
        embeddings = self._inner.embed(inputs.reshape(-1, 32, 32, 3)).embeddings
        return Outputs.of([embeddings, np.tile([0.25, 0.75], (len(inputs), 1))])


def run(model: Model, pictures: list[Image.Image]) -> Outputs:
    return model.engine(threads=2).embed(np.stack([model.prepare(picture) for picture in pictures]))


@pytest.mark.parametrize("inner", [tiny.TinyModel(), WithHead()], ids=["without", "with a head"])
def test_the_classifier_tells_the_scenes_and_the_vectors_stay(inner: Model, tmp_path: Path) -> None:
    model = scened.plugged(inner, str(write_classifier(tmp_path)))
    assert model.scenes == ("beach", "forest", "street")
    assert (model.id, model.name, model.dim, list(model.engines())) == ("tiny-1", "tiny", 64, ["numpy"])
    outputs = run(model, COLOURS)
    np.testing.assert_array_equal(outputs.embeddings, run(inner, COLOURS).embeddings)
    other = (1 - SURE) / 2
    np.testing.assert_allclose(outputs.scenes, np.full((3, 3), other) + np.eye(3) * (SURE - other), atol=1e-6)


def test_the_classifier_stands_in_the_engines_version(tmp_path: Path) -> None:
    engine = scened.plugged(tiny.TinyModel(), str(write_classifier(tmp_path))).engine(threads=1)
    own, _, classifier = engine.version.partition(", scenes by ")
    assert (engine.name, own) == ("numpy", tiny.NumpyEngine.version)
    assert classifier.startswith("places-")
    assert " on onnxruntime " in classifier


def test_auto_leaves_the_model_as_it_is() -> None:
    model = WithHead()
    assert scened.plugged(model, "auto") is model


def test_none_tells_none(tmp_path: Path) -> None:
    model = scened.plugged(WithHead(), "none")
    outputs = run(model, COLOURS)
    assert (model.scenes, model.id, outputs.scenes.shape) == ((), "tiny-1", (3, 0))
    np.testing.assert_array_equal(outputs.embeddings, run(WithHead(), COLOURS).embeddings)


def test_a_large_classifier_changes_neither_how_a_jpeg_is_decoded_nor_its_vector(tmp_path: Path) -> None:
    path = write_classifier(tmp_path, extra='softmax = true\nresize = "crop"\nshorter = 500')
    alone = tiny.TinyModel()
    model = scened.plugged(alone, str(path))
    assert (model.input_size, model.draft_size) == (alone.input_size, alone.draft_size)
    file = BytesIO()
    picture(1, 640, 480).save(file, "JPEG")
    mine, beside = (decoder_for(each, Settings()).decode_now(file.getvalue()).pixels for each in (alone, model))
    vectors = [each.engine(threads=1).embed(pixels[np.newaxis]) for each, pixels in ((alone, mine), (model, beside))]
    np.testing.assert_array_equal(vectors[0].embeddings, vectors[1].embeddings)


def test_a_picture_that_the_model_wants_whole_stays_whole(tmp_path: Path) -> None:
    always_whole = WithHead()
    always_whole.draft_size = None
    assert scened.plugged(always_whole, str(write_classifier(tmp_path))).draft_size is None


def test_a_model_of_the_users_and_a_classifier_of_the_users_go_together(tmp_path: Path) -> None:
    own = registry.load(f"file:{write_model(tmp_path)}")
    outputs = run(scened.plugged(own, str(write_classifier(tmp_path))), COLOURS)
    np.testing.assert_array_equal(outputs.embeddings, run(own, COLOURS).embeddings)
    assert outputs.scenes.argmax(axis=1).tolist() == [0, 1, 2]


def test_logits_that_are_called_probabilities_are_refused(tmp_path: Path) -> None:
    path = write_classifier(tmp_path, extra="softmax = false")
    with pytest.raises(ModelFileError, match=r"places\.onnx gives no probabilities .* write softmax = true"):
        scened.plugged(tiny.TinyModel(), str(path)).engine(threads=1)


def test_probabilities_are_taken_as_they_are_and_never_twice_through_softmax(tmp_path: Path) -> None:
    logits = run(scened.plugged(tiny.TinyModel(), str(write_classifier(tmp_path))), COLOURS)
    path = write_classifier(tmp_path, extra="softmax = false", ends_in_softmax=True)
    ready = run(scened.plugged(tiny.TinyModel(), str(path)), COLOURS)
    np.testing.assert_allclose(ready.scenes, logits.scenes, atol=1e-6)
    path = write_classifier(tmp_path, ends_in_softmax=True)
    with pytest.raises(ModelFileError, match=r"places\.onnx gives probabilities already: write softmax = false"):
        scened.plugged(tiny.TinyModel(), str(path)).engine(threads=1)


@pytest.mark.parametrize("names", [["beach", "forest"], ["beach", "forest", "street", "park"]])
def test_labels_of_another_classifier_are_refused(names: list[str], tmp_path: Path) -> None:
    model = scened.plugged(tiny.TinyModel(), str(write_classifier(tmp_path, names)))
    with pytest.raises(ModelFileError, match=rf"tells 3 scenes apart, and .*labels\.txt names {len(names)}"):
        model.engine(threads=1)


def test_a_classifier_that_is_not_there_or_not_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"There is no .*Auto\.toml"):
        scened.plugged(tiny.TinyModel(), "Auto")
    with pytest.raises(ModelFileError, match=r"~nosuchuser/places\.toml is in no home folder"):
        scened.plugged(tiny.TinyModel(), "~nosuchuser/places.toml")
    with pytest.raises(ModelFileError, match="labels is missing"):
        scened.plugged(tiny.TinyModel(), str(write_model(tmp_path)))


def test_the_models_engine_is_chosen_and_the_classifiers_is_its_own(tmp_path: Path) -> None:
    model = scened.plugged(tiny.TinyModel(), str(write_classifier(tmp_path)))
    with pytest.raises(EngineMissing, match="'numpy' only"):
        model.engine("onnx", threads=1)

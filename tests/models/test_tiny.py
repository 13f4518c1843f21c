"""The tiny model knows a picture again and tells others from it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import registry

EXPECTED = [-0.033082794, 0.071628965, 0.294144332, -0.120692030]
"""Of the ramp below, computed when `tiny-1` was named; other numbers are another model."""


def embed(images: list[Image.Image]) -> NDArray[np.float32]:
    model = registry.load("tiny")
    return model.engine(threads=1).embed(np.stack([model.prepare(image) for image in images])).embeddings


def test_its_embeddings_never_change() -> None:
    ramp = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(1, 32, 32, 3)
    first = registry.load("tiny").engine(threads=1).embed(ramp).embeddings[0, :4]
    np.testing.assert_allclose(first, EXPECTED, atol=1e-6)


def test_a_copy_comes_near_and_other_pictures_stay_far(
    photographs: list[Image.Image], recompressed: list[Image.Image]
) -> None:
    cosines = embed(recompressed) @ embed(photographs).T
    same = np.eye(len(cosines), dtype=bool)
    assert cosines[same].min() > 0.99
    assert cosines[~same].max() < 0.9


def test_a_slight_crop_comes_near(photographs: list[Image.Image]) -> None:
    cropped = [image.crop((8, 8, image.width - 8, image.height - 8)) for image in photographs]
    assert (embed(cropped) * embed(photographs)).sum(axis=1).min() > 0.9


@pytest.mark.parametrize("colour", ["black", "white", "grey", "red"])
def test_a_picture_of_one_colour_has_an_embedding(colour: str) -> None:
    (embedding,) = embed([Image.new("RGB", (50, 40), colour)])
    assert np.linalg.norm(embedding) == pytest.approx(1)


def test_it_runs_in_numpy_only() -> None:
    model = registry.load("tiny")
    assert list(model.engines()) == ["numpy"]
    with pytest.raises(EngineMissing, match="'numpy' only"):
        model.engine("onnx", threads=1)


def test_an_argument_is_the_length_of_another_models_embeddings() -> None:
    model = registry.load("tiny:32")
    (embedding,) = model.engine(threads=1).embed(model.prepare(Image.new("RGB", (9, 9)))[np.newaxis]).embeddings
    assert (model.dim, model.name, embedding.shape) == (32, "tiny:32", (32,))
    assert model.id != registry.load("tiny").id


@pytest.mark.parametrize("argument", ["big", "1", "5000", "\u0661\u0660"])
def test_an_argument_that_is_no_length_is_refused(argument: str) -> None:
    with pytest.raises(ModelFileError, match="2 to 4096"):
        registry.load(f"tiny:{argument}")


@pytest.mark.parametrize(("colour", "scene"), [("black", "night"), ("white", "snow"), ("blue", "sea")])
def test_with_scenes_it_tells_them_by_colour_beside_the_same_embeddings(colour: str, scene: str) -> None:
    told, plain = registry.load("tiny:scenes"), registry.load("tiny")
    assert (told.id, told.name) != (plain.id, plain.name)
    pictures = np.stack([told.prepare(Image.new("RGB", (50, 40), each)) for each in (colour, "grey")])
    embeddings, scenes = told.engine(threads=1).embed(pictures)
    np.testing.assert_array_equal(embeddings, plain.engine(threads=1).embed(pictures).embeddings)
    assert [told.scenes[place] for place in scenes.argmax(axis=1)] == [scene, "street"]
    np.testing.assert_allclose(scenes.sum(axis=1), 1, atol=1e-6)

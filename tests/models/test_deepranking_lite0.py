"""The model that ships: what it is, and that it does on other pictures what it was trained to do."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from lookalike_server.config import Settings
from lookalike_server.errors import ModelFileError
from lookalike_server.models import deepranking, registry
from lookalike_server.models.protocol import Engine
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.metrics import copy_recall

GetEngine = Callable[[str, str], Engine]

NAME = "deepranking-lite0"


def test_it_is_what_is_served_when_no_other_is_asked_for() -> None:
    assert Settings().model == (NAME,)


def test_it_says_what_it_is() -> None:
    model = registry.load(NAME)
    assert model.name == NAME
    assert model.id.startswith(f"{NAME}-")
    assert (model.dim, model.input_size) == (256, (224, 224))
    assert len(model.scenes) == 100
    assert {"bedroom", "mountain", "kitchen"} <= set(model.scenes)
    with pytest.raises(ModelFileError, match="takes no argument"):
        registry.load(f"{NAME}:x")


def test_its_weights_are_small_and_its_description_says_how_it_was_trained() -> None:
    assert sum(path.stat().st_size for path in deepranking.SHIPPED.iterdir()) < 15 * 2**20
    described = json.loads((deepranking.SHIPPED / deepranking.DESCRIPTION).read_text())
    assert described["hyper_parameters"]["set_aside"] == 0.2
    assert described["metrics"]["kinds_left_out"]
    assert described["metrics"]["validation"]["scene top-1"] > 0.4


def test_altered_copies_are_found_among_photographs_it_has_never_seen(
    get_engine: GetEngine, photographs: list[Image.Image]
) -> None:
    model, engine = registry.load(NAME), get_engine(NAME, "onnx")
    originals = engine.embed(np.stack([model.prepare(image) for image in photographs])).embeddings
    altered = [model.prepare(alter(image.convert("RGB"))) for image in photographs for alter in ALTERATIONS.values()]
    copies = engine.embed(np.stack(altered)).embeddings
    own = np.repeat(np.arange(len(photographs)), len(ALTERATIONS))
    assert copy_recall(copies, originals, own).recall_at_1 >= 0.97


@pytest.mark.parametrize("engine_name", ["onnx", "tensorflow"])
def test_scenes_are_probabilities(engine_name: str, get_engine: GetEngine, photographs: list[Image.Image]) -> None:
    model = registry.load(NAME)
    scenes = get_engine(NAME, engine_name).embed(np.stack([model.prepare(image) for image in photographs])).scenes
    np.testing.assert_allclose(scenes.sum(axis=1), 1, atol=1e-4)
    assert scenes.min() >= 0

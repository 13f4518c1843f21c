"""A recipe is read from what a model's folder says of it, and a slip of the pen is told by its name."""

import json
from pathlib import Path
from typing import Any

import pytest

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.recipe import Recipe, Weights, read
from lookalike_server.training.triplets import Rules


def written(folder: Path, content: Any) -> Path:
    path = folder / "recipe.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_a_recipe_says_of_itself_is_read_back(tmp_path: Path) -> None:
    recipe = Recipe(seed=7, rate=1e-3, mixed_precision=True, weights=Weights(rank=9.0), sampling=Rules(capacity=5))
    assert read(written(tmp_path, recipe.as_json())) == recipe


def test_what_a_file_leaves_out_is_as_ever(tmp_path: Path) -> None:
    recipe = read(written(tmp_path, {"epochs": 2, "weights": {"copies": 0}}))
    assert recipe == Recipe(epochs=2, weights=Weights(copies=0.0))
    assert isinstance(recipe.weights.copies, float)


def test_what_is_given_besides_replaces_the_file(tmp_path: Path) -> None:
    assert read(written(tmp_path, {"epochs": 2, "seed": 3}), epochs=9) == Recipe(epochs=9, seed=3)
    assert read(None) == Recipe()


def test_ranges_hold_their_ends() -> None:
    Recipe(leave_out=0, epochs=0, head_epochs=0, dropout=0.0, scene_weight=0.0, patience=1, triplets=1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"epoch": 3}, r"recipe\.json names 'epoch', no hyper-parameter: .*epochs"),
        ({"epochs": "3"}, r"epochs is '3', no int"),
        ({"epochs": 2.5}, r"epochs is 2\.5, no int"),
        ({"epochs": True}, r"epochs is True, no int"),
        ({"mixed_precision": 1}, r"mixed_precision is 1, no bool"),
        ({"weights": {"colour": 1}}, r"weights names 'colour'"),
        ({"sampling": {"margin": "wide"}}, r"sampling: margin is 'wide', no float"),
        ({"sampling": 3}, r"sampling is 3, no JSON object"),
        ([], r"recipe\.json is \[\], no JSON object"),
        ("{", r"recipe\.json cannot be read as JSON"),
        ({"triplets": 0}, r"triplets is 0: it must be 1 at least"),
        ({"patience": -1}, r"patience is -1: it must be 1 at least"),
        ({"set_aside": 1.0}, r"set_aside is 1\.0: it must be a share between 0 and 1"),
        ({"set_aside": 0}, r"set_aside is 0\.0: it must be a share between 0 and 1"),
        ({"dropout": 1}, r"dropout is 1\.0: it must be a share, from 0"),
        ({"dropout": -0.1}, r"dropout is -0\.1: it must be a share, from 0"),
        ('{"rate": NaN}', r"rate is nan: it must be a number above 0, and finite"),
        ({"rate": 0}, r"rate is 0\.0: it must be a number above 0"),
        ('{"head_rate": Infinity}', r"head_rate is inf: it must be a number above 0, and finite"),
        ('{"scene_weight": Infinity}', r"scene_weight is inf: it must be a number from 0 up, and finite"),
        ({"scene_weight": -1}, r"scene_weight is -1\.0: it must be a number from 0 up"),
        ({"leave_out": -1}, r"leave_out is -1: it must be 0 at least"),
        ({"epochs": -1}, r"epochs is -1: it must be 0 at least"),
        ({"head_epochs": -1}, r"head_epochs is -1: it must be 0 at least"),
    ],
)
def test_what_is_no_recipe_is_told_by_its_name(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(TrainingDataError, match=words):
        read(written(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"none\.json cannot be read"):
        read(tmp_path / "none.json")

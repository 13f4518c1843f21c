"""A run goes on with its own checkpoints and with no other's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike_server.errors import TrainingDataError
from lookalike_server.models.architecture import Architecture
from lookalike_server.training import checkpoints
from lookalike_server.training.checkpoints import Checkpoint
from lookalike_server.training.recipe import Recipe
from lookalike_server.training.standing import standing

RUN = {"recipe": Recipe().as_json(), "architecture": Architecture().as_json(), "choice of pictures": "abc"}


def leave(folder: Path, epoch: int, run: dict[str, Any]) -> Path:
    """What a run leaves after an epoch."""
    return checkpoints.save(folder, Checkpoint(epoch, {"network/a": np.ones(3)}, {"run": standing(folder, run).run}))


def test_a_run_that_has_not_begun_has_no_checkpoint(tmp_path: Path) -> None:
    assert standing(tmp_path / "none", RUN).checkpoint is None


def test_the_same_run_goes_on(tmp_path: Path) -> None:
    leave(tmp_path, 3, RUN)
    found = standing(tmp_path, RUN).checkpoint
    assert found is not None
    assert found.epoch == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipe", Recipe(seed=1).as_json()),
        ("architecture", Architecture(dim=8).as_json()),
        ("choice of pictures", "def"),
    ],
)
def test_another_run_is_refused_by_what_differs(tmp_path: Path, name: str, value: Any) -> None:
    leave(tmp_path, 3, RUN)
    with pytest.raises(TrainingDataError, match=rf"another {name}: name another --out, or remove it"):
        standing(tmp_path, RUN | {name: value})


def test_a_torn_checkpoint_is_passed_over(tmp_path: Path) -> None:
    leave(tmp_path, 1, RUN)
    torn = leave(tmp_path, 2, RUN)
    torn.write_bytes(torn.read_bytes()[:-1])
    found = standing(tmp_path, RUN).checkpoint
    assert found is not None
    assert found.epoch == 1

"""What a run's folder says about the run: where it stands, and what it is a run of.

The pictures' digest, the recipe and the architecture enter; the checkpoint to go on from leaves, or a refusal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike_server.errors import TrainingDataError
from lookalike_server.training import checkpoints
from lookalike_server.training.checkpoints import Checkpoint

BEST = "best.npz"
"""The weights of the best validation, in the run's folder."""


@dataclass(frozen=True)
class Standing:
    """Where a run stands, and what makes it that run."""

    folder: Path
    run: Mapping[str, Any]
    """What it is of; a run that differs in any of it cannot go on here."""
    checkpoint: Checkpoint | None
    """None: it has not begun."""


def standing(folder: Path, run: Mapping[str, Any]) -> Standing:
    """What the folder knows of this run. Raises TrainingDataError when it is another one's."""
    run, found = json.loads(json.dumps(run)), checkpoints.newest(folder)
    there = found.state["run"] if found is not None else run
    for name in run:
        if there.get(name) != run[name]:
            raise TrainingDataError(f"{folder} is of a run with another {name}: name another --out, or remove it.")
    return Standing(folder, run, found)

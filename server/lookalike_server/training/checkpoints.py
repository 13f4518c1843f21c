"""Where a training run stands, on disk, so that it goes on from there after a crash.

A checkpoint is one file, `epoch-0012.ckpt`: the SHA-256 of the rest, then a .npz of all variables of the network and of
the optimiser and whatever else the run needs, as JSON. It takes its name only when all of it is on disk. A file that
does not match its hash is passed over, and the one before it serves: two are kept.

The network's and the optimiser's variables are those of Keras; nothing here imports it.
"""

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.files import write_whole

log = logging.getLogger(__name__)

KEPT = 2
PATTERN = "epoch-*.ckpt"
DIGEST = sha256().digest_size

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """The end of one epoch."""

    epoch: int
    """Epochs that are done."""
    arrays: Arrays
    """Variables by the owner and their path or place: `network/stem/kernel`, `seed/0`, `optimizer/3`."""
    state: Mapping[str, Any]
    """What the run keeps beside them, for JSON: random generators, best figures, hyper-parameters."""


def take(network: Any, optimizer: Any, epoch: int, state: Mapping[str, Any]) -> Checkpoint:
    """Copy the variables of a keras.Model, those that are not trained among them, and of its optimiser."""
    variables = _variables(network, optimizer)
    return Checkpoint(epoch, {name: np.asarray(variable).copy() for name, variable in variables.items()}, state)


def give_back(checkpoint: Checkpoint, network: Any, optimizer: Any) -> None:
    """Set all variables as they were. Raises TrainingDataError when the checkpoint is another network's."""
    variables = _variables(network, optimizer)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    for name in sorted(shapes.keys() | checkpoint.arrays.keys()):
        stored = checkpoint.arrays[name].shape if name in checkpoint.arrays else None
        if shapes.get(name) != stored:
            raise TrainingDataError(
                f"The checkpoint is another network's: {name} is {stored} there and {shapes.get(name)} here. "
                "Train into another folder, or remove the checkpoints."
            )
    for name, variable in variables.items():
        variable.assign(checkpoint.arrays[name])


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write the checkpoint, and remove all but the newest two; makes the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = _encode(checkpoint)
    path = folder / f"epoch-{checkpoint.epoch:04}.ckpt"
    write_whole(path, sha256(content).digest() + content)
    for old in _newest_first(folder)[KEPT:]:
        old.unlink()
    return path


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; None where there is none. Says which it passed over."""
    for path in _newest_first(folder):
        content = path.read_bytes()
        if sha256(content[DIGEST:]).digest() == content[:DIGEST]:
            return _decode(content[DIGEST:])
        log.warning("%s is damaged and passed over", path)
    return None


def _variables(network: Any, optimizer: Any) -> dict[str, Any]:
    optimizer.build(network.trainable_variables)
    weights = {f"network/{variable.path}": variable for variable in network.weights}
    # By their place: their names are counted up within a process, or not unique.
    seeds = [variable for variable in network.variables if f"network/{variable.path}" not in weights]
    rest = {"seed": seeds, "optimizer": optimizer.variables}
    return weights | {f"{owner}/{place}": each for owner, several in rest.items() for place, each in enumerate(several)}


def _encode(checkpoint: Checkpoint) -> bytes:
    file = io.BytesIO()
    about = json.dumps({"epoch": checkpoint.epoch, "state": checkpoint.state})
    arrays: dict[str, Any] = {"about": np.array(about), **checkpoint.arrays}
    np.savez(file, **arrays)
    return file.getvalue()


def _decode(content: bytes) -> Checkpoint:
    with np.load(io.BytesIO(content)) as stored:
        about = json.loads(str(stored["about"]))
        arrays = {name: stored[name] for name in stored.files if name != "about"}
    return Checkpoint(about["epoch"], arrays, about["state"])


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob(PATTERN), key=lambda path: (len(path.name), path.name), reverse=True)

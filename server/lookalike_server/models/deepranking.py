"""DeepRanking networks as they are served: the one that ships, and those that users train.

A trained model is a folder of three files: `model.json` says what the network is made of, how it was trained and what
it scored; `weights.npz` holds the weights; `graph.onnx` the graph for ONNX Runtime. Without a graph the model runs on
TensorFlow. `training.bundle` writes such folders.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from lookalike_server.errors import ModelFileError
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Model
from lookalike_server.models.rgb import RgbModel

DESCRIPTION, WEIGHTS, GRAPH = "model.json", "weights.npz", "graph.onnx"
"""The files of a model's folder."""

SHIPPED = Path(__file__).parent / "weights" / "deepranking-lite0"


def load(argument: str) -> Model:
    """Return the model of a folder. Raises ModelFileError when it is not there or not whole."""
    if not argument:
        raise ModelFileError("deepranking needs the folder of a trained model: deepranking:FOLDER.")
    return RgbModel(network(Path(argument), "deepranking"))


def load_default(argument: str) -> Model:
    """Return the model that ships; it takes no argument."""
    if argument:
        raise ModelFileError(f"deepranking-lite0 takes no argument, not {argument!r}; say deepranking:FOLDER.")
    return RgbModel(network(SHIPPED, "deepranking-lite0"))


def network(folder: Path, name: str) -> Network:
    """Describe the network whose files lie in this folder. Raises ModelFileError when they cannot be read."""
    architecture = read_architecture(folder)
    return Network(
        name=name,
        weights=folder / WEIGHTS,
        graph=folder / GRAPH,
        build=partial(_build, architecture),
        input_size=architecture.input_size,
        dim=architecture.dim,
        scenes=architecture.scenes,
        described=json.dumps(architecture.as_json(), sort_keys=True),
    )


def read_architecture(folder: Path) -> Architecture:
    """What the network of this folder is made of. Raises ModelFileError."""
    path = folder / DESCRIPTION
    try:
        return Architecture.from_json(json.loads(path.read_text(encoding="utf-8"))["architecture"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{path} does not describe a DeepRanking model: {error!r}") from error


def _build(architecture: Architecture) -> Any:
    # Imports TensorFlow, which the ONNX engine must never wait for.
    from lookalike_server.models import keras_deepranking  # noqa: PLC0415

    return keras_deepranking.build(architecture)

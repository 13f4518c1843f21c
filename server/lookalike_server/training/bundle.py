"""A trained network as the folder that is served: `model.json`, `weights.npz`, `graph.onnx`.

A Keras model enters, three files leave, the description last: a folder without it is no model.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lookalike_server.models import keras_deepranking
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.deepranking import DESCRIPTION, GRAPH, WEIGHTS
from lookalike_server.models.keras_backend import keras
from lookalike_server.training import weights
from lookalike_server.training.files import write_whole

GRAPH_WRITERS = ("onnx", "tf2onnx")
INSTALL = 'Run: pip install "lookalike[train]"'

log = logging.getLogger(__name__)


def save(
    model: keras.Model,
    folder: Path,
    architecture: Architecture,
    *,
    hyper_parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> None:
    """Write the folder; made when missing, overwritten when there.

    The model may have been built with dropout, or under a policy of mixed precision: what is written has neither.
    The graph is left out, with a warning, where the extra `train` is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)
    (folder / GRAPH).unlink(missing_ok=True)
    arrays = weights.of(model)
    write_whole(folder / WEIGHTS, weights.npz(arrays))
    _write_graph(folder / GRAPH, architecture)
    described = {
        "architecture": architecture.as_json(),
        "hyper_parameters": dict(hyper_parameters),
        "metrics": dict(metrics),
    }
    write_whole(folder / DESCRIPTION, (json.dumps(described, indent=2) + "\n").encode())


def _write_graph(path: Path, architecture: Architecture) -> None:
    missing = [package for package in GRAPH_WRITERS if find_spec(package) is None]
    if missing:
        log.warning("Without %s no %s: the model runs on TensorFlow only. %s", " and ".join(missing), path, INSTALL)
        return
    # Here, because a model can be trained and served without it.
    from lookalike_server.training import onnx_graph  # noqa: PLC0415

    with _single_precision():
        serving = keras_deepranking.build(architecture)
    write_whole(path, onnx_graph.export(serving).SerializeToString(deterministic=True))


@contextmanager
def _single_precision() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)

"""Small networks as a user's files: `.onnx` in this process, TensorFlow's in the tests that import it anyhow.

Most of them give back what they were fed, flattened: an embedding then shows the very numbers that entered, but for
their length.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SIZE = (2, 3)
"""Height and width of what the networks take; different, so that a mistaken axis shows."""
PLANAR, INTERLEAVED = ["n", 3, 2, 3], ["n", 2, 3, 3]

PIXELS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14
"""What a picture of SIZE may hold: 0 to 238, each number once."""
PICTURE = Image.fromarray(PIXELS)

FLATTEN = helper.make_node("Flatten", ["x"], ["y"], axis=1)

TOML = 'size = [2, 3]\nlayout = "NCHW"\nrange = [0, 1]\n'
"""The least that a description says, of a network that takes PLANAR."""


def write_onnx(
    path: Path,
    nodes: Sequence[onnx.NodeProto] = (FLATTEN,),
    *,
    shape: Sequence[int | str] | None = None,
    weights: Mapping[str, NDArray[Any]] | None = None,
    outputs: Sequence[str] = ("y",),
    kind: int = TensorProto.FLOAT,
    **options: Any,
) -> Path:
    """A network from `x`, of this shape, to outputs of any shape; `options` go to onnx.save."""
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info("x", kind, shape or PLANAR)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    # Old enough for every ONNX Runtime that we accept.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path, **options)
    return path


def write_toml(path: Path, text: str = TOML) -> Path:
    """A description."""
    path.write_text(text)
    return path


def write_model(folder: Path, name: str = "own", extra: str = "", **network: Any) -> Path:
    """A network and its description, in TOML's least form and these lines; returns the description's path."""
    write_onnx(folder / f"{name}.onnx", **network)
    return write_toml(folder / f"{name}.toml", f'{TOML}file = "{name}.onnx"\n{extra}')


def write_classifier(
    folder: Path,
    names: Sequence[str] = ("beach", "forest", "street"),
    *,
    extra: str = "softmax = true",
    ends_in_softmax: bool = False,
) -> Path:
    """A classifier of the brightest colour: its logits are 10 times the mean red, green and blue, 0 to 1."""
    (folder / "labels.txt").write_text("\n".join(names))
    logits = "logits" if ends_in_softmax else "y"
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], [logits]),
        helper.make_node("Softmax", [logits], ["y" if ends_in_softmax else "unused"], axis=1),
    ]
    weights = {"w": 10 * np.eye(3, dtype=np.float32)}
    return write_model(folder, "places", f'labels = "labels.txt"\n{extra}\n', nodes=nodes, weights=weights)


def unit(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Flat, of length 1."""
    flat = np.asarray(numbers, np.float64).ravel()
    return flat / np.linalg.norm(flat)

"""How close the engine comes to what the processor can compute: its FLOP/s beside a measured matrix product's.

A network's work is counted in its ONNX graph, for one picture: two operations for each multiply-add of its convolutions
and matrix products; what is left, such as activations, is below a hundredth. The peak is SGEMM by numpy's BLAS on
one thread, in turns with the engine: set OPENBLAS_NUM_THREADS=1 before numpy is loaded, as `speed` does.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bare
from lookalike_server.models.deepranking import GRAPH, SHIPPED

SIDE = 1536
"""Of the matrices: larger than every cache that one core has, smaller than would take long."""


def graph_of(spec: str) -> Path | None:
    """The ONNX graph of a DeepRanking model; None of others."""
    name, _, folder = spec.partition(":")
    return {"deepranking-lite0": SHIPPED / GRAPH, "deepranking": Path(folder) / GRAPH}.get(name)


def operations(graph: Path) -> int:
    """Floating-point operations of one picture."""
    # The package is needed for nothing else here.
    import onnx  # noqa: PLC0415

    model = onnx.load(str(graph), load_external_data=False)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    shapes = {value.name: [each.dim_value for each in value.type.tensor_type.shape.dim] for value in values}
    shapes |= {weights.name: list(weights.dims) for weights in inferred.initializer}
    return 2 * sum(_multiply_adds(node, shapes) for node in inferred.node)


def _multiply_adds(node: Any, shapes: Mapping[str, Sequence[int]]) -> int:
    """Numbers in the output, each a sum of so many products."""
    if node.op_type == "Conv":
        return math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])
    if node.op_type in ("MatMul", "Gemm"):
        return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return 0


def measured(spec: str, seconds: float) -> tuple[float, float]:
    """Images a second of the engine, and FLOP/s of SGEMM, the best of each, on one core, in turns."""
    engine, picture = bare.load(spec, 1).engine, bare.blank(spec)
    batch = np.stack([picture] * 4)
    matrix = np.random.default_rng(0).standard_normal((SIDE, SIDE), np.float32)
    images, flops, began = 0.0, 0.0, time.perf_counter()
    while time.perf_counter() - began < seconds or not images:
        images = max(images, len(batch) / _seconds(lambda: engine.embed(batch)))
        flops = max(flops, 2 * SIDE**3 / _seconds(lambda: matrix @ matrix))
    return images, flops


def _seconds(work: Callable[[], object]) -> float:
    """Of the processor: what others run meanwhile counts neither for nor against."""
    began = time.process_time()
    work()
    return time.process_time() - began

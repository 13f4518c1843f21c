"""An .onnx file on ONNX Runtime."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.description import NetworkDescription
from lookalike_server.models.files.names import chosen

TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
"""ONNX Runtime's names of the inputs that can be fed."""
ERRORS_ONLY = 3
"""ONNX Runtime otherwise warns of every initializer that it removes."""


class OnnxFile:
    """One session of one thread, called with one picture at a time by `threads` threads.

    That is the fastest way on a processor (see `engines.onnx`), and it suits networks exported with a batch of 1.
    """

    version = f"onnxruntime {onnxruntime.__version__}"

    def __init__(self, description: NetworkDescription, threads: int) -> None:
        """Raises ModelFileError."""
        self._session = _session(description)
        inputs = {each.name: each for each in self._session.get_inputs()}
        self._input = chosen(description, "input", list(inputs))
        self._output = chosen(description, "output", [each.name for each in self._session.get_outputs()])
        self.shape = tuple(length if isinstance(length, int) else None for length in inputs[self._input].shape)
        self.dtype = _type(description, inputs[self._input].type)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="onnx-file")

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The output, row by row."""
        return np.concatenate(list(self._pool.map(self._one, batch)))

    def _one(self, row: NDArray[Any]) -> NDArray[Any]:
        found: Sequence[NDArray[Any]] = self._session.run([self._output], {self._input: row[np.newaxis]})
        return found[0]


def _session(description: NetworkDescription) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(str(description.file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no public base class
        raise ModelFileError(f"ONNX Runtime cannot load {description.file}: {error}") from error


def _type(description: NetworkDescription, name: str) -> np.dtype[Any]:
    if name not in TYPES:
        raise ModelFileError(
            f"{description.file} takes {name}, no pixels: export it with one input of {', '.join(TYPES)}."
        )
    return np.dtype(TYPES[name])

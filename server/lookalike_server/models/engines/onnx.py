"""Runs a network in ONNX Runtime: the fastest engine on a CPU, loaded in a third of a second.

The graph comes from a file without weights; the weights are handed over before the graph is optimised, so that batch
normalisation is folded into the kernels as if they had been in the file.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike_server import yielding
from lookalike_server.errors import ModelFileError
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Inputs, Outputs


class OnnxEngine:
    """One session of one thread, called with one picture at a time by `threads` threads, the caller's among them.

    Each takes the next picture that is left, so that a batch costs a thread one hand-over and not one a picture.

    EfficientNet-Lite0 on two cores, images/s of a batch of 16: 185 this way, 163 in chunks of 8, 180 in one call of
    two threads, 150 in concurrent calls of two threads. A picture that comes alone takes 11 ms, and no less with two
    threads unless they spin for 30 ms after each query: 9 ms then, for four times the processor time.
    """

    name = "onnx"
    version = f"onnxruntime {onnxruntime.__version__}"

    def __init__(self, network: Network, threads: int) -> None:
        """Raises ModelFileError when the files are damaged or belong to different networks."""
        self._session = _session(network)
        self._outputs = network.outputs
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "onnx", initializer=yielding.to_others, initargs=(yielding.ENGINE,))

    def embed(self, inputs: Inputs) -> Outputs:
        """Run the network on pixels [n, height, width, 3]."""
        left = iter(range(len(inputs)))
        found: dict[int, list[NDArray[np.float32]]] = {}

        def run() -> None:
            for row in left:
                found[row] = self._session.run(self._outputs, {"pixels": inputs[row : row + 1]})

        others = [self._pool.submit(run) for _ in range(min(self._threads, len(inputs)) - 1)]
        run()
        for other in others:
            other.result()
        return Outputs.of([np.concatenate(arrays) for arrays in zip(*map(found.pop, range(len(inputs))), strict=True)])


def _session(network: Network) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    arrays = network.arrays()
    # The session copies the values, but only when it is created: they must live until then.
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in arrays.values()]
    options.add_external_initializers(list(arrays), values)
    try:
        return onnxruntime.InferenceSession(str(network.graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no public base class
        raise ModelFileError(f"ONNX Runtime cannot load {network.graph}: {error}") from error

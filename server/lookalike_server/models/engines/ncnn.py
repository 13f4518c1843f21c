"""Runs a network of wide 3 x 3 convolutions in ncnn, which computes them by Winograd's method with far less work.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016). With VGG16 it is two to three times as fast
as the other engines, and its embeddings are theirs to 1e-6 (L2). It runs the networks that bring a graph in ncnn's own
format.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ncnn
import numpy as np
from numpy.typing import NDArray

from lookalike_server import yielding
from lookalike_server.errors import EngineFailed, ModelFileError
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Inputs, Outputs

AXES = {"Convolution": (3, 2, 0, 1), "InnerProduct": (1, 0)}
"""From Keras' kernels [height, width, in, out] and [in, out] to ncnn's, by type of layer."""

FLOAT32 = bytes(4)
"""Stands before a kernel and says that its numbers are not packed."""


class NcnnEngine:
    """One network of one thread, called with one picture at a time by `threads` threads.

    All threads on each picture in turn are as fast on two idle cores (8.3 against 8.2 images/s of the ancestor's
    network) and stall where others want the cores too: 2 against 6 then.
    """

    name = "ncnn"
    version = f"ncnn {ncnn.__version__}"

    def __init__(self, network: Network, threads: int) -> None:
        """Raises ModelFileError when the files are damaged or belong to different networks."""
        self._net = _loaded(network)
        self._pool = ThreadPoolExecutor(threads, "ncnn", initializer=yielding.to_others, initargs=(yielding.ENGINE,))

    def embed(self, inputs: Inputs) -> Outputs:
        """Run the network on pixels [n, height, width, 3]."""
        return Outputs.of([np.stack(list(self._pool.map(self._run, inputs)))])

    def _run(self, pixels: Inputs) -> NDArray[np.float32]:
        # The Mat lends the array's memory: it must live until the end.
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
        extractor = self._net.create_extractor()
        extractor.input("pixels", ncnn.Mat(planes))
        status, embedding = extractor.extract("embeddings")
        if status:
            raise EngineFailed(f"ncnn ended with status {status}")
        return np.array(embedding)


def _loaded(network: Network) -> ncnn.Net:
    net = ncnn.Net()
    net.opt.num_threads = 1
    # Half precision is ncnn's default.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        model = Path(folder, "model.bin")
        _write(network, model)
        if net.load_param(str(network.param)) or net.load_model(str(model)):
            raise ModelFileError(f"ncnn cannot load {network.param} with the weights {network.weights}.")
    return net


def _write(network: Network, model: Path) -> None:
    """Write the weights as ncnn reads them: of one layer after the other, in the order of the graph."""
    layers, arrays = _layers(network), network.arrays()
    if arrays.keys() != {f"{layer}/{part}" for kind, layer in layers if kind in AXES for part in ("kernel", "bias")}:
        raise ModelFileError(f"{network.weights} does not hold the weights of {network.name}.")
    with model.open("wb") as file:
        for kind, layer in layers:
            if kind in AXES:
                file.write(FLOAT32 + arrays[f"{layer}/kernel"].transpose(AXES[kind]).tobytes())
                file.write(arrays[f"{layer}/bias"].tobytes())
            elif kind == "Normalize":
                file.write(np.ones(1, np.float32).tobytes())


def _layers(network: Network) -> list[tuple[str, str]]:
    """Type and name of each layer of the graph, which is text: a layer a line after two lines of head."""
    if network.param is None:
        raise ModelFileError(f"{network.name} has no graph for ncnn.")
    lines = [line.split() for line in network.param.read_text().splitlines()[2:]]
    return [(kind, layer) for kind, layer, *_ in lines]

"""Runs a network in TensorFlow, its home.

Importing this module imports TensorFlow.
"""

import logging

from lookalike_server.errors import ModelFileError
from lookalike_server.models.keras_backend import tf
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Inputs, Outputs

log = logging.getLogger(__name__)

CHUNK = 4
"""Pictures in one call for each thread. EfficientNet-Lite0, images/s: one thread 88 (76 at 8); two 112 (98 at 2)."""


class TensorFlowEngine:
    """A Keras model as one traced function, its weights frozen into the graph."""

    name = "tensorflow"
    version = f"tensorflow {tf.__version__}"

    def __init__(self, network: Network, threads: int) -> None:
        """Raises ModelFileError when the weights are damaged or belong to another network."""
        limit_threads(threads)
        self._chunk = CHUNK * threads
        self._run = _trace(network)

    def embed(self, inputs: Inputs) -> Outputs:
        """Run the network on pixels [n, height, width, 3]."""
        chunks = [inputs[start : start + self._chunk] for start in range(0, len(inputs), self._chunk)]
        return Outputs.joined([self._outputs(chunk) for chunk in chunks])

    def _outputs(self, pixels: Inputs) -> Outputs:
        return Outputs.of([array.numpy() for array in tf.nest.flatten(self._run(tf.constant(pixels)))])


def _trace(network: Network) -> "tf.types.experimental.ConcreteFunction":
    """Constants, unlike variables, let TensorFlow fold batch normalisation into the kernels: a third faster."""
    model, arrays = network.build(), network.arrays()
    if {variable.path for variable in model.variables} != arrays.keys():
        raise ModelFileError(f"{network.weights} does not hold the weights of {network.name}.")

    def embed(pixels: "tf.Tensor") -> "tf.Tensor":
        trained = [tf.constant(arrays[variable.path]) for variable in model.trainable_variables]
        other = [tf.constant(arrays[variable.path]) for variable in model.non_trainable_variables]
        return model.stateless_call(trained, other, pixels)[0]

    batch = tf.TensorSpec((None, *network.input_size, 3), network.dtype)
    return tf.function(embed).get_concrete_function(batch)


def limit_threads(threads: int) -> None:
    """Let TensorFlow use so many cores; it takes that only before its first operation."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        log.warning("TensorFlow is already running in this process and keeps its number of threads")

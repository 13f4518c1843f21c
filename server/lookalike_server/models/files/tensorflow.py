"""A .keras file, or a SavedModel, on TensorFlow.

Importing this module imports TensorFlow.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.description import NetworkDescription
from lookalike_server.models.engines.tensorflow import CHUNK, limit_threads
from lookalike_server.models.files.names import chosen
from lookalike_server.models.keras_backend import keras, tf

SIGNATURE = "serving_default"
"""What exporters call the one function that a SavedModel is for."""

Run = Callable[["tf.Tensor"], "tf.Tensor"]


class TensorFlowFile:
    """A traced function, called with a few pictures a time; with one where the network was exported for one."""

    version = f"tensorflow {tf.__version__}"

    def __init__(self, description: NetworkDescription, threads: int) -> None:
        """Raises ModelFileError."""
        limit_threads(threads)
        load = _saved_model if description.file.is_dir() else _keras
        self._run, spec = load(description)
        self.shape = tuple(spec.shape) if spec.shape.rank is not None else ()
        self.dtype = np.dtype(spec.dtype.as_numpy_dtype)
        self._chunk = 1 if self.shape[:1] == (1,) else CHUNK * threads

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The output, chunk by chunk."""
        chunks = [batch[start : start + self._chunk] for start in range(0, len(batch), self._chunk)]
        return np.concatenate([self._run(tf.constant(chunk)).numpy() for chunk in chunks])


def _keras(description: NetworkDescription) -> tuple[Run, "tf.TensorSpec"]:
    """Any layer's output can be asked for, so that a classifier's features need no export of their own."""
    whole = _loaded(description)
    chosen(description, "input", [each.name for each in whole.inputs])
    outputs = whole.outputs
    if description.output:
        layer = chosen(description, "output", [each.name for each in whole.layers])
        outputs = [whole.get_layer(layer).output]
    elif len(outputs) > 1:
        chosen(description, "output", whole.output_names)
    spec = tf.TensorSpec(whole.inputs[0].shape, whole.inputs[0].dtype)
    return _frozen(keras.Model(whole.inputs, outputs), spec), spec


def _loaded(description: NetworkDescription) -> Any:
    try:
        # safe_mode: Lambda layers, which are stored Python, are refused.
        return keras.saving.load_model(description.file, compile=False, safe_mode=True)
    except Exception as error:  # a file of somebody else's makes Keras raise nearly anything
        # Its last line says what is wrong, after pages of what the layers were.
        why = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        advice = "export it as .onnx or SavedModel where it holds Python of its own"
        raise ModelFileError(f"Keras cannot load {description.file}: {why}: {advice}.") from error


def _frozen(network: Any, spec: "tf.TensorSpec") -> Run:
    """The network as a graph of constants, as in `engines.tensorflow`: a third faster than with variables."""
    trainable = [variable.numpy() for variable in network.trainable_variables]
    others = [variable.numpy() for variable in network.non_trainable_variables]

    def run(pixels: "tf.Tensor") -> "tf.Tensor":
        trained, other = [tf.constant(array) for array in trainable], [tf.constant(array) for array in others]
        (output,) = tf.nest.flatten(network.stateless_call(trained, other, [pixels], training=False)[0])
        return output

    frozen: Run = tf.function(run).get_concrete_function(spec)
    return frozen


def _saved_model(description: NetworkDescription) -> tuple[Run, "tf.TensorSpec"]:
    try:
        loaded = tf.saved_model.load(str(description.file))
        function = loaded.signatures[SIGNATURE]
    except KeyError as error:
        raise ModelFileError(f"{description.file} has no signature {SIGNATURE}: save it with one.") from error
    except Exception as error:  # likewise
        raise ModelFileError(f"TensorFlow cannot load {description.file}: {error}") from error
    specs = function.structured_input_signature[1]
    name = chosen(description, "input", list(specs))
    output = chosen(description, "output", list(function.structured_outputs))

    def run(pixels: "tf.Tensor") -> "tf.Tensor":
        # By way of the loaded object, which keeps the function's variables alive.
        return loaded.signatures[SIGNATURE](**{name: pixels})[output]

    return run, specs[name]

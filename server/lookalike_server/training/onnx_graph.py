"""A Keras model as an ONNX graph without weights: a hundred kilobytes that never change with them.

Each weight is an initializer that bears its Keras variable's path and no data (in ONNX's terms, external data); the
engine gives the values when it loads the graph.
"""

import onnx
import tf2onnx

from lookalike_server.models.keras_backend import keras, tf

OPSET = 17
"""Old enough for any ONNX Runtime that we accept, new enough for every operator we use."""

OUTPUTS = ("embeddings", "scenes")
"""In the order in which TensorFlow flattens a model's dict of outputs: that of their names."""


def export(model: keras.Model, dtype: tf.DType = tf.uint8) -> onnx.ModelProto:
    """Return the graph of a model that maps pixels [n, height, width, 3] of a type to embeddings, and maybe scenes."""
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    function = _with_weights_as_inputs(model, variables, dtype)
    exported, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    names = {f"weight{index}": variable.path for index, variable in enumerate(variables)}
    names |= {output.name: name for output, name in zip(exported.graph.output, OUTPUTS, strict=False)}
    _rename(exported.graph, names)
    _inputs_to_initializers(exported.graph, set(names.values()))
    exported.graph.name = model.name
    return exported


def _with_weights_as_inputs(
    model: keras.Model, variables: list[keras.Variable], dtype: tf.DType
) -> tf.types.experimental.PolymorphicFunction:
    trained = len(model.trainable_variables)

    def embed(pixels: tf.Tensor, *weights: tf.Tensor) -> tf.Tensor:
        return model.stateless_call(list(weights[:trained]), list(weights[trained:]), pixels)[0]

    pixels = tf.TensorSpec((None, *model.input_shape[1:]), dtype, name="pixels")
    weights = [tf.TensorSpec(v.shape, tf.float32, name=f"weight{i}") for i, v in enumerate(variables)]
    return tf.function(embed, input_signature=[pixels, *weights])


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _inputs_to_initializers(graph: onnx.GraphProto, names: set[str]) -> None:
    inputs = list(graph.input)
    graph.initializer.extend(_initializer(value) for value in inputs if value.name in names)
    del graph.input[:]
    graph.input.extend(value for value in inputs if value.name not in names)


def _initializer(value: onnx.ValueInfoProto) -> onnx.TensorProto:
    shape = value.type.tensor_type.shape
    tensor = onnx.TensorProto(
        name=value.name,
        data_type=value.type.tensor_type.elem_type,
        dims=[dim.dim_value for dim in shape.dim],
        data_location=onnx.TensorProto.EXTERNAL,
    )
    tensor.external_data.add(key="location", value="given-when-loaded")
    return tensor

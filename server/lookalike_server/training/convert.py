"""Make the files of EfficientNet-Lite0 that ship: `python -m lookalike_server.training.convert`.

Reads the published PyTorch weights, rebuilds the network in Keras, checks that both compute the same, and writes the
weights (.npz) and the graph (.onnx). The weights come out the same to the byte on every run, and so does the model's
id; the graph's nodes may change places. Needs the extra `convert`.
"""

import argparse
from pathlib import Path

import numpy as np

from lookalike_server.models import efficientnet_lite0
from lookalike_server.models.efficientnet_lite0 import INPUT_SIZE
from lookalike_server.models.keras_backend import keras
from lookalike_server.models.probes import probe_pictures
from lookalike_server.training import onnx_graph, weights
from lookalike_server.training.original import Original

TOLERANCE = 1e-4
"""Largest difference allowed in a pooled feature; they reach about 5."""


def main(arguments: list[str] | None = None) -> None:
    """Convert, check and write; exits with a message when Keras and the original disagree."""
    options = _parser().parse_args(arguments)
    original = Original()
    model = keras_model(original)
    difference = disagreement(model, original)
    if difference > TOLERANCE:
        raise SystemExit(
            f"Keras and the original differ by {difference:.1e}, more than {TOLERANCE:.0e}: nothing written."
        )
    write(model, options.out)
    print(f"Wrote {options.out}; pooled features agree with the original to {difference:.1e}.")
    if options.reference:
        np.savez(options.reference, features=original.features(probe_pictures(INPUT_SIZE)))


def keras_model(original: Original) -> keras.Model:
    """Return the Keras network with the original's weights, float32."""
    model = efficientnet_lite0.network().build()
    arrays = original.weights(variable.path for variable in model.variables)
    for variable in model.variables:
        variable.assign(arrays[variable.path])
    return model


def disagreement(model: keras.Model, original: Original) -> float:
    """Return the largest absolute difference between the two networks' pooled features, over the probe pictures."""
    pictures = probe_pictures(INPUT_SIZE)
    features = keras.Model(model.input, model.get_layer("features").output)
    return float(np.abs(features(pictures).numpy() - original.features(pictures)).max())


def write(model: keras.Model, folder: Path) -> None:
    """Write the weights and the graph into a folder."""
    network = efficientnet_lite0.network(folder)
    network.weights.write_bytes(weights.npz(weights.of(model)))
    network.graph.write_bytes(onnx_graph.export(model).SerializeToString(deterministic=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lookalike_server.training.convert", description=__doc__)
    parser.add_argument("--out", type=Path, default=efficientnet_lite0.WEIGHTS, help="folder of the two files")
    parser.add_argument(
        "--reference", type=Path, help="also write the original's features of the probe pictures (.npz)"
    )
    return parser


if __name__ == "__main__":
    main()

"""Make the ONNX graph of the ancestor's network that ships: `python -m lookalike_server.training.seed_graph`.

Of the graph alone: the weights are its users' own, and lie in their .h5 files. Needs the extra `convert`.
"""

import argparse
from pathlib import Path

from lookalike_server.models import keras_seed, seed
from lookalike_server.models.keras_backend import tf
from lookalike_server.training import onnx_graph


def main(arguments: list[str] | None = None) -> None:
    """Write seed.onnx into a folder."""
    parser = argparse.ArgumentParser(prog="python -m lookalike_server.training.seed_graph", description=__doc__)
    parser.add_argument("--out", type=Path, default=seed.GRAPHS, help="folder of the file")
    file = parser.parse_args(arguments).out / "seed.onnx"
    graph = onnx_graph.export(keras_seed.build(seed.INPUT_SIZE, seed.DIM), tf.float32)
    file.write_bytes(graph.SerializeToString(deterministic=True))
    print(f"Wrote {file}.")


if __name__ == "__main__":
    main()

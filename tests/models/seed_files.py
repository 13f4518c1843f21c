"""Files laid out as Keras 2 writes the ancestor's weights, of a few kilobytes: numbers never written take no room."""

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from lookalike_server.models.seed_weights import LAYERS

Arrays = dict[str, tuple[int, ...]]
"""Shapes by the name of the array, such as `conv2d_1/kernel:0`."""

NAMES = {
    "stride16": "conv2d_1",
    "stride32": "conv2d_2",
    "vgg_dense1": "dense_1",
    "vgg_dense2": "dense_2",
    "embedding": "dense_3",
}
"""What Keras called the layers that have no name of their own."""


def layers(suffix: int = 0) -> dict[str, Arrays]:
    """The layers of a right file in order, some without weights; `suffix` is added to the numbers of names."""
    found: dict[str, Arrays] = {"input_1": {}}
    for layer in LAYERS:
        base, _, number = NAMES.get(layer.name, layer.name).rpartition("_")
        name = f"{base}_{int(number) + suffix}" if layer.name in NAMES else layer.name
        found[name] = {f"{name}/kernel:0": layer.kernel, f"{name}/bias:0": layer.kernel[-1:]}
    return found | {"lambda_4": {}}


def write(path: Path, found: dict[str, Arrays], order: Sequence[str] = (), group: str = "/") -> Path:
    """Write the layers, listed in another order if one is given."""
    with h5py.File(path, "w") as file:
        root = file.require_group(group)
        root.attrs["layer_names"] = np.array([name.encode() for name in order or found])
        for name, arrays in found.items():
            layer = root.create_group(name)
            layer.attrs["weight_names"] = np.array([array.encode() for array in arrays], dtype="S32")
            for array, shape in arrays.items():
                layer.create_dataset(array, shape, np.float32)
    return path


def write_whole(path: Path, strides: dict[str, int]) -> Path:
    """Write a file as `save` does: the layers in a group, and what they are beside it."""
    write(path, layers(), group="model_weights")
    configs = [{"name": name, "kernel_size": [8, 8], "strides": [stride] * 2} for name, stride in strides.items()]
    model = {
        "class_name": "Model",
        "config": {"layers": [{"class_name": "Conv2D", "config": each} for each in configs]},
    }
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(model).encode()
    return path


def swapped(names: Sequence[str], one: str, other: str) -> list[str]:
    """The names with two of them in each other's place."""
    exchange = {one: other, other: one}
    return [exchange.get(name, name) for name in names]

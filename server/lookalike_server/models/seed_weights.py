"""Reads the ancestor's weights: an HDF5 file as Keras 2 wrote it, by `save_weights` or `save`.

The file lists its layers in the attribute `layer_names`, each layer its arrays in `weight_names`. Names end in numbers
that differ from session to session, so layers are known by their order and shape. What does not fit is refused with the
first difference named: a file that is nearly right would load, and find the wrong pictures.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.network import Weights

if TYPE_CHECKING:
    import h5py


class Layer(NamedTuple):
    """A layer with weights: a kernel of this shape, and a bias for each of its last axis."""

    name: str
    kernel: tuple[int, ...]
    stride: int = 1

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the kernel and of the bias."""
        return [self.kernel, self.kernel[-1:]]


LAYERS = (
    Layer("block1_conv1", (3, 3, 3, 64)),
    Layer("block1_conv2", (3, 3, 64, 64)),
    Layer("block2_conv1", (3, 3, 64, 128)),
    Layer("block2_conv2", (3, 3, 128, 128)),
    Layer("block3_conv1", (3, 3, 128, 256)),
    Layer("block3_conv2", (3, 3, 256, 256)),
    Layer("block3_conv3", (3, 3, 256, 256)),
    Layer("block4_conv1", (3, 3, 256, 512)),
    Layer("block4_conv2", (3, 3, 512, 512)),
    Layer("block4_conv3", (3, 3, 512, 512)),
    Layer("block5_conv1", (3, 3, 512, 512)),
    Layer("block5_conv2", (3, 3, 512, 512)),
    Layer("block5_conv3", (3, 3, 512, 512)),
    Layer("stride16", (8, 8, 3, 96), stride=16),
    Layer("stride32", (8, 8, 3, 96), stride=32),
    Layer("vgg_dense1", (512, 4096)),
    Layer("vgg_dense2", (4096, 4096)),
    Layer("embedding", (7168, 4096)),
)
"""In the order of the file, by the names of `keras_seed`."""

VGG_NAME = re.compile(r"block\d_conv\d")


class Difference(Exception):
    """How the file differs from what it should be; becomes part of a ModelFileError."""


class Stored(NamedTuple):
    """A layer as the file has it."""

    name: str
    arrays: "list[h5py.Dataset]"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of its arrays."""
        return [array.shape for array in self.arrays]


def check(path: Path) -> None:
    """Hold the file's layout, not its numbers, to the network's. Raises ModelFileError, as `read` does."""
    with _opened(path) as file:
        _layers(file)


def read(path: Path) -> Weights:
    """Read the weights by the paths of the Keras variables, float32.

    Raises ModelFileError, which names the first difference, when the file is damaged or holds another network; and
    when h5py is not installed.
    """
    with _opened(path) as file:
        return {
            f"{layer.name}/{part}": _numbers(array)
            for layer, stored in zip(LAYERS, _layers(file), strict=True)
            for part, array in zip(("kernel", "bias"), stored.arrays, strict=True)
        }


@contextmanager
def _opened(path: Path) -> "Iterator[h5py.File]":
    """The open file; what goes wrong with it inside the block is said in our words."""
    try:
        import h5py  # noqa: PLC0415 - needed by this model alone
    except ImportError as error:
        raise ModelFileError('Reading .h5 files needs h5py. Run: pip install "lookalike[seed]"') from error
    if not path.is_file():
        raise ModelFileError(f"There is no weights file {path}.")
    try:
        if not h5py.is_hdf5(path):
            raise Difference("it is no HDF5 file")
        with h5py.File(path) as file:
            yield file
    except Exception as error:  # a damaged file makes HDF5 raise nearly anything
        raise ModelFileError(f"{path} does not hold the weights of seed: {error}.") from error


def _layers(file: "h5py.File") -> list[Stored]:
    """The layers that have weights, in the network's order; raises Difference at the first that is another."""
    group = file.get("model_weights", file)
    found = [layer for layer in _stored(group) if layer.arrays]
    for number, layer in enumerate(LAYERS):
        _compare(layer, found, number)
    if len(found) > len(LAYERS):
        raise Difference(f"after its {len(LAYERS)} layers with weights comes one more, {_say(found[len(LAYERS)])}")
    _check_order(file, [stored for layer, stored in zip(LAYERS, found, strict=True) if layer.stride > 1])
    return found


def _stored(group: "h5py.Group") -> Iterator[Stored]:
    for name in _texts(group, "layer_names"):
        if name not in group:
            raise Difference(f"layer {name} is listed and missing")
        paths = _texts(group[name], "weight_names")
        for path in paths:
            if path not in group[name]:
                raise Difference(f"layer {name} lacks {path}")
        yield Stored(name, [group[name][path] for path in paths])


def _texts(group: "h5py.Group", attribute: str) -> list[str]:
    if attribute not in group.attrs:
        raise Difference(f"{group.name} has no {attribute}, which Keras 2 writes")
    return [text.decode() if isinstance(text, bytes) else str(text) for text in group.attrs[attribute]]


def _compare(layer: Layer, found: list[Stored], number: int) -> None:
    if number < len(found) and _fits(layer, found[number]):
        return
    place = f"layer {number + 1} of the {len(LAYERS)} with weights, {layer.name} {_shapes(layer.shapes)}"
    held = f"in its place is {_say(found[number])}" if number < len(found) else "the file ends before it"
    raise Difference(f"{place}, is {'missing' if len(found) < len(LAYERS) else 'another'}: {held}")


def _fits(layer: Layer, stored: Stored) -> bool:
    """By shape, and by name where it is one of VGG16's, which are the same in every session."""
    return stored.shapes == layer.shapes and (stored.name == layer.name or not VGG_NAME.fullmatch(stored.name))


def _say(stored: Stored) -> str:
    return f"{stored.name} {_shapes(stored.shapes)}"


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return " + ".join("x".join(map(str, shape)) for shape in shapes)


def _check_order(file: "h5py.File", found: list[Stored]) -> None:
    """Tell the two wide convolutions, of one shape, apart; swapped, they would load and be wrong (cosine 0.90).

    A whole model's file says their strides. Otherwise there are their names: Keras numbers layers as they are made, and
    the ancestor made stride 16 first. Numbers exchanged under unchanged names cannot be noticed.
    """
    names = [stored.name for stored in found]
    if [stored.arrays[0].name.split("/")[-2] for stored in found] == names[::-1]:
        raise Difference(f"{names[0]} and {names[1]} are swapped: each holds the arrays of the other")
    told, expected = _strides(file, names), [layer.stride for layer in LAYERS if layer.stride > 1]
    if told and told != expected:
        raise Difference(f"{names[0]} and {names[1]} are swapped: their strides are {told}, not {expected}")
    if not told and _number(names[0]) > _number(names[1]):
        raise Difference(f"{names[0]} and {names[1]} are swapped: the one made first, of stride 16, comes first")


def _strides(file: "h5py.File", names: list[str]) -> list[int]:
    """Strides of these convolutions, of a file that holds the whole model; else none."""
    if "model_config" not in file.attrs:
        return []
    configs = [layer["config"] for layer in json.loads(file.attrs["model_config"])["config"]["layers"]]
    by_name = {config["name"]: config["strides"][0] for config in configs if "kernel_size" in config}
    return [by_name[name] for name in names]


def _number(name: str) -> int:
    """The number that Keras gave to a name of its own making: 3 of conv2d_3; 0 of conv2d and of other names."""
    numbered = re.match(r"conv2d_(\d+)", name)
    return int(numbered[1]) if numbered else 0


def _numbers(array: "h5py.Dataset") -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = array[()].astype(np.float32)
    if not np.isfinite(numbers).all():
        raise Difference(f"{array.name} holds what is no number")
    return numbers

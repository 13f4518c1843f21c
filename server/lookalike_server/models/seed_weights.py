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
from typing import TYPE_CHECKING, Any, NamedTuple

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
    """The file, its errors in our words."""
    try:
        import h5py  # noqa: PLC0415 - needed by this model alone
    except ImportError as error:
        raise ModelFileError('Reading .h5 files needs h5py. Run: pip install "lookalike[seed]"') from error
    try:
        if not h5py.is_hdf5(path):
            raise Difference("it is no HDF5 file" if path.stat().st_size else "it is empty")
        with h5py.File(path) as file:
            yield file
    except (Difference, OSError, RuntimeError, KeyError, ValueError) as error:  # the last three from HDF5 itself
        raise ModelFileError(f"Not the weights of seed, {path}: {error}.") from error


class Difference(Exception):
    """How the file differs from what it should be; becomes part of a ModelFileError."""


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
    if number < len(found) and found[number].shapes == layer.shapes:
        return
    place = f"layer {number + 1} of the {len(LAYERS)} with weights, {layer.name} {_shapes(layer.shapes)}"
    held = f"in its place is {_say(found[number])}" if number < len(found) else "the file ends before it"
    raise Difference(f"{place}, is {'missing' if len(found) < len(LAYERS) else 'another'}: {held}")


def _say(stored: Stored) -> str:
    return f"{stored.name} {_shapes(stored.shapes)}"


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return " + ".join("x".join(map(str, shape)) for shape in shapes)


def _check_order(file: "h5py.File", found: list[Stored]) -> None:
    """Tell the two convolutions of one shape apart; swapped, they would load and be wrong (cosine 0.90).

    A whole model's file says their strides. Otherwise there are the names: Keras numbers layers as they are made, and
    the ancestor made stride 16 first. Kernels exchanged under each other's names cannot be noticed.
    """
    strides = _strides(file)
    for layer, stored in zip((layer for layer in LAYERS if layer.stride > 1), found, strict=True):
        told = strides.get(stored.name, layer.stride)
        if told != layer.stride:
            raise Difference(f"{stored.name} is swapped: it has stride {told} where {layer.name} belongs")
    for names in ([stored.name for stored in found], [stored.arrays[0].name.split("/")[-2] for stored in found]):
        first, second = map(_number, names)
        if first > second:
            raise Difference(f"{names[0]} and {names[1]} are swapped: the one of stride 16 was made first")


def _strides(file: "h5py.File") -> dict[str, int]:
    """Strides of the convolutions by layer, of a file that holds the whole model; else none."""
    config: dict[str, Any] = json.loads(file.attrs.get("model_config", "{}")).get("config", {})
    layers = [layer["config"] for layer in config.get("layers", [])]
    return {layer["name"]: layer["strides"][0] for layer in layers if "kernel_size" in layer}


def _number(name: str) -> int:
    """The number that Keras gave to a name of its own making: 3 of conv2d_3, and 0 of conv2d; 0 of other names."""
    numbered = re.match(r"conv2d_(\d+)", name)
    return int(numbered[1]) if numbered else 0


def _numbers(array: "h5py.Dataset") -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = array[()].astype(np.float32)
    if not np.isfinite(numbers).all():
        raise Difference(f"{array.name} holds what is no number")
    return numbers

"""A right file is read whatever its names end in; a wrong or damaged one is refused with the first difference named."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.models import seed_files

from lookalike_server.errors import ModelFileError
from lookalike_server.models import seed_weights

Damage = Callable[[dict[str, seed_files.Arrays]], object]


def write(path: Path, name: str, array: str, value: object) -> None:
    with h5py.File(path, "a") as file:
        file[f"{name}/{array}"][...] = value


@pytest.mark.parametrize("suffix", [0, 2, 8])
def test_layers_are_known_by_order_and_shape_whatever_their_names_end_in(tmp_path: Path, suffix: int) -> None:
    path = seed_files.write(tmp_path / "right.h5", seed_files.layers(suffix))
    write(path, f"conv2d_{1 + suffix}", f"conv2d_{1 + suffix}/bias:0", 16)
    write(path, f"conv2d_{2 + suffix}", f"conv2d_{2 + suffix}/bias:0", 32)
    seed_weights.check(path)
    arrays = seed_weights.read(path)
    assert {name: array.shape for name, array in arrays.items()} == {
        f"{layer.name}/{part}": shape
        for layer in seed_weights.LAYERS
        for part, shape in zip(("kernel", "bias"), layer.shapes, strict=True)
    }
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert (arrays["stride16/bias"][0], arrays["stride32/bias"][0]) == (16, 32)


def test_the_file_of_a_whole_model_is_read(tmp_path: Path) -> None:
    path = seed_files.write_whole(tmp_path / "whole.h5", {"conv2d_1": 16, "conv2d_2": 32})
    seed_weights.check(path)


def narrow(found: dict[str, seed_files.Arrays]) -> None:
    found["dense_2"]["dense_2/kernel:0"] = (4096, 2048)


def biasless(found: dict[str, seed_files.Arrays]) -> None:
    del found["block3_conv2"]["block3_conv2/bias:0"]


@pytest.mark.parametrize(
    ("damage", "difference"),
    [
        (
            lambda found: found.pop("block1_conv1"),
            "layer 1 of the 18 with weights, block1_conv1 3x3x3x64 \\+ 64, is missing: in its place is block1_conv2",
        ),
        (
            lambda found: found.pop("block5_conv1"),
            "layer 11 of .* block5_conv1 .* is missing: in its place is block5_conv2",
        ),
        (lambda found: found.pop("conv2d_2"), "stride32 8x8x3x96 \\+ 96, is missing: in its place is dense_1"),
        (lambda found: found.pop("dense_3"), "layer 18 .* embedding .* is missing: the file ends before it"),
        (narrow, "vgg_dense2 4096x4096 \\+ 4096, is another: in its place is dense_2 4096x2048 \\+ 4096"),
        (biasless, "block3_conv2 .* is another: in its place is block3_conv2 3x3x256x256\\."),
        (lambda found: found.update(dense_4={"dense_4/kernel:0": (4096, 10)}), "comes one more, dense_4 4096x10"),
    ],
)
def test_the_first_difference_is_named(tmp_path: Path, damage: Damage, difference: str) -> None:
    found = seed_files.layers()
    damage(found)
    path = seed_files.write(tmp_path / "wrong.h5", found)
    with pytest.raises(ModelFileError, match=rf"wrong\.h5 does not hold the weights of seed: .*{difference}"):
        seed_weights.check(path)


@pytest.mark.parametrize(("one", "other"), [("conv2d_1", "conv2d_2"), ("block4_conv2", "block4_conv3")])
def test_layers_listed_in_each_others_place_are_refused(tmp_path: Path, one: str, other: str) -> None:
    found = seed_files.layers()
    path = seed_files.write(tmp_path / "swapped.h5", found, seed_files.swapped(list(found), one, other))
    with pytest.raises(ModelFileError, match=f"{other}"):
        seed_weights.check(path)


def test_numbers_in_names_are_compared_as_numbers(tmp_path: Path) -> None:
    found = seed_files.layers(suffix=8)
    assert {"conv2d_9", "conv2d_10"} < found.keys()
    seed_weights.check(seed_files.write(tmp_path / "right.h5", found))
    order = seed_files.swapped(list(found), "conv2d_9", "conv2d_10")
    with pytest.raises(ModelFileError, match="conv2d_10 and conv2d_9 are swapped"):
        seed_weights.check(seed_files.write(tmp_path / "swapped.h5", found, order))


def test_groups_that_were_exchanged_are_refused(tmp_path: Path) -> None:
    found = seed_files.layers()
    found["conv2d_1"], found["conv2d_2"] = found["conv2d_2"], found["conv2d_1"]
    with pytest.raises(ModelFileError, match="conv2d_1 and conv2d_2 are swapped: each holds the arrays of the other"):
        seed_weights.check(seed_files.write(tmp_path / "swapped.h5", found))


def test_a_whole_models_strides_tell_swapped_convolutions(tmp_path: Path) -> None:
    path = seed_files.write_whole(tmp_path / "whole.h5", {"conv2d_1": 32, "conv2d_2": 16})
    with pytest.raises(ModelFileError, match=r"swapped: their strides are \[32, 16\], not \[16, 32\]"):
        seed_weights.check(path)


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.01])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: float) -> None:
    path = seed_files.write(tmp_path / "short.h5", seed_files.layers())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelFileError, match=r"short\.h5 does not hold .*truncated"):
        seed_weights.check(path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 a zip archive", b"\x89HDF\r\n"])
def test_what_is_no_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.h5").write_bytes(content)
    with pytest.raises(ModelFileError, match="no HDF5 file"):
        seed_weights.check(tmp_path / "other.h5")


def test_hdf5_that_keras_2_did_not_write_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("numbers", data=[1.0])
    with pytest.raises(ModelFileError, match="has no layer_names, which Keras 2 writes"):
        seed_weights.check(tmp_path / "other.h5")


@pytest.mark.parametrize(
    ("gone", "named"), [("dense_1", "layer dense_1 is listed"), ("dense_1/dense_1/bias:0", "bias")]
)
def test_what_is_listed_and_missing_is_named(tmp_path: Path, gone: str, named: str) -> None:
    path = seed_files.write(tmp_path / "holes.h5", seed_files.layers())
    with h5py.File(path, "a") as file:
        del file[gone]
    with pytest.raises(ModelFileError, match=named):
        seed_weights.check(path)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    path = seed_files.write(tmp_path / "nan.h5", seed_files.layers())
    write(path, "block2_conv1", "block2_conv1/bias:0", np.nan)
    with pytest.raises(ModelFileError, match="block2_conv1/bias:0 holds what is no number"):
        seed_weights.read(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no weights file .*none\.h5"):
        seed_weights.check(tmp_path / "none.h5")


def test_without_h5py_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelFileError, match=r"h5py.*pip install \"lookalike\[seed\]\""):
        seed_weights.check(tmp_path / "any.h5")


def test_reading_loads_no_tensorflow(tmp_path: Path) -> None:
    path = seed_files.write(tmp_path / "right.h5", seed_files.layers())
    probe = (
        "import sys; from lookalike_server.models import seed, seed_weights; print('h5py' in sys.modules);"
        f"seed_weights.check(__import__('pathlib').Path({str(path)!r})); print('tensorflow' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]

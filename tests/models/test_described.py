"""A user's own network: fed to the number as described, examined before it serves, and named by all that matters."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image
from tests.models.networks import FLATTEN, INTERLEAVED, PICTURE, PIXELS, unit, write_model

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import registry
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.protocol import Engine, Model

GREYS = PIXELS / 255


def load(path: Path) -> Model:
    return registry.load(f"file:{path}")


def engine(path: Path) -> Engine:
    return load(path).engine(threads=2)


def embedding(path: Path, picture: Image.Image = PICTURE) -> NDArray[np.float32]:
    model = load(path)
    vector: NDArray[np.float32] = model.engine(threads=2).embed(model.prepare(picture)[np.newaxis]).embeddings[0]
    return vector


@pytest.mark.parametrize(
    ("extra", "fed"),
    [
        ("", GREYS),
        ('colour = "BGR"', GREYS[..., ::-1]),
        ("mean = [0.5, 0.25, 0]\nstd = [2, 4, 0.5]", (GREYS - [0.5, 0.25, 0]) / [2, 4, 0.5]),
        ("mean = 0.5\nstd = 0.25", (GREYS - 0.5) / 0.25),
        ('colour = "BGR"\nmean = [0.1, 0.2, 0.3]', GREYS[..., ::-1] - [0.1, 0.2, 0.3]),
    ],
)
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_what_is_fed_is_what_is_described(layout: str, extra: str, fed: NDArray[Any], tmp_path: Path) -> None:
    path = write_model(tmp_path, extra=extra, shape=INTERLEAVED if layout == "NHWC" else None)
    path.write_text(path.read_text().replace("NCHW", layout))
    expected = unit(fed if layout == "NHWC" else fed.transpose(2, 0, 1))
    np.testing.assert_allclose(embedding(path), expected, atol=1e-6)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1, 1), (1, 0)])
def test_range_says_what_black_and_white_become(low: int, high: int, tmp_path: Path) -> None:
    path = write_model(tmp_path)
    path.write_text(path.read_text().replace("[0, 1]", f"[{low}, {high}]"))
    np.testing.assert_allclose(embedding(path), unit((low + GREYS * (high - low)).transpose(2, 0, 1)), atol=1e-6)


def test_the_numbers_of_one_pixel_by_hand(tmp_path: Path) -> None:
    """ImageNet's mean and deviation, as PyTorch's networks want them; (1 - .485) / .229 = 2.2489 and so on."""
    path = write_model(tmp_path, extra="mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]")
    first = embedding(path, Image.new("RGB", (3, 2), (255, 0, 51)))[[0, 6, 12]]
    by_hand = np.array([2.2489, -2.0357, -0.9156])
    np.testing.assert_allclose(first, by_hand / np.linalg.norm(np.repeat(by_hand, 6)), atol=1e-5)


def test_pictures_wait_as_whole_grey_levels(tmp_path: Path) -> None:
    prepared = load(write_model(tmp_path)).prepare(PICTURE)
    assert prepared.dtype == np.uint8
    np.testing.assert_array_equal(prepared, PIXELS)


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos", "box"])
def test_a_picture_is_squeezed_with_the_filter_described(
    kernel: str, photographs: list[Image.Image], tmp_path: Path
) -> None:
    model = load(write_model(tmp_path, extra=f'filter = "{kernel}"'))
    squeezed = photographs[0].resize((3, 2), Image.Resampling[kernel.upper()])
    np.testing.assert_array_equal(model.prepare(photographs[0]), np.asarray(squeezed))


def test_or_its_middle_is_cut_out_after_scaling_the_shorter_side(
    photographs: list[Image.Image], tmp_path: Path
) -> None:
    model = load(write_model(tmp_path, extra='resize = "crop"\nshorter = 32\nfilter = "bicubic"'))
    width, height = photographs[0].size
    scaled = photographs[0].resize((32 * width // height, 32), Image.Resampling.BICUBIC)
    left, top = round((scaled.width - 3) / 2), 15
    expected = np.asarray(scaled.crop((left, top, left + 3, top + 2)))
    np.testing.assert_allclose(model.prepare(photographs[0]), expected, atol=1)


def test_orientation_and_reduced_decoding_follow_the_description(tmp_path: Path) -> None:
    plain = load(write_model(tmp_path))
    other = load(write_model(tmp_path, extra='orientation = false\nresize = "crop"\nshorter = 100'))
    assert (plain.honours_orientation, plain.draft_size, plain.input_size) == (True, (6, 6), (2, 3))
    assert (other.honours_orientation, other.draft_size, other.input_size) == (False, (200, 200), (2, 3))


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_an_output_with_height_and_width_is_averaged_over_them(layout: str, tmp_path: Path) -> None:
    identity = helper.make_node("Identity", ["x"], ["y"])
    path = write_model(tmp_path, nodes=[identity], shape=INTERLEAVED if layout == "NHWC" else None)
    path.write_text(path.read_text().replace("NCHW", layout))
    assert load(path).dim == 3
    np.testing.assert_allclose(embedding(path), unit(GREYS.mean(axis=(0, 1))), atol=1e-6)


def test_the_dimension_is_what_the_network_gives(tmp_path: Path) -> None:
    assert load(write_model(tmp_path)).dim == 18
    assert load(write_model(tmp_path, extra="dim = 18")).dim == 18
    model = load(write_model(tmp_path, extra="dim = 17"))
    with pytest.raises(ModelFileError, match=r"embeddings of 18 numbers, not of 17 as dim says: correct dim"):
        model.engine(threads=1)
    with pytest.raises(ModelFileError, match="not of 17"):
        _ = model.dim


@pytest.mark.parametrize("batch", [1, "n"])
def test_a_network_for_one_picture_serves_batches(batch: int | str, tmp_path: Path) -> None:
    loaded = engine(write_model(tmp_path, shape=[batch, 3, 2, 3]))
    batched = np.stack([PIXELS, PIXELS[::-1], PIXELS[:, ::-1]])
    expected = [unit(each.transpose(2, 0, 1)) for each in batched]
    np.testing.assert_allclose(loaded.embed(batched).embeddings, expected, atol=1e-6)


def test_a_network_of_any_input_size_is_fed_the_size_described(tmp_path: Path) -> None:
    path = write_model(tmp_path, shape=["n", 3, "h", "w"])
    np.testing.assert_allclose(embedding(path), unit(GREYS.transpose(2, 0, 1)), atol=1e-6)


@pytest.mark.parametrize(("kind", "tolerance"), [(TensorProto.FLOAT16, 1e-3), (TensorProto.DOUBLE, 1e-6)])
def test_a_network_of_another_precision_is_fed_in_its_own(kind: int, tolerance: float, tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.FLOAT), *_flatten("wide")]
    path = write_model(tmp_path, nodes=nodes, kind=kind)
    np.testing.assert_allclose(embedding(path), unit(GREYS.transpose(2, 0, 1)), atol=tolerance)


def test_a_network_that_takes_grey_levels_is_fed_them_as_they_are(tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.FLOAT), *_flatten("wide")]
    path = write_model(tmp_path, nodes=nodes, kind=TensorProto.UINT8)
    with pytest.raises(ModelFileError, match=r"uint8.*write range = \[0, 255\], and no mean or std"):
        engine(path)
    path.write_text(path.read_text().replace("[0, 1]", "[0, 255]"))
    np.testing.assert_allclose(embedding(path), unit(PIXELS.transpose(2, 0, 1)), atol=1e-6)


def test_of_several_outputs_one_must_be_chosen(tmp_path: Path) -> None:
    nodes = [FLATTEN, helper.make_node("Neg", ["y"], ["z"])]
    options: dict[str, Any] = {"nodes": nodes, "outputs": ["y", "z"]}
    with pytest.raises(ModelFileError, match=r"has the outputs y, z: say which by output ="):
        engine(write_model(tmp_path, **options))
    with pytest.raises(ModelFileError, match=r"has the outputs y, z; there is no 'logits'"):
        engine(write_model(tmp_path, extra='output = "logits"', **options))
    chosen = embedding(write_model(tmp_path, extra='output = "z"\ninput = "x"', **options))
    np.testing.assert_allclose(chosen, unit(-GREYS.transpose(2, 0, 1)), atol=1e-6)


def test_a_picture_without_an_embedding_does_not_cost_its_neighbours_theirs(tmp_path: Path) -> None:
    loaded = engine(write_model(tmp_path))
    embeddings = loaded.embed(np.stack([np.zeros_like(PIXELS), PIXELS])).embeddings
    assert not embeddings[0].any()
    assert np.linalg.norm(embeddings[1]) == pytest.approx(1)


def _flatten(source: str) -> list[Any]:
    return [helper.make_node("Flatten", [source], ["y"], axis=1)]


def _noise(strength: float) -> list[Any]:
    """`x` and random numbers of that deviation, as a dropout that was left on."""
    noise = helper.make_node("RandomNormalLike", ["x"], ["noise"], scale=strength)
    return [noise, helper.make_node("Add", ["x", "noise"], ["sum"]), *_flatten("sum")]


def _then(operator: str, *inputs: str, **attributes: Any) -> list[Any]:
    return [helper.make_node(operator, [*inputs], ["done"], **attributes), *_flatten("done")]


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"nodes": _noise(0.01)}, "not deterministic, .* apart the second time: is dropout or a random"),
        ({"nodes": _then("Log", "x")}, "NaN or infinity: do range, mean and std fit"),
        ({"nodes": _then("Mul", "x", "w"), "weights": {"w": np.float32(0)}}, "says the same of every picture"),
        ({"nodes": _then("Reshape", "x", "s"), "weights": {"s": np.array([5])}}, "fails on pictures of this size"),
        (
            {"nodes": [helper.make_node("Reshape", ["x", "s"], ["y"])], "weights": {"s": np.array([1, 9, 2])}},
            r"\[4, 9, 2\] for 4",
        ),
        (
            {"nodes": [helper.make_node("Reshape", ["x", "s"], ["y"])], "weights": {"s": np.array([2, 9])}},
            r"\[8, 9\] for 4",
        ),
        ({"shape": INTERLEAVED}, r"takes \[n, 2, 3, 3\], and would be fed \[n, 3, 2, 3\]: correct size or layout"),
        ({"shape": ["n", 3, 3, 2]}, r"takes \[n, 3, 3, 2\], and would be fed"),
        ({"shape": [8, 3, 2, 3]}, r"takes \[8, 3, 2, 3\], and would be fed"),
        ({"shape": ["n", 18]}, r"takes \[n, 18\]"),
        ({"kind": TensorProto.INT64, "nodes": _then("Cast", "x", to=1)}, r"takes tensor\(int64\), no pixels"),
    ],
    ids=["random", "nan", "constant", "fails", "3-d", "rows", "layout", "size", "batch", "flat", "type"],
)
def test_a_network_that_cannot_serve_is_refused_with_the_reason(
    network: dict[str, Any], words: str, tmp_path: Path
) -> None:
    model = load(write_model(tmp_path, **network))
    with pytest.raises(ModelFileError, match=words):
        model.engine(threads=2)


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_a_damaged_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = write_model(tmp_path)
    file = tmp_path / "own.onnx"
    file.write_bytes(file.read_bytes()[:60] if content is None else content)
    with pytest.raises(ModelFileError, match=r"ONNX Runtime cannot load .*own\.onnx"):
        engine(path)


def test_it_runs_in_one_engine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(write_model(tmp_path))
    assert list(model.engines()) == ["onnx"]
    assert model.engine("onnx", threads=1).name == "onnx"
    with pytest.raises(EngineMissing, match=r"own\.onnx runs in the engine 'onnx' only, not in 'tensorflow'"):
        model.engine("tensorflow", threads=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert list(model.engines()) == []
    with pytest.raises(EngineMissing, match=r"needs onnxruntime.*pip install"):
        model.engine(threads=1)


def test_its_id_is_of_the_name_all_that_shapes_an_embedding_and_the_decoder(tmp_path: Path) -> None:
    first = load(write_model(tmp_path)).id
    assert first.startswith("own-")
    assert first.endswith(f"-p1-{decoder_tag()}")
    assert load(tmp_path / "own.onnx").id == first
    changes = ["mean = 0.5", "std = 2", 'colour = "BGR"', 'filter = "box"', 'resize = "crop"\nshorter = 3']
    changes += ["orientation = false", 'output = "y"', 'name = "other"']
    ids = {load(write_model(tmp_path, extra=extra)).id for extra in changes}
    ids.add(load(write_model(tmp_path, nodes=_then("Neg", "x"))).id)
    assert len(ids | {first}) == 1 + len(changes) + 1
    for extra in ["", "# a word", "mean = 0\ndim = 18", 'colour = "RGB"', 'name = "own"']:
        assert load(write_model(tmp_path, extra=extra)).id == first


@pytest.mark.parametrize("length", [11, 127, 128, 200])
def test_weights_beside_the_file_are_part_of_the_id(length: int, tmp_path: Path) -> None:
    name = "w" * (length - 8) + ".weights"

    def saved(factor: float) -> str:
        weights = {"w": np.full((3, 2, 3), factor, np.float32)}
        external: dict[str, Any] = {"save_as_external_data": True, "location": name, "size_threshold": 0}
        (tmp_path / name).unlink(missing_ok=True)
        path = write_model(tmp_path, nodes=_then("Mul", "x", "w"), weights=weights, **external)
        assert np.linalg.norm(embedding(path)) == pytest.approx(1)
        return load(path).id

    assert saved(2) == saved(2) != saved(3)


def test_weights_in_a_file_of_an_impossible_name_are_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    entry = b"\x0a\x08location\x12\xac\x02" + 300 * b"w"
    (tmp_path / "own.onnx").write_bytes((tmp_path / "own.onnx").read_bytes() + entry)
    with pytest.raises(ModelFileError, match=r"own\.onnx names a file of weights that cannot be looked for"):
        load(path)


@pytest.mark.parametrize("model", ["file:~nosuchuser/own.toml", "seed:~nosuchuser/weights.h5"])
def test_the_home_folder_of_nobody_is_refused(model: str) -> None:
    with pytest.raises(ModelFileError, match=r"~nosuchuser/.* is in no home folder .*: write the whole path"):
        registry.load(model)


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_model(tmp_path)
    assert registry.load("file:~/own.toml").name == "own"

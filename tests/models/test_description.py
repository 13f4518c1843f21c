"""The TOML beside a user's network: whatever is wrong with it is named, with what to write instead."""

from pathlib import Path

import pytest
from tests.models.networks import TOML, write_model, write_onnx, write_toml

from lookalike_server.errors import ModelFileError
from lookalike_server.models import registry
from lookalike_server.models.description import ClassifierDescription, ModelDescription


def test_the_least_that_it_says_and_what_follows_from_it(tmp_path: Path) -> None:
    read = ModelDescription.read(write_model(tmp_path))
    assert (read.name, read.file, read.size, read.layout) == ("own", tmp_path / "own.onnx", (2, 3), "NCHW")
    assert (read.range, read.mean, read.std, read.colour) == ((0, 1), (0, 0, 0), (1, 1, 1), "RGB")
    assert (read.resize, read.filter, read.orientation, read.dim) == ("squeeze", "bilinear", True, 0)


def test_all_that_it_can_say(tmp_path: Path) -> None:
    write_onnx(tmp_path / "net.onnx")
    toml = write_toml(
        tmp_path / "full.toml",
        'name = "Mine_2.1-b"\nfile = "net.onnx"\nsize = 5\nlayout = "NHWC"\nrange = [-1, 1.5]\nmean = 2\n'
        'std = [1, 2.5, 3]\ncolour = "BGR"\nresize = "crop"\nshorter = 6\nfilter = "lanczos"\ninput = "x"\n'
        'output = "y"\norientation = false\ndim = 4\n',
    )
    assert ModelDescription.read(toml) == ModelDescription(
        name="Mine_2.1-b",
        file=tmp_path / "net.onnx",
        size=(5, 5),
        layout="NHWC",
        range=(-1.0, 1.5),
        mean=(2.0, 2.0, 2.0),
        std=(1.0, 2.5, 3.0),
        colour="BGR",
        resize="crop",
        shorter=6,
        filter="lanczos",
        input="x",
        output="y",
        orientation=False,
        dim=4,
    )


@pytest.mark.parametrize("name", ["own.onnx", "own.keras", "own", "own.v2"])
def test_it_lies_beside_the_networks_file(name: str, tmp_path: Path) -> None:
    network = tmp_path / name
    network.mkdir() if name in {"own", "own.v2"} else network.touch()
    write_toml(tmp_path / ("own.v2.toml" if name == "own.v2" else "own.toml"))
    assert ModelDescription.read(network).file == network


def test_it_may_lie_elsewhere_and_name_the_file_from_there(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    write_onnx(tmp_path / "nets" / "a.onnx")
    toml = write_toml(tmp_path / "mine.toml", TOML + 'file = "nets/a.onnx"')
    assert ModelDescription.read(toml).file == tmp_path / "nets" / "a.onnx"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("colour_order = 1", "there is no key 'colour_order': did you mean colour?"),
        ("weights = 1", "there is no key 'weights', but name, file, size"),
        ('labels = "x"', "there is no key 'labels'"),
        ("name = 5", 'name cannot be 5: write name = "my-model"'),
        ('name = "a b"', "name cannot be 'a b'"),
        ("file = 5", 'file cannot be 5: write file = "model.onnx"'),
        ('file = "gone.onnx"', r"file names .*gone\.onnx, which is not there: give its path"),
        ('file = "own.toml"', r"file is own\.toml: give \"model\.onnx\", or a \.keras file"),
        ("size = 0", r"size cannot be 0: write size = \[224, 224\]"),
        ("size = [2, 3, 3]", r"size cannot be \[2, 3, 3\]"),
        ("size = 2.5", "size cannot be 2.5"),
        ("size = true", "size cannot be True"),
        ('layout = "HWC"', 'layout cannot be \'HWC\': write layout = "NHWC" or "NCHW"'),
        ("range = 255", r"range cannot be 255: write range = \[0, 1\]"),
        ("range = [1, 1]", r"range cannot be \[1, 1\]"),
        ("range = [0, nan]", "range cannot be"),
        ("mean = [1, 2]", r"mean cannot be \[1, 2\]: write mean = \[0\.485"),
        ("mean = inf", "mean cannot be inf"),
        ("std = 0", "std cannot be 0: write std = .*above 0"),
        ('colour = "rgb"', 'colour cannot be \'rgb\': write colour = "RGB" or "BGR"'),
        ('resize = "pad"', 'resize cannot be \'pad\': write resize = "squeeze" or "crop"'),
        ('resize = "crop"', 'resize = "crop" needs shorter, of 3 pixels or more'),
        ('resize = "crop"\nshorter = 2', 'resize = "crop" needs shorter, of 3 pixels or more'),
        ("shorter = 256", 'shorter goes with resize = "crop": add that, or remove shorter'),
        ("shorter = -1", "shorter cannot be -1"),
        (
            'filter = "nearest"',
            'filter cannot be \'nearest\': write filter = "bilinear" or "bicubic" or "lanczos" or "box"',
        ),
        ("input = 0", "input cannot be 0"),
        ('output = ""', "output cannot be ''"),
        ("orientation = 1", "orientation cannot be 1: write orientation = true or false"),
        ('dim = "512"', "dim cannot be '512': write dim = 512"),
    ],
)
def test_what_cannot_be_is_named_with_what_can(line: str, words: str, tmp_path: Path) -> None:
    write_onnx(tmp_path / "own.onnx")
    key = line.partition(" ")[0]
    rest = [each for each in [*TOML.splitlines(), 'file = "own.onnx"'] if not each.startswith(f"{key} ")]
    toml = write_toml(tmp_path / "own.toml", "\n".join([*rest, line]))
    with pytest.raises(ModelFileError, match=rf"own\.toml: {words}"):
        registry.load(f"file:{toml}")


@pytest.mark.parametrize("key", ["file", "size", "layout", "range"])
def test_what_is_missing_is_named_with_an_example(key: str, tmp_path: Path) -> None:
    lines = (TOML + 'file = "own.onnx"').splitlines()
    toml = write_toml(tmp_path / "own.toml", "\n".join(line for line in lines if not line.startswith(key)))
    write_onnx(tmp_path / "own.onnx")
    with pytest.raises(ModelFileError, match=f"{key} is missing: add {key} = "):
        ModelDescription.read(toml)


@pytest.mark.parametrize(("key", "line"), [("labels", "softmax = true"), ("softmax", 'labels = "labels.txt"')])
def test_a_classifier_needs_labels_and_must_say_what_its_outputs_are(key: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("a\nb")
    with pytest.raises(ModelFileError, match=f"{key} is missing: add {key} = "):
        ClassifierDescription.read(write_model(tmp_path, extra=line))


def test_labels_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"labels names .*names\.txt, which is not there"):
        ClassifierDescription.read(write_model(tmp_path, extra='labels = "names.txt"\nsoftmax = true'))


def test_a_description_of_another_file_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, "other")
    network = write_onnx(tmp_path / "own.onnx")
    write_toml(tmp_path / "own.toml", TOML + 'file = "other.onnx"')
    with pytest.raises(ModelFileError, match=r"file is not own\.onnx: remove file, or ask for the model by this TOML"):
        ModelDescription.read(network)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("", "file needs a path, such as file:"),
        (":", "file needs a path, such as file:"),
        (":own.toml", r"There is no .*own\.toml: describe the network"),
        (":own.onnx", r"There is no .*own\.toml: describe the network"),
        (":broken.toml", r"Cannot read .*broken\.toml"),
        (":folder.toml", r"Cannot read .*folder\.toml"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(
    argument: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_toml(tmp_path / "broken.toml", "size = ")
    (tmp_path / "folder.toml").mkdir()
    write_onnx(tmp_path / "own.onnx")
    with pytest.raises(ModelFileError, match=words):
        registry.load(f"file{argument}")


def test_a_number_beyond_all_floats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"mean cannot be 9+: write mean = "):
        ModelDescription.read(write_model(tmp_path, extra=f"mean = {'9' * 400}"))


def test_lists_too_deep_to_read_are_refused(tmp_path: Path) -> None:
    toml = write_toml(tmp_path / "deep.toml", f"mean = {'[' * 5000}{']' * 5000}")
    with pytest.raises(ModelFileError, match="Cannot read"):
        ModelDescription.read(toml)

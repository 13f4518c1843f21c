"""Training by the command: what it writes has learned, is served, and a killed run goes on."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.shell import lookalike
from tests.cli.shell import start as begin
from tests.pictures import encoded
from tests.training.patterns import KINDS, pattern, write_patterns, write_tints

from lookalike import Client
from lookalike_server.commands import main
from lookalike_server.config import Settings
from lookalike_server.errors import LookalikeError
from lookalike_server.models.architecture import Architecture
from lookalike_server.testing import serve
from lookalike_server.training.embedding import Embedder
from lookalike_server.training.folder import find, set_aside
from lookalike_server.training.metrics import retrieval

pytestmark = pytest.mark.timeout(400)  # processes that train, beside whatever else a machine has to do

EACH = 30
RECIPE = {
    "epochs": 6,
    "triplets": 8,
    "rate": 0.004,
    "dropout": 0.1,
    "patience": 6,
    "exam_copies": 6,
    "small_epochs": 2,
    "small_size": 64,
    "weights": {"kinds": 3, "copies": 0.2},
}
MODEL = ("--backbone", "tiny", "--dim", 32, "--input-size", 112, "--threads", 2)


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("tensorflow", "tf2onnx"):
        pytest.importorskip(package)
    return write_patterns(tmp_path_factory.mktemp("train") / "patterns", EACH)


@pytest.fixture(scope="module")
def recipe(patterns: Path) -> Path:
    path = patterns.parent / "recipe.json"
    path.write_text(json.dumps(RECIPE))
    return path


@pytest.fixture(scope="module")
def trained(patterns: Path, recipe: Path) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """A model's folder, and what the command said."""
    out = patterns.parent / "model"
    done = lookalike("train", patterns, "--scenes", patterns, "--recipe", recipe, "--out", out, *MODEL, "--json")
    assert done.returncode == 0, done.stderr
    return out, done


def described(model: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((model / "model.json").read_text())
    return found


def found_aside(model: str, folder: Path) -> float:
    """Mean average precision of a served model among the pictures set aside."""
    pictures = find([folder])
    aside = [each for each, chosen in zip(pictures, set_aside(pictures), strict=True) if chosen]
    embeddings = Embedder(model, Settings(threads=1)).files([each.path for each in aside]).embeddings
    kinds = np.unique([each.kind for each in aside], return_inverse=True)[1]
    return retrieval(embeddings, kinds).mean_average_precision


@pytest.mark.slow
def test_pictures_set_aside_are_found_better_than_before(
    trained: tuple[Path, "subprocess.CompletedProcess[str]"], patterns: Path
) -> None:
    model, _ = trained
    metrics = described(model)["metrics"]
    untrained, validated = (each["mAP patterns"] for each in (metrics["history"][0], metrics["validation"]))
    assert validated > untrained + 0.2
    assert found_aside(f"deepranking:{model}", patterns) == pytest.approx(validated, abs=0.03)


@pytest.mark.slow
def test_it_tells_scenes_and_is_served(trained: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    model, _ = trained
    unseen = [encoded(pattern(kind, 1000 + number)) for kind in KINDS for number in range(4)]
    with serve(model=f"deepranking:{model}") as target, Client(target) as looks:
        for progress in looks.import_images(unseen, collection="new"):
            assert progress.error is None
        told = [looks.search(each, collection="new", limit=1)[0].image.scenes for each in unseen]
    assert {scene.name for scenes in told for scene in scenes} == set(KINDS)
    right = [scenes[0].name == KINDS[place // 4] for place, scenes in enumerate(told)]
    assert sum(right) > 0.7 * len(unseen)


@pytest.mark.slow
def test_it_says_how_it_was_trained(trained: tuple[Path, "subprocess.CompletedProcess[str]"], tmp_path: Path) -> None:
    from lookalike_server.training.recipe import read  # noqa: PLC0415

    model, _ = trained
    told = described(model)
    again = tmp_path / "again.json"
    again.write_text(json.dumps(told["hyper_parameters"]))
    assert read(again).as_json() == told["hyper_parameters"]
    assert told["hyper_parameters"]["rate"] == RECIPE["rate"]
    assert [each["epoch"] for each in told["metrics"]["history"]] == list(range(7))
    assert told["architecture"]["scenes"] == sorted(KINDS)
    assert told["architecture"]["temperature"] != 1


@pytest.mark.slow
def test_nothing_but_the_model_is_left(trained: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    assert sorted(path.name for path in trained[0].iterdir()) == ["graph.onnx", "model.json", "weights.npz"]


@pytest.mark.slow
def test_progress_and_nothing_else_is_said_on_standard_error(
    trained: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    model, done = trained
    lines = done.stderr.splitlines()
    ours = ("reading pictures", "relevance", "epoch ", "validation", "after epoch", "the best weights", "principal")
    assert [line for line in lines if not line.startswith(ours)] == []
    assert any(line.startswith("epoch 6 of 6  [########################]") and "took" in line for line in lines)
    report = json.loads(done.stdout)
    assert report["model"] == str(model)
    assert report["mAP patterns"] == described(model)["metrics"]["validation"]["mAP patterns"]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_another_recipe_does_not(patterns: Path, recipe: Path, tmp_path: Path) -> None:
    command = ("train", patterns, "--recipe", recipe, "--out", tmp_path, *MODEL)
    with begin(*command) as run:
        assert run.stderr is not None
        # The checkpoint is on disk when the line of the next epoch comes.
        assert any(line.startswith("epoch 2 ") for line in run.stderr)
        run.send_signal(signal.SIGKILL)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert {"best.npz", "epoch-0001.ckpt"} <= set(kept)
    refused = lookalike(*command, "--seed", 5)
    assert refused.returncode == 1
    assert "is of a run with another recipe: name another --out, or remove it" in refused.stderr
    torn = max((tmp_path / "checkpoints").glob("epoch-*.ckpt"))
    torn.write_bytes(torn.read_bytes()[:-100])
    done = lookalike(*command)
    assert done.returncode == 0, done.stderr
    assert f"{torn} is damaged and passed over" in done.stderr
    assert "going on after epoch" in done.stderr
    assert "Try it: lookalike serve --model deepranking:" in done.stdout
    assert [each["epoch"] for each in described(tmp_path)["metrics"]["history"]] == list(range(7))


@pytest.mark.slow
def test_heads_on_imagenet_features_learn_kinds(tmp_path: Path) -> None:
    tints, path = write_tints(tmp_path / "tints", EACH), tmp_path / "recipe.json"
    weights = {"kinds": 3, "copies": 0.2, "neighbours": 0.2}
    path.write_text(json.dumps({"head_epochs": 20, "head_triplets": 16, "exam_copies": 10, "weights": weights}))
    size = ("--dim", 64, "--input-size", 128)
    done = lookalike("train", tints, "--recipe", path, "--epochs", 0, *size, "--out", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    (only,) = described(tmp_path / "model")["metrics"]["history"]
    assert only["epoch"] == 0
    assert found_aside(f"deepranking:{tmp_path}/model", tints) > found_aside("efficientnet-lite0", tints) + 0.1


def refused(folder: Path, out: Path, architecture: Architecture, **given: Any) -> str:
    """What is said of a run that cannot begin."""
    from lookalike_server.training.recipe import Recipe  # noqa: PLC0415
    from lookalike_server.training.train import train  # noqa: PLC0415

    with pytest.raises(LookalikeError) as caught:
        train([folder], out, architecture, Recipe(), **given)
    return caught.value.message


def test_what_cannot_be_trained_is_said_in_a_sentence(patterns: Path, tmp_path: Path) -> None:
    out, tiny = tmp_path / "model", Architecture(backbone="tiny", input_size=(64, 64))
    assert "is none of the folders" in refused(patterns, out, tiny, scenes=tmp_path)
    assert "take 112, 128, 224 or 256" in refused(patterns, out, tiny)
    assert "no 'vgg99'" in refused(patterns, out, Architecture(backbone="vgg99"))
    assert not out.exists()


@pytest.mark.slow
def test_a_finished_model_is_not_trained_over(
    trained: tuple[Path, "subprocess.CompletedProcess[str]"], patterns: Path
) -> None:
    assert "holds a finished model: name another" in refused(patterns, trained[0], Architecture(backbone="tiny"))


def test_without_tensorflow_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main(["train", str(tmp_path), "--out", str(tmp_path / "model")]) == 1
    assert 'pip install "lookalike[train]"' in capsys.readouterr().err


def test_the_command_says_what_is_wrong(patterns: Path, tmp_path: Path) -> None:
    done = lookalike("train", patterns, "--out", tmp_path / "model", "--recipe", tmp_path / "none.json")
    assert done.returncode == 1
    assert "none.json cannot be read" in done.stderr
    assert "Traceback" not in done.stderr

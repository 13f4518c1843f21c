"""Models are compared on the same pictures, and the figures are those that the metrics give."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.cli.shell import lookalike

from lookalike_server.config import Settings
from lookalike_server.errors import TrainingDataError
from lookalike_server.models.architecture import Architecture
from lookalike_server.models.protocol import Outputs
from lookalike_server.pipeline.formats.scans import START_OF_SCAN
from lookalike_server.training import evaluate as room
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.embedding import Embedder
from lookalike_server.training.evaluate import Figures, evaluate
from lookalike_server.training.folder import find
from lookalike_server.training.material import Taste
from lookalike_server.training.metrics import retrieval
from lookalike_server.training.report import said, table, tables

SETTINGS = Settings(threads=2)


@pytest.fixture(scope="module")
def report(places: Path) -> Figures:
    models = ["tiny", "efficientnet-lite0"]
    return evaluate(models, [places], SETTINGS, everything=True, triplets=500, copies=12)


def test_it_tells_what_was_asked(report: Figures, places: Path) -> None:
    material = report["material"]
    assert material["folders"] == [{"folder": str(places), "pictures": 60, "kinds": 4, "triplets": 500}]
    assert (material["originals"], material["copies"], material["share"]) == (12, 120, 1.0)
    (unreadable,) = material["unreadable"]
    assert "broken.jpg" in unreadable


def test_models_are_named_by_spec_and_id(report: Figures) -> None:
    assert [model["model"] for model in report["models"]] == ["tiny", "efficientnet-lite0"]
    assert [model["id"].split("-")[0] for model in report["models"]] == ["tiny", "efficientnet"]


def test_retrieval_is_of_the_models_embeddings(report: Figures, places: Path) -> None:
    pictures = [picture for picture in find([places]) if picture.path.suffix == ".png"]
    embeddings = Embedder("tiny", SETTINGS).files([picture.path for picture in pictures]).embeddings
    kinds = np.unique([picture.kind for picture in pictures], return_inverse=True)[1]
    (figures,) = report["models"][0]["folders"]
    assert figures["mean_average_precision"] == pytest.approx(retrieval(embeddings, kinds).mean_average_precision)
    assert figures["queries"] == 60


def test_every_figure_is_there_and_in_its_range(report: Figures) -> None:
    for model in report["models"]:
        (figures,) = model["folders"]
        assert 0.25 < figures["mean_average_precision"] <= 1
        assert 0.5 < figures["similarity_precision"] <= 1
        assert 0 < figures["score_at_30"] <= 500
        assert 0 < model["copies"]["recall_at_1"] <= 1
        assert set(model["copies"]["recall_at_1_by_alteration"]) == set(ALTERATIONS)
        mean = np.mean(list(model["copies"]["recall_at_1_by_alteration"].values()))
        assert mean == pytest.approx(model["copies"]["recall_at_1"])


def test_the_better_network_ranks_triplets_better(report: Figures) -> None:
    tiny, efficientnet = (model["folders"][0]["similarity_precision"] for model in report["models"])
    assert efficientnet > tiny


def test_a_model_without_scenes_has_no_figures_of_scenes(report: Figures) -> None:
    assert report["models"][0]["folders"][0]["scenes"] is None


def test_the_same_is_asked_every_time(report: Figures, places: Path) -> None:
    again = evaluate(["tiny"], [places], SETTINGS, everything=True, triplets=500, copies=12)
    assert again["material"] == report["material"]
    assert again["models"][0] == report["models"][0]


def test_by_default_the_pictures_set_aside_are_asked(places: Path) -> None:
    found = evaluate(["tiny"], [places], SETTINGS, triplets=50, copies=0)
    assert found["material"]["share"] == 0.2
    assert found["material"]["folders"][0]["pictures"] == 12
    assert found["models"][0]["copies"] is None


def test_folders_are_judged_apart(places: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for kind in ("beach", "snow"):
        shutil.copytree(places / kind, other / kind)
    found = evaluate(["tiny"], [places, other], SETTINGS, everything=True, triplets=50, copies=100)
    assert [each["pictures"] for each in found["material"]["folders"]] == [60, 30]
    assert [each["queries"] for each in found["models"][0]["folders"]] == [60, 30]
    assert found["material"]["originals"] == 60, "the copies of pictures are no originals of their own"


def test_pictures_that_the_server_refuses_are_told_and_not_asked_with(places: Path, tmp_path: Path) -> None:
    shutil.copytree(places, tmp_path / "places")
    scans, large = tmp_path / "places/beach/scans.jpg", tmp_path / "places/beach/large.png"
    Image.new("RGB", (20, 10)).save(scans, "JPEG", progressive=True)
    scans.write_bytes(scans.read_bytes() + 201 * START_OF_SCAN)
    Image.new("RGB", (200, 120)).save(large)
    limits = Settings(threads=2, max_image_pixels=160 * 120)
    found = evaluate(["tiny"], [tmp_path / "places"], limits, everything=True, triplets=20, copies=100)["material"]
    assert found["folders"][0]["pictures"] == found["originals"] == 60
    told = {Path(line.split(": ")[0]).name: line for line in found["unreadable"]}
    assert set(told) == {"broken.jpg", "scans.jpg", "large.png"}
    assert "JPEG scans" in told["scans.jpg"]
    assert "24,000 pixels, over the limit" in told["large.png"]


@pytest.mark.parametrize("asked", [{"triplets": -1}, {"copies": -1}])
def test_less_than_nothing_cannot_be_asked(places: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(TrainingDataError, match="give 0 at least of each"):
        evaluate(["tiny"], [places], SETTINGS, **asked)


def test_kinds_of_one_picture_give_copies_alone(places: Path, tmp_path: Path) -> None:
    for kind in ("beach", "snow"):
        (tmp_path / kind).mkdir()
        shutil.copy(places / kind / "00.png", tmp_path / kind)
    found = evaluate(["tiny"], [tmp_path], SETTINGS, everything=True, copies=2)
    (figures,) = found["models"][0]["folders"]
    assert figures["mean_average_precision"] is figures["similarity_precision"] is figures["score_at_30"] is None
    assert found["models"][0]["copies"]["recall_at_1"] > 0
    assert "NaN" not in json.dumps(found)
    assert "| -" in tables(found)


def test_nothing_set_aside_says_to_try_all(places: Path, tmp_path: Path) -> None:
    (tmp_path / "snow").mkdir()
    shutil.copy(places / "snow" / "00.png", tmp_path / "snow")
    with pytest.raises(TrainingDataError, match="--all"):
        evaluate(["tiny"], [tmp_path], SETTINGS)


def test_scenes_are_judged_on_pictures_of_kinds_that_the_model_knows() -> None:
    taste = Taste(Path("places"), np.array([1, 2, 3]), ("cave", "snow"), np.array([1, 0, 1]), np.empty((0, 3), int))
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.6, 0.4]], np.float32)
    outputs = Outputs(np.zeros((4, 2), np.float32), probabilities)
    found = room._of_scenes(taste, outputs, ("beach", "snow"))
    # Pictures 1 and 3 show snow: told with .8, and missed with .4 against .6.
    assert found == {
        "pictures": 2,
        "top_1": 0.5,
        "top_5": 1.0,
        "calibration_error": pytest.approx((0.2 + 0.6) / 2),
    }
    assert room._of_scenes(taste, outputs, ("city", "river")) is None


def test_a_model_that_tells_scenes_is_judged_by_them(places: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    from lookalike_server.models import keras_deepranking  # noqa: PLC0415
    from lookalike_server.training import bundle  # noqa: PLC0415

    architecture = Architecture(backbone="tiny", dim=8, input_size=(112, 112), scenes=("forest", "harbour", "snow"))
    network = keras_deepranking.build(architecture)
    bundle.save(network, tmp_path, architecture, hyper_parameters={}, metrics={})
    found = evaluate([f"deepranking:{tmp_path}"], [places], SETTINGS, everything=True, triplets=10, copies=0)
    scenes = found["models"][0]["folders"][0]["scenes"]
    assert scenes["pictures"] == 30, "of forest and of snow"
    assert scenes["top_5"] == 1
    assert "| top-1 |" in tables(found)


def test_tables_show_each_model_on_each_folder(report: Figures) -> None:
    lines = tables(report).splitlines()
    assert sum(line.startswith("| tiny ") for line in lines) == 2
    assert any("mAP" in line and "score at 30" in line for line in lines)
    assert any(line.startswith("left out: ") and "broken.jpg" in line for line in lines)
    scenes = {"pictures": 3, "top_1": 0.5, "top_5": 0.75, "calibration_error": 0.031}
    report["models"][0]["folders"][0]["scenes"] = scenes
    assert "0.031" in tables(report)
    report["models"][0]["folders"][0]["scenes"] = None


def test_columns_are_aligned() -> None:
    assert table(["model", "figure"], [["tiny", "1"], ["efficientnet", "12.5"]]).splitlines() == [
        "| model        | figure |",
        "| ------------ | -----: |",
        "| tiny         |      1 |",
        "| efficientnet |   12.5 |",
    ]


def test_figures_are_said() -> None:
    assert [said(value) for value in (None, 12345, 0.12345)] == ["-", "12,345", "0.123"]
    assert room.figure(math.nan) is None


def test_the_command_prints_tables_and_progress(places: Path) -> None:
    done = lookalike("evaluate", "tiny", places, "--all", "--copies", "3", "--triplets", "20", "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "| tiny " in done.stdout
    assert "copies: 30 of 3" in done.stdout
    assert "60/60" in done.stderr


def test_the_command_prints_json_of_several_models(places: Path) -> None:
    done = lookalike(
        "evaluate", "tiny", places, "--against", "efficientnet-lite0", "--copies", "0", "--triplets", "20", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert [model["model"] for model in json.loads(done.stdout)["models"]] == ["tiny", "efficientnet-lite0"]


def test_wrong_usage_is_told_by_the_command() -> None:
    done = lookalike("evaluate", "tiny", "photos", "--set-aside", "--all")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: lookalike evaluate ")


@pytest.mark.parametrize(
    ("arguments", "words"), [(("no-such-model", "."), "no-such-model"), (("tiny", "/nowhere"), "/nowhere")]
)
def test_the_command_says_what_is_wrong(arguments: tuple[str, ...], words: str) -> None:
    done = lookalike("evaluate", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr

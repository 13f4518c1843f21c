"""The documents tell the truth: their code runs, their links lead somewhere, their tables are complete."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from tests.pictures import write_pictures

from lookalike_server.config import Settings
from lookalike_server.metrics import Metrics
from lookalike_server.models import registry
from lookalike_server.models.description import ClassifierDescription, ModelDescription
from lookalike_server.models.keys import KEYS
from lookalike_server.pipeline.admission import Admission, Bounds
from lookalike_server.pipeline.cost import CostModel
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.waiting import Rules, WaitingRoom
from lookalike_server.testing import serve
from lookalike_server.training import recipe
from lookalike_server.training.recipe import Recipe, Weights
from lookalike_server.training.triplets import Rules as Sampling

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])


EMBEDDED = 'sha256, vector, model_id = "ab" * 32, looks.embed(data).vector, looks.server_info().models[0].id'
"""What the SDK's example of ready embeddings takes for given."""


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the examples expect it."""
    write_pictures(tmp_path / "photos", range(12))
    write_pictures(tmp_path / "tests", range(1))[0].rename(tmp_path / "tests" / "a.png")
    (tmp_path / "query.jpg").write_bytes((tmp_path / "photos" / "0003.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readmes_example_runs(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("README.md", "python")
    with serve() as target:
        exec(example.replace("localhost:50051", target), {})  # noqa: S102 - our own example
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12 + 10
    assert lines[12].startswith("1 0.0 ")
    assert lines[12].endswith("photos/0003.png")


def test_every_hyper_parameter_and_part_of_the_loss_is_described(tmp_path: Path) -> None:
    document = (ROOT / "docs" / "training.md").read_text()
    for each in (*fields(Recipe), *fields(Weights), *fields(Sampling)):
        assert f"`{each.name}`" in document, each.name
    (example,) = blocks("docs/training.md", "json")
    (tmp_path / "recipe.json").write_text(example)
    assert recipe.read(tmp_path / "recipe.json") != Recipe()


def test_the_sdks_examples_run(workplace: Path) -> None:
    *examples, testing = blocks("docs/sdk.md", "python")
    names: dict[str, object] = {"data": (workplace / "photos" / "0001.png").read_bytes()}
    exec("from datetime import UTC, datetime; last_week = datetime(2020, 1, 1, tzinfo=UTC)", names)  # noqa: S102
    with serve(model="tiny,tiny:32") as target:
        exec(examples[0].replace("localhost:50051", target), names)  # noqa: S102
        exec(f"looks = Client({target!r})", names)  # noqa: S102
        exec(EMBEDDED, names)  # noqa: S102
        for example in examples[1:]:
            exec(example, names)  # noqa: S102
        exec("looks.close()", names)  # noqa: S102
    exec(testing + "\ntest_my_tool()", {})  # noqa: S102


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


def test_the_readme_fits_two_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_operators_find_every_setting_and_metric() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    for name in Settings.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in text
    metrics = Metrics()
    limits: dict[str, Any] = {"threads": 1, "max_bytes": 1, "max_pixels": 1}
    room, decoder = WaitingRoom(Rules(), CostModel()), Decoder(registry.load("tiny"), **limits)
    metrics.watch([(room, decoder, Admission(Bounds()))])
    for name in re.findall(r"^# TYPE (\w+) ", generate_latest(metrics.registry).decode(), re.MULTILINE):
        assert name.removesuffix("_created") in text, name


def test_the_house_has_the_rooms_that_the_page_names() -> None:
    text = (ROOT / "docs" / "house.md").read_text()
    for name in re.findall(r"`([\w/]+\.py)`", text):
        assert (ROOT / name).exists() or list((ROOT / "server").glob(f"**/{name}")), name


def test_the_descriptions_of_networks_are_complete_and_their_keys_are_all_told(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "models.md").read_text()
    for key in KEYS:
        assert f"`{key}`" in page, key
    (tmp_path / "vgg16").mkdir()
    for name in ("resnet50.onnx", "mobilenet.keras", "resnet18_places365.onnx", "categories_places365.txt"):
        (tmp_path / name).touch()
    *models, classifier = blocks("docs/models.md", "toml")
    for number, text in enumerate(models):
        (tmp_path / f"{number}.toml").write_text(text)
        ModelDescription.read(tmp_path / f"{number}.toml")
    (tmp_path / "classifier.toml").write_text(classifier)
    ClassifierDescription.read(tmp_path / "classifier.toml")

"""The documents tell the truth: their code runs, their links lead somewhere, their tables are complete."""

import re
import shlex
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from tests.cli.shell import lookalike
from tests.pictures import picture_bytes, write_pictures
from typer.testing import CliRunner

from lookalike import Client
from lookalike.cli.app import app
from lookalike_server.config import Settings
from lookalike_server.load import ModelLoad, ServerLoad
from lookalike_server.metrics import Metrics, Passes
from lookalike_server.models.description import ClassifierDescription, ModelDescription
from lookalike_server.models.keys import KEYS
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Waiting
from lookalike_server.process import running
from lookalike_server.prometheus import registry
from lookalike_server.stages import Timings
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


def test_the_notebook_pages_examples_and_commands_run(workplace: Path) -> None:
    (example,) = blocks("docs/notebook.md", "python")
    (drawing,) = [block for block in blocks("docs/notebook.md", "console") if "lookalike map" in block]
    commands = [shlex.split(line.removeprefix("$ "), comments=True) for line in drawing.splitlines()]
    with serve() as target, Client(target) as looks:
        assert all(not step.error for step in looks.import_folder("photos", collection="holiday"))
        exec(example, {"looks": looks})  # noqa: S102
        assert [shell([*words, "--server", target]) for words in commands] == [0] * 3
    assert (workplace / "holiday.html").exists()
    assert (workplace / "holiday.png").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


def test_the_readme_fits_two_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_operators_find_every_setting() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    for name in Settings.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in text


def busy() -> ServerLoad:
    """The load of a server on which everything that is counted has happened."""
    metrics = Metrics()
    metrics.answered("Search", None)
    metrics.timed("Search", Lane.INTERACTIVE, Timings())
    waiting = {lane: Waiting(1, 1) for lane in Lane}
    return ServerLoad(
        uptime=1.0,
        metrics=metrics,
        models=[ModelLoad("tiny", "numpy", Passes(), waiting)],
        drops=Counter({("cancelled", Lane.BULK): 1}),
        held_bytes=1,
        image_count=1,
        unindexed_count=1,
        memory_bytes=1,
        cpu_seconds=1.0,
    )


def exposed() -> dict[str, set[str]]:
    """The labels of each metric of ours that Prometheus sees; `le`, which every histogram has, is not told."""
    found: dict[str, set[str]] = {}
    for family in registry(busy).collect():
        if family.name.startswith("lookalike_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
    return found


def test_the_table_of_metrics_names_those_that_are_exposed_and_no_others() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    rows = re.findall(r"^\| `(lookalike_\w+)(?:\{([\w,]+)\})?` \|", text, re.MULTILINE)
    assert {name: set(filter(None, labels.split(","))) for name, labels in rows} == exposed()


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


def commands(document: str) -> list[list[str]]:
    """The words of each `lookalike` command that a document shows a shell."""
    lines = "".join(blocks(document, "sh")).splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def test_operators_commands_for_backups_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photos = write_pictures(tmp_path / "photos", range(4))
    backing, checking, restoring, serving, exporting, importing, repairing = (
        [word.replace("/srv/", f"{tmp_path}/") for word in words] for words in commands("docs/operators.md")
    )
    with serve(data=tmp_path / "lookalike") as target, Client(target) as looks:
        assert len(list(looks.import_images(photos, collection="holiday"))) == 4
        # Each becomes the server's program: none can be run in this process.
        assert [lookalike(*words[1:]).returncode for words in (backing, checking, restoring)] == [0] * 3
        assert shell([*exporting, "--server", target]) == 0
    assert serving == ["lookalike", "serve", "--data", f"{tmp_path}/restored"]
    with serve(data=tmp_path / "restored") as target, Client(target) as looks:
        assert looks.collection("holiday").image_count == 4
    with serve() as target, Client(target) as looks:
        assert shell([word.replace("127.0.0.1:50052", target) for word in importing]) == 0
        assert looks.search(photos[2], collection="holiday", limit=1)[0].image.path == str(photos[2])
    assert lookalike(*repairing[1:], "--model", "tiny").returncode == 0


def shell(words: list[str]) -> int:
    """The exit status of a command, run in this process."""
    assert words[0] == "lookalike"
    return CliRunner().invoke(app, words[1:]).exit_code


def test_the_unit_of_replicas_starts_a_server_that_embeds(tmp_path: Path) -> None:
    (unit,) = (text for text in blocks("docs/operators.md", "ini") if "lookalike-embed" in text)
    (line,) = re.findall(r"^ExecStart=.*lookalike serve (.*)$", unit, re.MULTILINE)
    line = line.replace("${RUNTIME_DIRECTORY}", str(tmp_path)).replace("%i", "0")
    options = dict(zip(*[iter(shlex.split(line))] * 2, strict=True))
    data = Path(options.pop("--data"))
    with running(data, *(word for pair in options.items() for word in pair), "--model", "tiny") as server:
        assert server.target.startswith("127.0.0.1:")
        with Client(server.target) as looks:
            assert len(looks.embed(picture_bytes(1)).vector) == 64

"""A user's own network and classifier behind a real server: pictures are indexed and found, their scenes told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.models.networks import write_classifier, write_model
from tests.pictures import encoded, write_pictures

from lookalike import Client, ImportItem
from lookalike_server.config import Settings
from lookalike_server.doctor import examine
from lookalike_server.errors import ModelFileError
from lookalike_server.models import registry
from lookalike_server.testing import serve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, a classifier of three scenes, and pictures."""
    made = tmp_path_factory.mktemp("own")
    write_model(made)
    write_classifier(made)
    write_pictures(made / "photos", range(20))
    return made


@pytest.fixture(scope="module")
def looks(folder: Path) -> Iterator[Client]:
    """A client of a server that runs both."""
    settings = {"model": f"file:{folder / 'own.onnx'}", "scenes": str(folder / "places.toml")}
    with serve(**settings) as target, Client(target) as client:
        list(client.import_folder(folder / "photos", collection="own"))
        yield client


def test_pictures_are_found_by_the_users_own_network(looks: Client, folder: Path) -> None:
    model = registry.load(f"file:{folder / 'own.toml'}")
    assert looks.collection("own").model_id == model.id
    assert looks.collection("own").dim == 18
    for path in sorted((folder / "photos").iterdir())[:5]:
        result = looks.search(path, collection="own", limit=3)
        assert result.model_id == model.id
        assert (result[0].distance, result[0].image.path) == (0, str(path))
        assert result[1].distance > 0


@pytest.mark.parametrize(("colour", "scene"), [("red", "beach"), ("lime", "forest"), ("blue", "street")])
def test_the_users_own_classifier_tells_the_scenes(looks: Client, colour: str, scene: str) -> None:
    content = encoded(Image.new("RGB", (60, 40), colour))
    told = looks.embed(content).scenes
    assert (told[0].name, len(told)) == (scene, 3)
    assert sum(each.probability for each in told) == pytest.approx(1)
    (step,) = looks.import_images([ImportItem(content)], collection="scenes")
    assert step.image_id is not None
    assert looks.image(step.image_id, collection="scenes").scenes == told


def test_the_server_tells_what_it_runs(looks: Client, folder: Path) -> None:
    info = looks.server_info()
    (model,) = info.models
    assert (model.name, model.dim, model.engine) == ("own", 18, "onnx")
    assert model.scenes == ("beach", "forest", "street")
    assert ", scenes by places-" in info.versions["engine"]


def test_a_picture_without_an_embedding_fails_alone(looks: Client) -> None:
    black, red = (encoded(Image.new("RGB", (30, 20), colour)) for colour in ("black", "red"))
    failed, made = sorted(
        looks.import_images([ImportItem(black), ImportItem(red)], collection="black"), key=lambda step: step.index
    )
    assert failed.error is not None
    assert (failed.error.reason, made.outcome) == ("DIMENSION_MISMATCH", "created")


@pytest.mark.parametrize("settings", [{"scenes": "nowhere.toml"}, {"model": "file:nowhere.toml", "scenes": "auto"}])
def test_a_server_does_not_start_with_what_cannot_serve(settings: dict[str, str]) -> None:
    with pytest.raises(ModelFileError, match=r"There is no nowhere\.toml"), serve(**settings):
        pass


def test_the_doctor_tries_both(folder: Path) -> None:
    model, scenes = f"file:{folder / 'own.toml'}", str(folder / "places.onnx")
    report = examine(Settings(model=(model,), scenes=scenes))
    assert report["ok"], report["checks"]
    assert report["checks"]["model"]["scenes"] == 3
    assert "scenes by places-" in report["checks"]["engines"]["ran"]["onnx"]
    (folder / "two.txt").write_text("a\nb")
    toml = (folder / "places.toml").read_text().replace("labels.txt", "two.txt")
    (folder / "wrong.toml").write_text(toml)
    wrong = examine(Settings(model=(model,), scenes=str(folder / "wrong.toml")))
    assert not wrong["ok"]
    assert "names 2" in wrong["checks"]["engines"]["error"]

"""Scenes at the command line, on a model that tells them by colour."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.cli.shell import lookalike
from tests.pictures import picture
from typer.testing import CliRunner

from lookalike import Client, Embedded, Scene, ScenePreference, Source
from lookalike.cli.app import app
from lookalike.cli.contact import _match_tile
from lookalike.originals import local_file
from lookalike_server.testing import serve

COLOURS = {"night": "black", "sea": "#285ac8"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three views by night, and three at sea."""
    folder = tmp_path_factory.mktemp("places")
    for number, (name, colour) in enumerate(each for each in COLOURS.items() for _ in range(3)):
        view = Image.blend(picture(number), Image.new("RGB", (200, 150), colour), 0.85)
        view.save(folder / f"{name}-{number}.png")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with serve(model="tiny:scenes") as target:
        assert lookalike("index", folder, "--server", target).returncode == 0
        yield target


def found(server: str, query: Path | str, *words: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, ("search", query, *words)), "--json", "--server", server])
    assert done.exit_code == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def names(result: dict[str, Any]) -> list[str]:
    return [Path(match["image"]["sources"][0]["path"]).name for match in result["matches"]]


NIGHTS, SEAS = ["night-0.png", "night-1.png", "night-2.png"], ["sea-3.png", "sea-4.png", "sea-5.png"]


def test_scenes_admit(server: str, folder: Path) -> None:
    query = folder / "night-0.png"
    assert sorted(names(found(server, query, "--scene", "sea"))) == SEAS
    assert sorted(names(found(server, query, "--scene", "sea", "--scene", "night"))) == NIGHTS + SEAS
    assert sorted(names(found(server, query, "--same-scene"))) == NIGHTS
    assert sorted(names(found(server, query, "--not-same-source"))) == NIGHTS[1:] + SEAS


def test_scenes_are_preferred(server: str, folder: Path) -> None:
    query = folder / "night-0.png"
    assert names(found(server, query))[0] == "night-0.png"
    result = found(server, query, "--prefer-scene", "sea", "--scene-weight", 2)
    assert sorted(names(result)[:3]) == SEAS
    assert all(match["scene_agreement"] > 0.5 for match in result["matches"][:3])
    same = found(server, query, "--prefer-same-scene", "--scene-weight", 2)
    assert sorted(names(same)[:3]) == NIGHTS


def test_json_tells_scenes(server: str, folder: Path) -> None:
    result = found(server, folder / "sea-3.png")
    assert result["query_scenes"][0]["name"] == "sea"
    assert result["matches"][0]["image"]["scenes"] == result["query_scenes"]
    assert result["matches"][0]["scene_agreement"] is None
    shown = json.loads(lookalike("show", folder / "sea-3.png", "--json", "--server", server).stdout)
    assert shown["scenes"] == result["query_scenes"]


def test_the_tables_tell_scenes(server: str, folder: Path) -> None:
    done = lookalike("search", folder / "sea-3.png", "--prefer-scene", "sea", "--server", server)
    lines = done.stdout.splitlines()
    assert any(line.startswith("The query shows sea 9") and "%" in line for line in lines), done.stdout
    assert any("sea 9" in line and "agrees 9" in line for line in lines), done.stdout
    shown = lookalike("show", folder / "sea-3.png", "--server", server).stdout
    assert any(line.startswith("shows") and "sea 9" in line for line in shown.splitlines()), shown
    plain = lookalike("search", folder / "sea-3.png", "--server", server).stdout
    assert "agrees" not in plain


def test_an_image_that_came_as_an_embedding_is_shown_as_one(server: str, folder: Path) -> None:
    image_id = sha256(b"elsewhere").hexdigest()
    with Client(server) as looks:
        made = looks.embed(folder / "sea-3.png")
        image = Embedded(image_id, made.vector, [Scene("pier\x1b[31m", 0.5)])
        list(looks.import_embedded([image], collection="brought", model_id=made.model_id))
    shown = lookalike("show", image_id, "-c", "brought", "--server", server).stdout
    assert "never seen here: it came as an embedding" in shown
    assert "pier\N{REPLACEMENT CHARACTER}[31m 50%" in shown
    table = lookalike("search", folder / "sea-3.png", "-c", "brought", "--server", server).stdout
    assert "unknown" in table.splitlines()[1]


def test_a_tile_of_a_contact_sheet_says_how_far_its_picture_agrees(server: str, folder: Path) -> None:
    with Client(server) as looks:
        (plain,) = looks.search(folder / "sea-3.png", limit=1, collection="default")
        (preferred,) = looks.search(
            folder / "sea-3.png", limit=1, collection="default", prefer=ScenePreference(same_as_query=True)
        )
    assert _match_tile(plain).heading == "1 · 0.0000"
    assert re.fullmatch(r"1 · 0\.0000 · agrees (9\d|100)%", _match_tile(preferred).heading)


def test_a_contact_sheet_shows_what_lies_where_an_embedding_came_from(server: str, folder: Path) -> None:
    with Client(server) as looks:
        made = looks.embed(folder / "sea-3.png")
        image = Embedded(sha256(b"there").hexdigest(), made.vector, source=Source(str(folder / "sea-3.png")))
        list(looks.import_embedded([image], collection="placed", model_id=made.model_id))
        (match,) = looks.search(made, collection="placed")
    assert local_file(match.image) == (folder / "sea-3.png", "")

"""Pictures inside other files on the command line: searched with, shown, drawn on sheets."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli.shell import Run, lookalike
from tests.client.containers.makers import LIMIT, album, write_pages, write_zip

from lookalike import Client, ImportItem, containers
from lookalike.cli.sheet import TILE
from lookalike.cli.tile import Tile, draw_tile
from lookalike.originals import CHANGED, GONE, local_file


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("box") / "a.zip", album())


@pytest.fixture
def filled(target: str, archive: Path) -> str:
    size = archive.stat().st_size
    with Client(target) as looks:
        found = containers.members(archive, LIMIT)
        items = [ImportItem(each.picture or b"", path=each.path, size_bytes=size) for each in found]
        assert all(step.error is None for step in looks.import_images(items, collection="box"))
    return target


@pytest.mark.usefixtures("filled")
def test_a_member_is_searched_with_and_shown(run: Run, archive: Path, tmp_path: Path) -> None:
    source = f"{archive}!/album/1.png"
    sheet = tmp_path / "sheet.png"
    done = run("search", source, "-c", "box", "--json", "--sheet", sheet)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["matches"][0]["image"]["sources"][0]["path"] == source
    assert sheet.is_file()
    shown = run("show", source, "-c", "box", "--json")
    assert json.loads(shown.stdout)["id"] == sha256(album()["album/1.png"]).hexdigest()


@pytest.mark.parametrize(
    ("command", "place", "words"),
    [
        ("show", "a.zip!/album/9.png", "holds no album/9.png any more"),
        ("search", "a.zip!/album/9.png", "holds no album/9.png any more"),
        ("search", "gone.pdf#page=2", "is no file here"),
    ],
)
def test_what_is_not_in_the_file_is_said(filled: str, archive: Path, command: str, place: str, words: str) -> None:
    done = lookalike(command, archive.parent / place, "-c", "box", "--server", filled)
    assert done.returncode != 0
    assert words in done.stderr


def test_a_page_is_drawn(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(2))
    page = draw_tile(Tile(Path(f"{path}#page=2"), "1", "a.pdf#page=2"), *TILE)
    assert page.tobytes() != draw_tile(Tile(Path(f"{path}#page=1"), "1", "a.pdf#page=2"), *TILE).tobytes()
    gone = draw_tile(Tile(Path(f"{path}#page=9"), "1", "a.pdf#page=2"), *TILE)
    assert gone.tobytes() == draw_tile(Tile(None, "1", "a.pdf#page=2"), *TILE).tobytes()


def test_the_file_that_stands_for_a_member_is_its_container(filled: str, archive: Path) -> None:
    source = f"{archive}!/album/1.png"
    with Client(filled) as looks:
        image = looks.image(sha256(album()["album/1.png"]).hexdigest(), collection="box")
    assert local_file(image) == (Path(source), "")
    content = archive.read_bytes()
    try:
        archive.write_bytes(content + b"more")
        assert local_file(image) == (None, CHANGED)
        archive.unlink()
        assert local_file(image) == (None, GONE)
    finally:
        archive.write_bytes(content)

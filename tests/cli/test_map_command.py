"""`lookalike map`: a collection drawn as a picture, a page or numbers."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.shell import Run, lookalike
from tests.client.html_pages import Page

from lookalike.mapping import coordinates, reading


@pytest.fixture
def collection(run: Run, folder: Path) -> str:
    assert run("index", folder, "--collection", "mapped", "--label", "trip=one").exit_code == 0
    return "mapped"


def test_a_map_is_drawn_as_a_picture(run: Run, collection: str, tmp_path: Path) -> None:
    done = run("map", tmp_path / "map.png", "--collection", collection)
    assert done.exit_code == 0, done.output
    assert "6 images of mapped" in done.stdout
    assert "PCA: " in done.stdout
    with Image.open(tmp_path / "map.png") as drawn:
        assert drawn.format == "PNG"


def test_a_map_is_written_as_a_page(run: Run, collection: str, tmp_path: Path) -> None:
    sizes = []
    for option in ("--thumbnails", "--dots"):
        assert run("map", tmp_path / "map.html", "--collection", collection, option).exit_code == 0
        page = Page((tmp_path / "map.html").read_text("utf-8"))
        assert (page.unclosed, page.outside()) == ([], [])
        sizes.append(len(page.text))
    assert sizes[0] > sizes[1] + 5000


def test_coordinates_are_printed_for_machines(run: Run, collection: str, tmp_path: Path) -> None:
    done = run("map", "--collection", collection, "--json", "--colour-by", "trip")
    again = run("map", tmp_path / "map.png", "--collection", collection, "--json", "--colour-by", "trip")
    told, more = json.loads(done.stdout), json.loads(again.stdout)
    assert (told["collection"], told["method"], told["file"]) == ("mapped", "pca", None)
    assert set(told["points"][0]) == {"id", "path", "group", "x", "y"}
    assert {point["group"] for point in told["points"]} == {"one"}
    assert len({(point["x"], point["y"]) for point in told["points"]}) == 6
    assert more["points"] == told["points"]
    assert Path(more["file"]) == tmp_path / "map.png"


def test_a_map_is_narrowed_by_labels_and_paths(run: Run, collection: str, folder: Path) -> None:
    def count(*words: object) -> int:
        return len(json.loads(run("map", "--collection", collection, "--json", *words).stdout)["points"])

    assert count("--path-prefix", f"{folder}/more/") == 2
    assert count("--label", "trip=one") == 6
    assert count("--label", "trip=two") == 0


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_an_empty_collection_has_a_map(run: Run, tmp_path: Path, suffix: str) -> None:
    run("collections", "create", "nothing-to-map")
    done = run("map", tmp_path / f"map{suffix}", "--collection", "nothing-to-map")
    assert done.exit_code == 0, done.output
    assert (tmp_path / f"map{suffix}").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a file to write, or ask for --json"),
        (["map.gif"], "neither in .png nor in .html"),
        (["nowhere/map.png"], "there is no folder nowhere"),
        (["map.png", "--label", "x"], "is not KEY=VALUE"),
    ],
)
def test_wrong_usage_is_told(run: Run, words: list[str], told: str) -> None:
    done = run("map", *words)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_a_file_that_is_no_map_is_kept(run: Run, collection: str, tmp_path: Path) -> None:
    (tmp_path / "notes.html").write_text("notes")
    done = run("map", tmp_path / "notes.html", "--collection", collection)
    assert (done.exit_code, "is not a map: choose another name" in done.stderr) == (1, True)
    assert (tmp_path / "notes.html").read_text() == "notes"


def test_too_many_images_and_a_missing_extra_are_told(
    run: Run, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinates, "find_spec", lambda _: None)
    done = run("map", "--collection", collection, "--json", "--method", "umap")
    assert (done.exit_code, 'pip install "lookalike[umap]"' in done.stderr) == (1, True)
    monkeypatch.setattr(reading, "MOST", 5)
    done = run("map", "--collection", collection, "--json")
    assert (done.exit_code, "A map has room for 5 images" in done.stderr) == (1, True)


def test_a_missing_collection_is_told(run: Run) -> None:
    done = run("map", "--collection", "no-such", "--json")
    assert (done.exit_code, json.loads(done.stderr)["error"]["reason"]) == (1, "COLLECTION_NOT_FOUND")


def test_the_help_is_there_at_once() -> None:
    assert "what looks alike stands together" in lookalike("map", "--help").stdout

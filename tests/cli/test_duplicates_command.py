import json
import signal
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.shell import Run, start
from tests.pictures import write_pictures

from lookalike_server.testing import serve


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures, a copy of the first and a near-duplicate of the second."""
    folder = tmp_path_factory.mktemp("twins")
    write_pictures(folder, range(4))
    (folder / "copy.png").write_bytes((folder / "0000.png").read_bytes())
    with Image.open(BytesIO((folder / "0001.png").read_bytes())) as opened:
        opened.convert("RGB").point(lambda value: min(255, value + 1)).save(folder / "near.png")
    return folder


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def indexed(run: Run, twins: Path) -> str:
    assert run("index", twins, "-c", "twins", "--label", "kind=twin").exit_code == 0
    return "twins"


def test_exact_ones_and_groups_are_listed_with_what_is_known_of_chance(run: Run, twins: Path, indexed: str) -> None:
    done = run("duplicates", "-c", indexed, "--distance", "0.2")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("exact 1  ")
    assert {Path(line.split()[-1]).name for line in lines[:2]} == {"0000.png", "copy.png"}
    assert lines[2].startswith("near 1  ")
    assert {Path(line.split()[-1]).name for line in lines[2:4]} == {"0001.png", "near.png"}
    assert 0 < float(lines[3].split()[0]) < 0.2
    assert "5 images" in lines[4]
    assert "1 at several places, 2 in 1 group of" in lines[4]
    assert lines[5].startswith("Of 10 random pairs 1 are within 0.2: a false-positive rate of 0.1")


def test_its_json_says_all(run: Run, twins: Path, indexed: str) -> None:
    done = run("duplicates", "-c", indexed, "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert {Path(source["path"]).name for source in told["exact"][0]["sources"]} == {"0000.png", "copy.png"}
    (group,) = told["groups"]
    assert {Path(image["sources"][0]["path"]).name for image in group["images"]} == {"0001.png", "near.png"}
    assert group["distances"][0] == 0 < group["distances"][1]
    assert (told["summary"]["image_count"], told["summary"]["random_pairs"]) == (5, 10)
    assert told["false_positive_rate"] == 0.1
    assert 0.1 < told["false_positive_bound"] < 1
    assert told["seconds"] > 0


def test_a_filter_narrows_what_is_looked_at(run: Run, twins: Path, indexed: str) -> None:
    told = json.loads(run("duplicates", "-c", indexed, "--path-prefix", twins / "near", "--json").stdout)
    assert (told["summary"]["image_count"], told["groups"], told["exact"]) == (1, [], [])
    assert told["false_positive_rate"] is None
    told = json.loads(run("duplicates", "-c", indexed, "--label", "kind=other", "--json").stdout)
    assert told["summary"]["image_count"] == 0


def test_the_groups_are_drawn(run: Run, tmp_path: Path, indexed: str) -> None:
    sheet = tmp_path / "groups.png"
    done = run("duplicates", "-c", indexed, "--sheet", sheet)
    assert done.exit_code == 0
    assert "Contact sheet" in done.stderr
    with Image.open(sheet) as drawn:
        assert drawn.width > 400
    nothing = run("duplicates", "-c", indexed, "--distance", "0", "--sheet", tmp_path / "none.png")
    assert "no groups" in nothing.stderr
    assert not (tmp_path / "none.png").exists()


def test_what_cannot_be_done_is_said(run: Run, tmp_path: Path, indexed: str) -> None:
    missing = run("duplicates", "-c", "nowhere")
    assert missing.exit_code == 1
    assert "COLLECTION_NOT_FOUND" in missing.stderr
    assert run("duplicates", "--distance", "3").exit_code == 2
    assert run("duplicates", "--sheet", tmp_path / "no" / "sheet.png").exit_code == 2


def test_interrupted_it_leaves_with_status_130() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        process = start("duplicates", "--server", f"127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "Stopped after 0 images looked at." in said
    assert "again" not in said, "it begins anew"

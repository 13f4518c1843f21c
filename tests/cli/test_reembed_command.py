import json
import signal
import socket
from pathlib import Path

import pytest
from tests.cli.shell import Run, start
from tests.pictures import picture_bytes, write_pictures

from lookalike import Client, ImportItem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures of this test's own: it may take them away."""
    write_pictures(tmp_path / "photos", range(4))
    return tmp_path / "photos"


def model_of(target: str, collection: str) -> str:
    with Client(target) as looks:
        return looks.collection(collection).model_id


def test_a_collection_is_given_to_another_model(run: Run, target: str, folder: Path) -> None:
    run("index", folder, "-c", "all")
    done = run("reembed", "all", "--model", "tiny:32")
    assert done.exit_code == 0
    assert "4 embedded · 0 failed" in done.stdout
    assert "all now belongs to tiny:32." in done.stdout
    assert model_of(target, "all") == "tiny-32-1"


def test_its_json_says_what_became_of_it(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "json")
    summary = json.loads(run("reembed", "json", "--model", "tiny-32-1", "--json").stdout)
    assert summary.pop("seconds") >= 0
    assert summary == {
        "collection": "json",
        "model": "tiny-32-1",
        "switched": True,
        "embedded": 4,
        "failed": 0,
        "failures": [],
    }


def test_vanished_and_changed_pictures_are_named_and_make_status_1(run: Run, target: str, folder: Path) -> None:
    run("index", folder, "-c", "lost")
    (folder / "0001.png").unlink()
    (folder / "0002.png").write_bytes(picture_bytes(99))
    done = run("reembed", "lost", "--model", "tiny:32")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any("0001.png" in line and "SOURCE_VANISHED" in line for line in lines)
    assert any("0002.png" in line and "SOURCE_CHANGED" in line for line in lines)
    assert "Not switched: 2 of the 4 images" in done.stdout
    assert "--drop-missing" in done.stdout
    assert model_of(target, "lost") == "tiny-1"
    again = run("reembed", "lost", "--model", "tiny:32", "--json")
    assert again.exit_code == 1
    summary = json.loads(again.stdout)
    assert (summary["switched"], summary["embedded"], summary["failed"]) == (False, 0, 2)
    assert {Path(each["path"]).name: each["reason"] for each in summary["failures"]} == {
        "0001.png": "SOURCE_VANISHED",
        "0002.png": "SOURCE_CHANGED",
    }


def test_what_is_missing_is_dropped_if_wanted(run: Run, target: str, folder: Path) -> None:
    run("index", folder, "-c", "dropped")
    (folder / "0001.png").unlink()
    done = run("reembed", "dropped", "--model", "tiny:32", "--drop-missing")
    assert done.exit_code == 0
    assert "3 embedded · 1 failed" in done.stdout
    assert "0001.png" in done.stdout
    with Client(target) as looks:
        assert looks.collection("dropped").image_count == 3


def test_relative_sources_start_at_the_root(run: Run, target: str, folder: Path) -> None:
    with Client(target) as looks:
        list(looks.import_images([ImportItem(picture_bytes(3), path="photos/0003.png")], collection="relative"))
    assert run("reembed", "relative", "--model", "tiny:32").exit_code == 1
    assert run("reembed", "relative", "--model", "tiny:32", "--root", folder.parent).exit_code == 0


def test_a_model_that_is_not_served_is_refused_with_those_that_are(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "refused")
    done = run("reembed", "refused", "--model", "huge")
    assert done.exit_code == 1
    assert "tiny-1, tiny-32-1" in done.stderr


def test_interrupted_it_leaves_with_a_word_and_status_130() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start("reembed", "c", "--model", "m", "--server", f"127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "The same command again goes on from here" in said
    assert "Traceback" not in said

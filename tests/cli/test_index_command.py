import json
import shutil
import signal
import socket
from pathlib import Path

import pytest
from tests.cli.shell import Run, start
from tests.pictures import write_pictures


def counts(text: str) -> tuple[int, int, int]:
    summary = json.loads(text)
    return summary["created"], summary["existed"], summary["failed"]


def test_a_folder_and_its_subfolders_are_imported(run: Run, folder: Path) -> None:
    done = run("index", folder, "-c", "all", "--json")
    assert done.exit_code == 0
    assert counts(done.stdout) == (6, 0, 0)
    summary = json.loads(done.stdout)
    assert summary["collection"] == "all"
    assert summary["total"] == 6
    assert summary["failures"] == []
    assert summary["images_per_second"] > 0


def test_a_second_run_sends_nothing_again(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "again")
    done = run("index", folder, "-c", "again", "--json")
    assert done.exit_code == 0
    assert counts(done.stdout) == (0, 6, 0)


def test_labels_reach_every_picture(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "labelled", "--label", "trip=alps", "-l", "sum=1+1=2")
    shown = run("show", folder / "more" / "0004.png", "-c", "labelled", "--json")
    assert json.loads(shown.stdout)["labels"] == {"trip": "alps", "sum": "1+1=2"}


def test_bad_pictures_are_listed_with_reasons_and_make_status_1(run: Run, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "mixed")
    (tmp_path / "mixed" / "broken.jpg").write_bytes(b"no picture")
    done = run("index", tmp_path / "mixed", "-c", "mixed")
    assert done.exit_code == 1
    assert "6 created · 0 existed · 1 failed" in done.stdout
    assert "broken.jpg" in done.stdout
    assert "IMAGE_UNDECODABLE" in done.stdout


def test_bad_pictures_as_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = run("index", tmp_path, "-c", "broken", "--json")
    assert done.exit_code == 1
    (failure,) = json.loads(done.stdout)["failures"]
    assert failure["path"].endswith("/broken.jpg")
    assert failure["reason"] == "IMAGE_UNDECODABLE"


def test_many_failures_are_counted_after_the_first_twenty(run: Run, tmp_path: Path) -> None:
    for number in range(23):
        (tmp_path / f"{number:02}.jpg").write_bytes(f"no picture {number}".encode())
    done = run("index", tmp_path, "-c", "many")
    assert done.stdout.count("IMAGE_UNDECODABLE") == 20
    assert "and 3 more" in done.stdout


def test_an_empty_folder_is_said_to_be_empty(run: Run, tmp_path: Path) -> None:
    done = run("index", tmp_path, "-c", "empty")
    assert done.exit_code == 0
    assert "No pictures" in done.stdout


@pytest.fixture
def silent_server() -> socket.socket:
    """Takes connections and never answers: whoever asks it waits."""
    return socket.create_server(("127.0.0.1", 0))


def test_interrupted_it_leaves_with_a_word_and_status_130(silent_server: socket.socket, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(1))
    with silent_server:
        process = start("index", tmp_path, "--server", f"127.0.0.1:{silent_server.getsockname()[1]}")
        connection, _ = silent_server.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "The same command again goes on from here" in said
    assert "Traceback" not in said

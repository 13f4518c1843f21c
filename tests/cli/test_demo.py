import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from tests.cli.shell import environment, lookalike, start
from tests.pictures import picture, write_pictures

from lookalike.cli import install
from lookalike.cli.demo import material, photographs
from lookalike.cli.demo.alterations import COPIES, QUERIES
from lookalike.cli.demo.photographs import Photograph
from lookalike.cli.demo.trial import Found, Trial


def answers(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def address_in(line: str) -> str:
    return line.partition("Server ready on ")[2].split(maxsplit=1)[0]


def test_it_imports_searches_reports_and_stops_its_server(tmp_path: Path) -> None:
    write_pictures(tmp_path / "mine", range(3))
    originals = {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    out = tmp_path / "out"
    done = lookalike("demo", "--photos", tmp_path / "mine", "--model", "tiny", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    queries, pictures = 3 * len(QUERIES), 3 * (1 + len(COPIES))
    assert f"Imported {pictures} pictures" in done.stdout
    assert f"of {queries} altered queries" in done.stdout
    assert done.stdout.count("same photograph") >= 3
    assert not answers(address_in(done.stdout))
    assert {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == originals
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.height > 3 * 200


def test_killed_it_leaves_no_server_behind(tmp_path: Path) -> None:
    write_pictures(tmp_path / "mine", range(8))
    process = start("demo", "--photos", tmp_path / "mine", "--model", "tiny", "--out", tmp_path / "out")
    assert process.stdout is not None
    with process:
        address = address_in(next(line for line in process.stdout if "Server ready" in line))
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert not answers(address)


def test_a_server_that_dies_is_explained_by_its_log(tmp_path: Path) -> None:
    write_pictures(tmp_path / "mine", range(1))
    done = lookalike("demo", "--photos", tmp_path / "mine", "--model", "no-such-model", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "exit status 1" in done.stderr
    assert "no-such-model" in done.stderr
    assert "Traceback" not in done.stderr


def test_unreadable_pictures_are_left_out(tmp_path: Path) -> None:
    write_pictures(tmp_path / "mine", range(1))
    (tmp_path / "mine" / "broken.jpg").write_bytes(b"no picture")
    done = lookalike("demo", "--photos", tmp_path / "mine", "--model", "tiny", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "broken.jpg cannot be read" in done.stderr
    assert f"Imported {1 + len(COPIES)} pictures" in done.stdout


def test_a_folder_without_pictures_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    done = lookalike("demo", "--photos", tmp_path / "mine", "--model", "tiny", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "No pictures" in done.stderr


def test_it_writes_into_an_empty_folder_only(tmp_path: Path) -> None:
    write_pictures(tmp_path, range(1))
    done = lookalike("demo", "--photos", tmp_path, "--model", "tiny", "--out", tmp_path)
    assert done.returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000.png"]


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    for module in ("skimage", "sklearn", "matplotlib"):
        (hidden / module).mkdir(parents=True)
        (hidden / module / "__init__.py").touch()
    done = lookalike("demo", "--model", "tiny", "--out", tmp_path / "out", extra={"PYTHONPATH": str(hidden)})
    assert done.returncode == 1
    assert install("demo") in done.stderr
    assert "--photos" in done.stderr


def test_without_the_server_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['grpc_health'] = None; from lookalike.cli import main; main()"
    line = [sys.executable, "-c", hidden, "demo", "--out", str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 1
    assert install("demo") in done.stderr
    assert "grpc" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [*COPIES, *QUERIES])
def test_every_alteration_alters(name: str) -> None:
    original = picture(1)
    altered = {**COPIES, **QUERIES}[name](original)
    assert altered.mode == "RGB"
    assert altered.size != original.size or ImageChops.difference(altered, original).getbbox()


def test_no_query_is_in_the_collection(tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "mine", range(2))
    chosen = [Photograph(path.stem, path, "test", "none") for path in paths]
    written = material.write(chosen, None, tmp_path / "out")
    held = {path.read_bytes() for path in written.pictures.rglob("*.*")}
    assert len(held) == 2 * (1 + len(COPIES))
    assert len(written.queries) == 2 * len(QUERIES)
    assert not held & {path.read_bytes() for path in written.queries}
    assert {path.read_bytes() for path in paths} <= held


@pytest.mark.skipif(find_spec("skimage") is None, reason="scikit-image ships most of the photographs")
def test_photographs_are_found_where_their_packages_are() -> None:
    names = {photograph.name for photograph in photographs.shipped()}
    assert {"astronaut", "cat", "coffee", "rocket"} <= names
    second = photographs.second_view()
    assert second is not None
    assert second.name in names


def trial(*found: tuple[str, str]) -> Trial:
    matches = [Found(rank, 0.1 * rank, 1.0, Path(name, f"{how}.jpg")) for rank, (name, how) in enumerate(found, 1)]
    return Trial(Path("cat", "blurred.jpg"), matches, 0.01)


def test_a_trial_hits_when_the_nearest_shows_the_same_photograph() -> None:
    assert trial(("cat", "mirrored"), ("cat", "original")).hit
    assert trial(("cat", "mirrored"), ("cat", "original")).original_rank == 2
    assert not trial(("coffee", "original"), ("cat", "original")).hit
    assert not trial().hit
    assert trial(("coffee", "original")).original_rank is None


def test_a_trial_shows_the_nearest_stranger_last() -> None:
    asked = trial(
        ("cat", "mirrored"), ("cat", "original"), ("cat", "darker"), ("moon", "original"), ("coffee", "darker")
    )
    assert [found.photograph for found in asked.shown(2)] == ["cat", "cat", "moon"]
    assert [found.photograph for found in asked.shown(4)] == ["cat", "cat", "cat", "moon"]
    assert [found.photograph for found in trial(("cat", "mirrored")).shown(4)] == ["cat"]

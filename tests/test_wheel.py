"""End to end from an installed wheel: an environment and a folder of its own, the real model, a server process."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.pictures import write_pictures

from lookalike_server.process import running

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(ROOT)]
    subprocess.run(command, check=True, cwd=folder)
    return next(folder.glob("lookalike-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel; third-party packages come from ours, to save minutes."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True)
    theirs = next((folder / "lib").glob("python3*")) / "site-packages"
    # A path file adds the folder behind the environment's own, without the editable install's path file in it.
    (theirs / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lookalike", "lookalike_server"}
    for needed in (
        "lookalike/py.typed",
        "lookalike_server/py.typed",
        "lookalike_server/models/weights/efficientnet-lite0.npz",
        "lookalike_server/models/weights/efficientnet-lite0.onnx",
    ):
        assert needed in names
    assert any(name.endswith("NOTICE") for name in names)
    assert wheel.stat().st_size < 15 * 2**20


def test_from_pictures_to_matches(installed: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write_pictures(photos, range(12))
    (photos / "broken.jpg").write_bytes(b"no picture")
    command = installed.parent / "lookalike"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOOKALIKE_")}

    def lookalike(*arguments: str | Path, ok: bool = True) -> dict[str, object]:
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) is ok, done.stderr
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    where = "import lookalike, lookalike_server; print(lookalike.__file__, lookalike_server.__file__)"
    found = subprocess.run([installed, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(installed.parents[1])) for path in found.stdout.split()), "the wheel is what runs"

    with running(tmp_path / "data", python=str(installed)) as server:
        indexed = lookalike("index", photos, "--server", server.target, "--json", ok=False)
        assert (indexed["created"], indexed["failed"]) == (12, 1)
        again = lookalike("index", photos, "--server", server.target, "--json", ok=False)
        assert (again["existed"], again["failed"]) == (12, 1)
        sheet = tmp_path / "sheet.png"
        answer = lookalike(
            "search", photos / "0003.png", "--server", server.target, "--json", "--sheet", sheet, "-n", "3"
        )
        matches = answer["matches"]
        assert isinstance(matches, list)
        assert matches[0]["distance"] < 1e-3
        assert sheet.stat().st_size > 10_000
        assert server.terminate() == 0
    assert any("stopped" in line for line in server.log)
    with running(tmp_path / "data", python=str(installed)) as server:
        after = lookalike("search", photos / "0003.png", "--server", server.target, "--json", "-n", "3")
        assert after["matches"] == matches, "a restart changes nothing"

"""End to end from an installed wheel: an environment and a folder of its own, the real model, a server process."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
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
        "lookalike_server/models/weights/deepranking-lite0/graph.onnx",
        "lookalike_server/models/weights/deepranking-lite0/model.json",
        "lookalike_server/models/weights/deepranking-lite0/weights.npz",
        "lookalike_server/models/weights/efficientnet-lite0.npz",
        "lookalike_server/models/weights/efficientnet-lite0.onnx",
        "lookalike_server/models/weights/seed.onnx",
        "lookalike_server/models/weights/seed.param",
    ):
        assert needed in names
    assert any(name.endswith("NOTICE") for name in names)
    assert wheel.stat().st_size < 15 * 2**20


LINUX = {"sys_platform": "linux", "platform_machine": "x86_64"}


def metadata(wheel: Path) -> Message:
    """What an index and pip read."""
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def required(wheel: Path, extra: str, **machine: str) -> set[str]:
    """Names of the packages that pip installs with an extra on such a machine."""
    asked = [Requirement(text) for text in metadata(wheel).get_all("Requires-Dist", [])]
    environment = {**machine, "extra": extra}
    return {each.name for each in asked if each.marker is None or each.marker.evaluate(environment)}


def test_the_sdk_requires_grpc_and_protobuf_and_nothing_else(wheel: Path) -> None:
    assert required(wheel, "", **LINUX) == {"grpcio", "protobuf"}


@pytest.mark.parametrize(
    ("machine", "package"),
    [
        (LINUX, "tensorflow-cpu"),
        ({"sys_platform": "linux", "platform_machine": "aarch64"}, "tensorflow"),
        ({"sys_platform": "darwin", "platform_machine": "x86_64"}, "tensorflow"),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, "tensorflow"),
    ],
)
def test_each_machine_gets_the_tensorflow_that_is_built_for_it(
    wheel: Path, machine: dict[str, str], package: str
) -> None:
    for extra in ("server", "demo"):
        assert {name for name in required(wheel, extra, **machine) if name.startswith("tensorflow")} == {package}
    assert not any("tensorflow" in name for name in required(wheel, "server-lite", **machine))


def test_keras_2_is_nowhere_and_pythons_are_stated(wheel: Path) -> None:
    stated = metadata(wheel)
    assert "tf-keras" not in stated.as_string().replace("_", "-").lower()
    assert SpecifierSet(stated["Requires-Python"]) == SpecifierSet(">=3.11,<3.14")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_that_is_here_compiles_it(wheel: Path, version: str, tmp_path: Path) -> None:
    # Where pyenv keeps the Pythons, its python3.x runs only when it is told so.
    environment = {**os.environ, "PYENV_VERSION": version}
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], env=environment, check=False).returncode:
        pytest.skip(f"no Python {version} here")
    ZipFile(wheel).extractall(tmp_path)
    command = [python, "-W", "error", "-m", "compileall", "-q", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert list(tmp_path.glob(f"lookalike_server/__pycache__/app.*{version.replace('.', '')}.pyc"))


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
        assert (again["unchanged"], again["failed"]) == (12, 1)
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

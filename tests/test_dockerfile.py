"""The Dockerfile, checked without Docker: linted, its shell run, its commands run with the real server."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "Dockerfile"
SHELL = "/bin/sh"


class Step(NamedTuple):
    instruction: str
    rest: str


def steps() -> Iterator[Step]:
    """The instructions, their continued lines joined and their comments dropped."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for logical in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        yield Step(*logical.split(maxsplit=1))


def of(instruction: str) -> list[str]:
    return [step.rest for step in steps() if step.instruction == instruction]


def scripts() -> list[str]:
    """What each RUN gives to the shell: everything but its --mount flags."""
    return [re.sub(r"^(--\S+ +)+", "", rest) for rest in of("RUN")]


def exec_form(text: str) -> list[str]:
    """A command in exec form, with this Python in place of the image's."""
    argv: list[str] = json.loads(text[text.index("[") :])
    assert argv[0] == "python"
    return [sys.executable, *argv[1:]]


def variables() -> dict[str, str]:
    return dict(word.split("=", 1) for rest in of("ENV") for word in rest.split())


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("script", scripts())
def test_the_shell_understands_every_step(script: str) -> None:
    subprocess.run([SHELL, "-n", "-c", script], check=True)


def copied() -> list[str]:
    return [name for rest in of("COPY") if not rest.startswith("--from") for name in rest.split()[:-1]]


@pytest.mark.parametrize("name", copied())
def test_what_is_copied_exists_and_reaches_the_builder(name: str) -> None:
    assert (ROOT / name).exists()
    assert f"!{name}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_nothing_else_reaches_the_builder() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())


def test_the_server_does_not_run_as_root() -> None:
    (user,) = of("USER")
    uid, gid = user.split(":")
    assert int(uid) == int(gid) > 0
    assert f"--uid {uid} " in "\n".join(scripts())


def test_the_data_folder_is_the_volume() -> None:
    assert of("VOLUME") == [variables()["LOOKALIKE_DATA"]]


def test_the_port_is_the_one_served_and_checked() -> None:
    (port,) = of("EXPOSE")
    assert variables()["LOOKALIKE_ADDRESS"] == f"0.0.0.0:{port}"
    assert exec_form(of("HEALTHCHECK")[0])[-1] == f"127.0.0.1:{port}"


def test_the_image_serves_is_healthy_and_drains(tmp_path: Path) -> None:
    """CMD and HEALTHCHECK as they stand; only folder, model and port are the test's."""
    here = {"LOOKALIKE_DATA": str(tmp_path), "LOOKALIKE_ADDRESS": "127.0.0.1:0", "LOOKALIKE_MODEL": "tiny"}
    environment = {**os.environ, **variables(), **here}
    command = exec_form(of("CMD")[0])
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = next(line for line in server.stderr if "serving" in line)
        address = re.search(r"address=(\S+)", said)
        assert address is not None
        healthy = subprocess.run([*exec_form(of("HEALTHCHECK")[0])[:-1], address[1]], env=environment, check=False)
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
    assert healthy.returncode == 0
    assert server.returncode == 0


def test_the_health_check_fails_where_nobody_serves() -> None:
    check = [*exec_form(of("HEALTHCHECK")[0])[:-1], "127.0.0.1:1"]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheels_are_built(tmp_path: Path) -> None:
    """The build step as it stands, in a copy of what the builder gets; needs a compiler and a package index."""
    source, wheels = tmp_path / "src", tmp_path / "wheels"
    source.mkdir()
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    (script,) = [script for script in scripts() if "pip wheel" in script]
    extras = of("ARG")[0].removeprefix("EXTRAS=")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "EXTRAS": extras, "PATH": path}
    subprocess.run([SHELL, "-c", script.replace("/wheels", str(wheels))], cwd=source, env=environment, check=True)
    built = {wheel.name.split("-")[0] for wheel in wheels.glob("*.whl")}
    assert {"lookalike", "hnswlib", "onnxruntime", "typer"} <= built

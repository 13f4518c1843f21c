import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from tests.cli.shell import start
from tests.pictures import write_pictures

from lookalike.cli.app import app
from lookalike_server.commands import parser

UNITS = Path(__file__).parents[2] / "docs" / "systemd"


@contextmanager
def watching(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = start("watch", *arguments, "--settle", "0.2", "--json")
    with process:
        try:
            yield process
        finally:
            process.kill()


def next_pass(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    done = json.loads(process.stdout.readline())
    return {name: count for name, count in done.items() if count and name not in ("time", "seconds", "sent_bytes")}


@pytest.mark.parametrize("how", ["--prune", "--poll"])
def test_it_follows_a_folder_and_tells_each_pass_as_a_line(target: str, tmp_path: Path, how: str) -> None:
    write_pictures(tmp_path, range(2))
    with watching(tmp_path, "-c", f"watched{how}", "--server", target, how) as process:
        assert next_pass(process) == {"whole": True, "created": 2}
        write_pictures(tmp_path, range(2, 3))
        assert next_pass(process)["created"] == 1


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_stops_cleanly(target: str, tmp_path: Path, stop: signal.Signals, status: int) -> None:
    write_pictures(tmp_path, range(1))
    with watching(tmp_path, "-c", f"stopped-{status}", "--server", target) as process:
        next_pass(process)
        process.send_signal(stop)
        _, said = process.communicate()
        assert process.returncode == status
        assert "started again it goes on from here" in said
        assert "Traceback" not in said


def test_for_people_a_pass_is_a_line(target: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(2))
    process = start("watch", tmp_path, "-c", "people", "--server", target, "--settle", "0.2")
    with process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()
    assert re.fullmatch(r"\d\d:\d\d:\d\d 2 created in [\d.]+ s, \d+ kB sent\n", line)


def test_a_server_that_is_away_is_one_line_too_however_long(tmp_path: Path) -> None:
    process = start("watch", tmp_path, "--server", "127.0.0.1:1", "--settle", "0.2")
    with process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()
    assert "waiting for the server" in line
    assert "Connection refused" in line


def test_a_folder_that_is_not_there_is_wrong_usage(target: str, tmp_path: Path) -> None:
    process = start("watch", tmp_path / "unmounted", "--server", target)
    process.communicate()
    assert process.returncode == 2


def commands(unit: str) -> list[str]:
    """The words of a unit's ExecStart, without the program."""
    (line,) = re.findall(r"^ExecStart=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)
    program, *words = shlex.split(line)
    assert Path(program).name == "lookalike"
    return words


def test_the_units_run_commands_of_ours() -> None:
    command, *arguments = commands("lookalike-watch.service")
    group = typer.main.get_command(app)
    parsed = group.commands[command].make_context(command, arguments, resilient_parsing=True)  # type: ignore[attr-defined]
    assert parsed.params["collection"] == "pictures"
    assert not parsed.args
    assert not parsed.params["prune"]
    flags, unknown = parser().parse_known_args(commands("lookalike.service"))
    assert flags.data
    assert unknown == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_units_are_such_as_systemd_takes(tmp_path: Path) -> None:
    program = tmp_path / "lookalike"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("%h/lookalike/bin/lookalike", str(program)))
    units = [str(tmp_path / unit.name) for unit in UNITS.iterdir()]
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", *units],  # noqa: S607 - wherever it lies
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stderr == ""
    assert checked.returncode == 0

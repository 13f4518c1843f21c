"""One data folder, one server: a second is refused in a sentence, and let in as soon as the first is dead."""

import subprocess
import sys
from pathlib import Path

from tests.pictures import picture_bytes

from lookalike import Client
from lookalike_server.process import ServerProcess, running

FLAGS = ("--model", "tiny")


def test_a_second_server_on_a_folder_is_refused_and_disturbs_nobody(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, *FLAGS) as first, Client(first.target) as looks:
        list(looks.import_images([picture_bytes(1)], collection="c"))
        for command in ("serve", "verify"):
            address = ("--address", "127.0.0.1:0") if command == "serve" else ()
            line = [sys.executable, "-m", "lookalike_server", command, "--data", str(data), *FLAGS, *address]
            second = subprocess.run(line, capture_output=True, text=True, check=False)
            assert (second.returncode, second.stdout) == (1, "")
            assert f"the data folder {data} is in use by another server" in second.stderr
            assert "Traceback" not in second.stderr
        assert looks.search(picture_bytes(1), collection="c")[0].distance == 0
        list(looks.import_images([picture_bytes(2)], collection="c"))


def test_the_folder_and_the_port_of_a_killed_server_are_free_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = ServerProcess(data, *FLAGS)
    first.kill()
    with running(data, *FLAGS, "--address", first.target) as second:
        assert second.target == first.target

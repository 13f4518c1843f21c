import json
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.cli.shell import COMMAND, Run, at_a_terminal, environment, lookalike, start

from lookalike.cli import EXTRAS, install
from lookalike.cli.output import plain, printable, size
from lookalike.types import Source
from lookalike_server.__main__ import INSTALL

NOBODY = "127.0.0.1:1"

HEAVY = {"grpc", "google", "numpy", "PIL", "asyncio"}
MODULES = """
import sys
from lookalike.cli import main
sys.argv = ["lookalike", *sys.argv[1:]]
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["demo", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *arguments], capture_output=True, text=True, env=environment(), check=True
    )
    assert not HEAVY & set(done.stderr.split())


def test_help_names_every_command() -> None:
    done = lookalike("--help")
    assert done.returncode == 0
    for command in ("demo", "serve", "index", "search", "show", "top", "doctor", "verify", "evaluate", "train"):
        assert f" {command} " in done.stdout


def test_version() -> None:
    assert lookalike("--version").stdout == f"lookalike {version('lookalike')}\n"


@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        ([], "cli"),
        (["search", "serve"], "cli"),
        (["doctor"], "cli"),
        (["serve", "--data", "x"], "server,cli"),
        (["verify"], "server,cli"),
        (["evaluate", "tiny", "photos"], "server,cli"),
        (["demo"], "demo"),
    ],
)
def test_without_the_extras_it_says_at_once_what_to_install(arguments: list[str], extras: str) -> None:
    hidden = "import sys; sys.modules['typer'] = None; from lookalike.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", hidden, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f'pip install "lookalike[{extras}]"  (in a checkout: pip install ".[{extras}]")' in done.stderr
    assert "Traceback" not in done.stderr


def test_command_and_server_say_the_same_about_what_to_install() -> None:
    assert install(EXTRAS["serve"]) == INSTALL


def test_paragraphs_of_help_are_wrapped_by_the_terminal_alone() -> None:
    assert "Exit status 1 when any failed." in lookalike("index", "--help", extra={"COLUMNS": "200"}).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["index"],
        ["index", "no-such-folder"],
        ["search", "no-such-file.jpg"],
        ["search", __file__, "--limit", "0"],
        ["search", __file__, "--region", "0,0,1"],
        ["search", __file__, "--label", "=alps"],
        ["show", "no-such-file.jpg"],
    ],
)
def test_wrong_usage_has_status_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_unreachable_server_is_one_line() -> None:
    done = lookalike("collections", "--server", NOBODY)
    assert done.returncode == 1
    assert done.stderr.startswith("SERVER_UNAVAILABLE ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_an_error_as_json_goes_to_standard_error() -> None:
    done = lookalike("collections", "--server", NOBODY, "--json")
    assert done.returncode == 1
    assert not done.stdout
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["reason"]) == ("UNAVAILABLE", "SERVER_UNAVAILABLE")
    assert error["message"]


def test_the_server_may_be_named_by_a_variable(target: str) -> None:
    done = lookalike("collections", "--json", extra={"LOOKALIKE_SERVER": target})
    assert done.returncode == 0
    assert "collections" in json.loads(done.stdout)


def test_serve_help_is_the_servers_own() -> None:
    line = [sys.executable, "-m", "lookalike_server", "serve", "--help"]
    servers = subprocess.run(line, capture_output=True, text=True, env=environment(), check=True)
    assert lookalike("serve", "--help").stdout == servers.stdout


def test_serve_passes_arguments_signals_and_status_on(tmp_path: Path) -> None:
    process = start("serve", "--data", tmp_path, "--model", "tiny", "--address", "127.0.0.1:0")
    assert process.stderr is not None
    with process:
        said = next(line for line in process.stderr if "serving" in line)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert "tiny" in said
    assert "stopped" in rest
    assert process.returncode == 0
    assert any(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["serve", "verify"])
def test_wrong_usage_is_passed_on_and_told_by_the_command(command: str) -> None:
    done = lookalike(command, "--fly", "3")
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: lookalike {command} ")
    assert "--fly" in done.stderr


def flags(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    return set(re.findall(r"^  (?:-h, )?(--[\w-]+)", done.stdout, re.MULTILINE))


def test_the_servers_commands_offer_what_matters_to_them() -> None:
    server = (sys.executable, "-m", "lookalike_server")
    own = {"--repair", "--no-copy"}
    assert flags(*server, "verify", "--help") == {"--help", "--config", "--data", "--model", "--index", *own}
    assert flags(*server, "backup", "--help") == {"--help", "--config", "--data", "--force"}
    assert flags(*server, "restore", "--help") == {"--help", "--config", "--data", "--force", "--check"}
    assert flags(*server, "doctor", "--help") == {"--help", "--config", "--model", "--scenes", "--engine", "--threads"}
    asked = {"--against", "--set-aside", "--all", "--triplets", "--copies", "--json"}
    assert flags(*server, "evaluate", "--help") == {"--help", "--config", "--engine", "--threads"} | asked


def test_verify_passes_the_servers_verdict_on(tmp_path: Path) -> None:
    done = lookalike("verify", "--data", tmp_path / "none", "--model", "tiny")
    assert done.returncode == 1
    assert str(tmp_path / "none") in done.stderr


def test_collections_are_made_listed_and_removed(run: Run) -> None:
    assert run("collections", "create", "case-7", "--description", "shed [red]").exit_code == 0
    listed = json.loads(run("collections", "--json").stdout)["collections"]
    assert [(each["name"], each["description"]) for each in listed] == [("case-7", "shed [red]")]
    assert "case-7" in run("collections").stdout
    removed = run("collections", "delete", "case-7", "--yes", "--json")
    assert json.loads(removed.stdout) == {"name": "case-7", "deleted_image_count": 0}
    assert json.loads(run("collections", "--json").stdout) == {"collections": []}


def listed(run: Run) -> list[str]:
    return [each["name"] for each in json.loads(run("collections", "--json").stdout)["collections"]]


def test_a_collection_is_removed_only_after_a_yes(run: Run, target: str) -> None:
    run("collections", "create", "kept")
    assert at_a_terminal("n\n", "collections", "delete", "kept", "--server", target).returncode == 1
    assert listed(run) == ["kept"]
    assert at_a_terminal("y\n", "collections", "delete", "kept", "--server", target).returncode == 0
    assert listed(run) == []


def test_without_a_terminal_nothing_is_removed_unasked(run: Run) -> None:
    run("collections", "create", "kept")
    refused = run("collections", "delete", "kept", typed="y\n")
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert "[y/N]" not in refused.output
    assert listed(run) == ["kept"]
    run("collections", "delete", "kept", "--yes")


def test_collections_may_be_asked_for_a_list(run: Run) -> None:
    assert run("collections", "list", "--json").stdout == run("collections", "--json").stdout


def test_options_before_a_command_of_collections_are_not_lost_silently(target: str) -> None:
    done = lookalike("collections", "--server", NOBODY, "create", "strayed", "--server", target)
    assert done.returncode == 2
    assert "put the options after `create`" in done.stderr


def test_a_server_without_a_name_is_one_line() -> None:
    done = lookalike("collections", "--server", " ")
    assert done.returncode == 1
    assert done.stderr.startswith("BAD_REQUEST ")
    assert len(done.stderr.splitlines()) == 1


def test_making_a_collection_twice_is_an_error(run: Run) -> None:
    run("collections", "create", "twice", "--model", "tiny")
    again = run("collections", "create", "twice")
    assert again.exit_code == 1
    assert again.stderr.startswith("COLLECTION_EXISTS ")


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\udcffc\nd") == "a\ufffd[2Jb\ufffdc\ufffdd"
    assert printable("Zürich [red] 写真.jpg") == "Zürich [red] 写真.jpg"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (48_211, "48 kB"), (12_345_678, "12 MB")]
)
def test_sizes_read_well(count: int, words: str) -> None:
    assert size(count) == words


def test_sdk_objects_become_json() -> None:
    assert plain({"seen": (Source("a.jpg"),)}) == {"seen": [{"path": "a.jpg", "modified": None, "size_bytes": 0}]}


def test_standard_output_that_takes_nothing_is_told_in_a_line(target: str) -> None:
    line = [*COMMAND, "collections", "list", "--json", "--server", target]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (1, "lookalike: No space left on device\n")

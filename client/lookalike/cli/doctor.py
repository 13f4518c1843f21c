"""`lookalike doctor`: what is installed here, whether the server part can run, and whether a server answers.

The server part reports on itself, in a process of its own: this one imports none of it. Not to have it is no fault, nor
is nobody at the default address; a server that was named and does not answer is one.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

import lookalike
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED, friendly, out, plain, print_json, printable
from lookalike.errors import LookalikeError

PACKAGES = ("lookalike", "grpcio", "protobuf", "numpy", "pillow", "typer", "rich")
"""What the SDK and this command use; numpy is optional."""

ANSWER_SECONDS = 5.0

GOOD, POOR, BAD = ("ok", "green"), ("--", "yellow"), ("!!", "bold red")
Line = tuple[tuple[str, str], str, str]

Model = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Model that the server part tries; may be repeated.", show_default=False),
]
Scenes = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Classifier that the server part tries.", show_default=False),
]
Engine = Annotated[
    str | None, typer.Option(metavar="NAME", help="Engine that the server part tries.", show_default=False)
]


def doctor(
    context: typer.Context,
    *,
    model: Model = None,
    scenes: Scenes = None,
    engine: Engine = None,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Check this installation and a server.

    Gives versions, the self-test of the server part, and what the server at --server says of itself.
    """
    source = context.get_parameter_source("server")
    named = source is not None and source.name != "DEFAULT"
    here = _installed()
    models = [("--model", each) for each in model or []]
    part = _ask_server_part([*models, ("--scenes", scenes), ("--engine", engine)])
    with friendly(as_json), lookalike.Client(server, token=token, tls=tls, ca=ca) as client:
        remote = _ask_server(client, server)
    well = part["ok"] is not False and (remote["answers"] or not named)
    if as_json:
        print_json({"ok": well, "client": here, "server_part": part, "server": remote})
    else:
        out.print(_table([*_client_lines(here), *_part_lines(part), *_remote_lines(remote, named)]))
    if not well:
        raise typer.Exit(FAILED)


def _installed() -> dict[str, str | None]:
    return {"python": platform.python_version(), **{package: _version(package) for package in PACKAGES}}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _ask_server_part(options: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """Its own report; `ok` is None where it is not installed, and `hint` says what to install."""
    chosen = [word for name, value in options if value is not None for word in (name, value)]
    line = [sys.executable, "-m", "lookalike_server", "doctor", *chosen]
    done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        missing = "pip install" in said[-1]
        return {"ok": None if missing else False, "hint": said[-1].removeprefix("lookalike: ")}
    return report


def _ask_server(client: "lookalike.Client", address: str) -> dict[str, Any]:
    try:
        info = client.server_info(timeout=ANSWER_SECONDS)
    except LookalikeError as error:
        return {"address": address, "answers": False, "error": error.message}
    facts: dict[str, Any] = plain(info)
    return {"address": address, "answers": True, **facts}


def _client_lines(here: Mapping[str, str | None]) -> Iterator[Line]:
    for package, found in here.items():
        yield (GOOD, package, found) if found else (POOR, package, "not installed")


def _part_lines(part: Mapping[str, Any]) -> Iterator[Line]:
    if "hint" in part:
        yield (POOR if part["ok"] is None else BAD), "server part", part["hint"]
        return
    yield GOOD, "processor", _facts(part["processor"])
    yield GOOD, "server part", _facts(part["versions"])
    for name, check in part["checks"].items():
        yield (GOOD if check["ok"] else BAD), f"{name} check", _facts(check)


def _remote_lines(remote: Mapping[str, Any], named: bool) -> Iterator[Line]:
    if not remote["answers"]:
        yield (BAD if named else POOR), f"server {remote['address']}", remote["error"]
        return
    state = "ready" if remote["ready"] else "loading its model"
    yield (GOOD if remote["ready"] else POOR), f"server {remote['address']}", f"{remote['version']}, {state}"
    for model in remote["models"]:
        yield GOOD, "its model", f"{model['id']} ({model['dim']} numbers) on {model['engine']}"
    yield GOOD, "its parts", _facts(remote["versions"])
    for index in remote["indexes"]:
        yield _index_line(index)


def _index_line(index: Mapping[str, Any]) -> Line:
    """What is known of how well a collection's graph is searched."""
    what, recall, target = f"index of {index['collection']}", index["measured_recall"], index["recall_target"]
    if recall is None:
        return POOR, what, f"recall not measured yet; {index['effort']} candidates"
    mark = GOOD if recall >= target else POOR
    return mark, what, f"recall {recall:.3f} measured, {target:g} wanted; {index['effort']} candidates"


def _facts(facts: Mapping[str, Any]) -> str:
    """Give a report's values in one line; `ok` is the line's mark already."""
    return ", ".join(_fact(name, value) for name, value in sorted(facts.items()) if name != "ok")


def _fact(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return _facts(value)
    if isinstance(value, list):
        return f"{name} {' '.join(map(str, value))}"
    return f"{name} {value:.6f}" if isinstance(value, float) else f"{name} {value}"


def _table(lines: list[Line]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    for (mark, style), what, words in lines:
        table.add_row(Text(mark, style=style), printable(what), printable(words))
    return table

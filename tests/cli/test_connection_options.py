"""Every command that talks to a server reaches one that asks for TLS and a token, and is refused without the token."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.certificates import certificate
from tests.pictures import picture_bytes, write_pictures
from typer.testing import CliRunner, Result

from lookalike import Client
from lookalike.cli.app import app
from lookalike_server.testing import serve

TOKEN = "a token"  # noqa: S105 - of the tests' own server


class Guarded(NamedTuple):
    target: str
    ca: Path

    def run(self, *words: object, token: str = TOKEN) -> Result:
        where = ["--server", self.target, "--ca", self.ca, *(["--token", token] if token else [])]
        return CliRunner().invoke(app, [str(word) for word in (*words, *where)])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    cert, key = certificate(tmp_path_factory.mktemp("tls") / "here", "IP:127.0.0.1")
    with serve(token=TOKEN, tls_cert=str(cert), tls_key=str(key)) as target, Client(target, ca=cert, token=TOKEN) as it:
        list(it.import_images([picture_bytes(1), picture_bytes(2)], collection="c"))
        yield Guarded(target, cert)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "photos", range(1, 3))
    return tmp_path / "photos"


COMMANDS = {
    "index": ("index", "{photos}", "--dry-run"),
    "search": ("search", "{photos}/0001.png"),
    "search many": ("search", "{photos}"),
    "show": ("show", "{photos}/0001.png"),
    "duplicates": ("duplicates",),
    "map": ("map", "{photos}/map.png"),
    "export": ("export", "{photos}/out"),
    "export of records": ("export", "{photos}/out.csv"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_token_and_certificate_go_with_every_command(guarded: Guarded, photos: Path, words: tuple[str, ...]) -> None:
    command = [word.format(photos=photos) for word in words]
    refused = guarded.run(*command, "-c", "c", token="")
    assert refused.exit_code == 1
    assert "UNAUTHENTICATED" in refused.stderr
    done = guarded.run(*command, "-c", "c")
    assert done.exit_code == 0, done.output


def test_collections_are_listed_with_them_too(guarded: Guarded) -> None:
    listed = json.loads(guarded.run("collections", "list", "--json").stdout)
    assert [each["name"] for each in listed["collections"]] == ["c"]


def test_a_report_is_replayed_with_them_too(guarded: Guarded, photos: Path) -> None:
    report = photos / "r.json"
    assert guarded.run("search", photos / "0001.png", "-c", "c", "--report", report).exit_code == 0
    assert guarded.run("replay", report).exit_code == 0
    assert "UNAUTHENTICATED" in guarded.run("replay", report, token="").stderr

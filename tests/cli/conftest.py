"""A real server with two tiny models, and the command line run against it in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.shell import Run
from tests.pictures import write_pictures
from typer.testing import CliRunner, Result

from lookalike.cli.app import app
from lookalike_server.testing import serve


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with serve(model="tiny,tiny:32") as address:
        yield address


@pytest.fixture
def run(target: str) -> Run:
    def invoke(*arguments: object, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--server", target], input=typed)

    return invoke


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures, two of them in a subfolder."""
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder, range(4))
    write_pictures(folder / "more", range(4, 6))
    return folder

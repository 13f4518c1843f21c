"""A folder of pictures that were taken a while ago, and a collection to keep in step with it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.pictures import picture_bytes

from lookalike import Client, folders
from lookalike.folders import Outcome, Step

Keep = Callable[..., dict[str, Outcome]]
LONG_AGO = 1_500_000_000.0


def write(path: Path, content: bytes, when: float = LONG_AGO) -> Path:
    """A file that was last written then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (when, when))
    return path


def write_picture(path: Path, seed: int, when: float = LONG_AGO) -> Path:
    return write(path, picture_bytes(seed), when)


@pytest.fixture
def client(target: str) -> Iterator[Client]:
    with Client(target) as looks:
        yield looks


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures, one of them in a subfolder."""
    folder = tmp_path / "photos"
    write_picture(folder / "a.png", 1)
    write_picture(folder / "b.png", 2)
    write_picture(folder / "sub" / "c.png", 3)
    return folder


@pytest.fixture
def steps(client: Client, collection: str, photos: Path) -> Callable[..., list[Step]]:
    """Keeps the collection in step with the folder and tells each step."""

    def kept(*paths: Path, **options: object) -> list[Step]:
        return list(folders.keep(client, paths or (photos,), collection=collection, **options))  # type: ignore[arg-type]

    return kept


@pytest.fixture
def keep(steps: Callable[..., list[Step]], photos: Path) -> Keep:
    """The same, as outcomes by path below the folder."""

    def kept(*paths: Path, **options: object) -> dict[str, Outcome]:
        return {os.path.relpath(step.path, photos): step.outcome for step in steps(*paths, **options)}

    return kept


@pytest.fixture
def seen(client: Client, collection: str, photos: Path) -> Callable[[], list[str]]:
    """The paths below the folder at which the collection saw pictures."""
    return lambda: [os.path.relpath(each.source.path, photos) for each in client.sources(collection)]

"""Pictures inside other files with a real server: imported, found, searched with, embedded again."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from tests.client.containers.makers import (
    LIMIT,
    album,
    inside,
    outcomes,
    write_pages,
    write_tar,
    write_video,
    write_zip,
)
from tests.client.faces import Connect

from lookalike import Client, Examples, ImportItem, containers
from lookalike.errors import ReembedIncomplete, SourceChanged, SourceVanished
from lookalike.types import ReembedProgress


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A container of each kind; the zip holds a member that is no picture."""
    folder = tmp_path_factory.mktemp("written")
    write_zip(folder / "a.zip", {**album(2), "../slip.png": album(3)["album/2.png"], "bad.png": b"no picture"})
    write_tar(folder / "b.tar.gz", {"c.png": album(4)["album/3.png"]})
    write_pages(folder / "c.pdf", range(10, 12))
    write_pages(folder / "d.tif", range(20, 22))
    write_video(folder / "e.avi", 15)
    return folder


@pytest.fixture
def folder(tmp_path: Path, written: Path) -> Path:
    """Those containers, for this test's own use."""
    return shutil.copytree(written, tmp_path / "containers")


def items(folder: Path) -> Iterator[ImportItem]:
    """As `lookalike index` imports them."""
    for path in sorted(folder.iterdir()):
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        for member in containers.members(path, LIMIT):
            assert member.picture is not None
            yield ImportItem(member.picture, path=member.path, modified=modified, size_bytes=path.stat().st_size)


@pytest.fixture
def filled(looks: Client, collection: str, folder: Path) -> Client:
    failed = [step for step in looks.import_images(items(folder), collection=collection) if step.error]
    assert [step.path for step in failed] == [f"{folder}/a.zip!/bad.png"]
    return looks


SOURCES = [
    "a.zip!/album/0.png",
    "a.zip!/album/1.png",
    "a.zip!/slip.png",
    "b.tar.gz!/c.png",
    "c.pdf#page=1",
    "c.pdf#page=2",
    "d.tif",
    "d.tif#page=2",
    "e.avi#t=0",
    "e.avi#t=10",
]


def test_sources_say_where_inside_the_file_a_picture_lies(filled: Client, collection: str, folder: Path) -> None:
    sources = {source.path: source for image in filled.images(collection) for source in image.sources}
    assert sorted(sources) == [f"{folder}/{name}" for name in SOURCES]
    page = sources[f"{folder}/c.pdf#page=2"]
    assert page.size_bytes == (folder / "c.pdf").stat().st_size
    assert page.modified == datetime.fromtimestamp((folder / "c.pdf").stat().st_mtime, UTC)


def test_importing_them_again_sends_nothing(filled: Client, collection: str, folder: Path) -> None:
    again = [step for step in filled.import_images(items(folder), collection=collection) if not step.error]
    assert {str(step.outcome) for step in again} == {"existed"}


def test_each_source_path_is_a_query(filled: Client, collection: str, folder: Path) -> None:
    for name in SOURCES:
        best = filled.search(f"{folder}/{name}", collection=collection)[0]
        assert (best.distance, best.image.path) == (0, f"{folder}/{name}")
        examples = Examples(positives=[folder / name])
        assert filled.search(examples, collection=collection)[0].image.path == f"{folder}/{name}"


def test_a_query_that_is_gone_says_so(filled: Client, collection: str, folder: Path) -> None:
    with pytest.raises(SourceVanished, match="has no page 9"):
        filled.search(folder / "c.pdf#page=9", collection=collection)


def test_a_source_path_can_be_imported(looks: Client, collection: str, folder: Path) -> None:
    (step,) = looks.import_images([f"{folder}/c.pdf#page=2"], collection=collection)
    assert step.error is None
    (image,) = looks.images(collection)
    (source,) = image.sources
    assert image.id == sha256(containers.read(f"{folder}/c.pdf#page=2", LIMIT)).hexdigest()
    assert (source.path, source.size_bytes) == (f"{folder}/c.pdf#page=2", (folder / "c.pdf").stat().st_size)


def test_they_are_embedded_again_from_where_they_lie(filled: Client, collection: str, folder: Path) -> None:
    steps = list(filled.reembed(collection, model="tiny:32"))
    assert [step.error for step in steps] == [None] * len(SOURCES)
    assert filled.collection(collection).model_id == "tiny-32-1"
    assert filled.search(folder / "c.pdf#page=2", collection=collection)[0].distance == 0


def test_what_vanished_or_changed_in_a_container_is_told(filled: Client, collection: str, folder: Path) -> None:
    write_zip(folder / "a.zip", {"album/0.png": album(1)["album/0.png"], "slip.png": b"another"})
    (folder / "c.pdf").unlink()
    steps: list[ReembedProgress] = []
    with pytest.raises(ReembedIncomplete, match="4 of the 10 images"):
        steps.extend(filled.reembed(collection, model="tiny:32"))
    assert {Path(step.path or "").name: type(step.error) for step in steps if step.error} == {
        "1.png": SourceVanished,
        "slip.png": SourceChanged,
        "c.pdf#page=1": SourceVanished,
        "c.pdf#page=2": SourceVanished,
    }


def test_hundreds_of_members_arrive_with_both_clients(connect: Connect, target: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "many.zip", album(150))
    looks = connect(target)
    found = {inside(member): member for member in containers.members(path, LIMIT)}
    steps = list(
        looks.import_images(
            [ImportItem(each.picture or b"", path=each.path) for each in found.values()], collection="m"
        )
    )
    assert [step.error for step in steps] == [None] * 150
    assert looks.collection("m").image_count == len(set(outcomes(path).values()))

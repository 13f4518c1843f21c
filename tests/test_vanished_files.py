"""Files that go while a server uses them: it says which and what to do, and acknowledges nothing that would be lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import arrival, ids, image_id, open_catalog, vector_of
from tests.pictures import picture_bytes
from tests.rpc.conftest import Doors, doors, failure

from lookalike.v1 import collection_service_pb2 as cpb
from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import types_pb2 as tpb
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.errors import DataFolderError
from lookalike_server.records import Filter

FILES = ["catalog.db", "catalog.db-wal", "catalog.db-shm"]


def remove(file: Path) -> None:
    file.unlink()


def replace(file: Path) -> None:
    shutil.copy(file, file.with_name("copy"))
    file.with_name("copy").rename(file)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [remove, replace])
def test_no_change_is_acknowledged_into_a_database_that_is_gone(
    tmp_path: Path, harm: Callable[[Path], None], name: str
) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(10)])
        harm(tmp_path / name)
        with pytest.raises(DataFolderError, match=f"{name} was removed or replaced"):
            catalog.add([arrival(10)])
        with pytest.raises(DataFolderError, match="lookalike restore"):
            catalog.delete_images("c", [image_id(1)])
        assert ids(catalog.search("c", vector_of(1), limit=1)) == [image_id(1)], "what is held is still found"
        assert catalog.collection("c").image_count == 10


@pytest.mark.parametrize("gone", [*FILES, "."])
def test_every_change_of_a_server_whose_files_are_gone_is_refused_in_words(tmp_path: Path, gone: str) -> None:
    folder = tmp_path / "data"
    with doors(data=folder) as opened:
        (image,) = opened.make("c", range(1))
        shutil.rmtree(folder) if gone == "." else (folder / gone).unlink()
        told = {refused_import(opened).message}
        image_message = tpb.Image(collection="c", id=image, labels={"k": "v"})
        for call, request in [
            (opened.images.UpdateImage, ipb.UpdateImageRequest(image=image_message)),
            (opened.images.DeleteImages, ipb.DeleteImagesRequest(collection="c", image_ids=[image])),
            (opened.collections.CreateCollection, cpb.CreateCollectionRequest(collection=cpb.Collection(name="d"))),
            (opened.collections.DeleteCollection, cpb.DeleteCollectionRequest(name="c")),
        ]:
            failed = failure(lambda call=call, request=request: call(request, timeout=10))  # type: ignore[misc]
            assert (failed.code.name, failed.reason) == ("INTERNAL", "INTERNAL")
            told.add(failed.message)
        assert all("was removed or replaced" in words and "start again" in words for words in told)
        assert not (folder / gone).exists(), "nothing was made in its place"


def refused_import(opened: Doors) -> tpb.ItemStatus:
    request = ipb.ImportImagesRequest(collection="c", content=picture_bytes(9))
    (answer,) = opened.images.ImportImages(iter([request]), timeout=10)
    status: tpb.ItemStatus = answer.status
    return status


def test_a_reader_makes_no_empty_database_in_place_of_one_that_is_gone(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(1)])
        (tmp_path / "catalog.db").unlink()
        assert isinstance(catalog._store, SqliteStore)
        catalog._store._database._idle.clear()  # as when all that are open are in use
        with pytest.raises(DataFolderError, match="removed or replaced"):
            catalog.images("c", Filter(), 10)
        assert not (tmp_path / "catalog.db").exists()


def test_without_its_snapshots_a_server_goes_on_and_writes_others(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5, save_every=50) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        assert catalog.settle(30)
        assert list((tmp_path / "indexes").iterdir())
        shutil.rmtree(tmp_path / "indexes")
        catalog.delete_images("c", [image_id(3)])
        catalog.add([arrival(number) for number in range(100, 160)])
        assert catalog.settle(30)
        assert list((tmp_path / "indexes").iterdir())
        for number in (1, 100):
            assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]
        assert catalog.verify() == []
    with open_catalog(tmp_path, small=5) as catalog:
        assert catalog.verify() == []
        assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=100))


TRACES = [
    "indexes/",
    "tuning.json",
    "catalog.db-wal",
    "replaced-20260101T000000.0Z/",
    ".restore-abc/",
    "before-repair-x/",
]


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("empty", [False, True])
def test_a_folder_that_has_lost_its_database_is_not_taken_for_a_new_one(
    tmp_path: Path, trace: str, empty: bool
) -> None:
    left = tmp_path / trace
    left.mkdir() if trace.endswith("/") else left.write_bytes(b"left")
    if empty:
        (tmp_path / "catalog.db").touch()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(DataFolderError, match=rf"{left.name} beside it.*lookalike restore"):
        open_catalog(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({*before, "lock"}), "nothing was made or removed"


def test_a_served_folder_that_lost_its_database_is_refused_and_taken_back(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(20)])
        assert catalog.settle(30)
    (tmp_path / "catalog.db").rename(tmp_path / "mislaid")
    with pytest.raises(DataFolderError, match="put the file back"):
        open_catalog(tmp_path)
    (tmp_path / "mislaid").rename(tmp_path / "catalog.db")
    with open_catalog(tmp_path, small=5) as catalog:
        assert catalog.collection("c").image_count == 20


@pytest.mark.parametrize("there", [[], ["lock"], ["lock", "lost+found"], ["catalog.db"]])
def test_a_folder_without_a_trace_of_a_catalog_is_new(tmp_path: Path, there: list[str]) -> None:
    for name in there:
        (tmp_path / name).touch()
    with open_catalog(tmp_path) as catalog:
        assert catalog.collections(10) == ([], "")

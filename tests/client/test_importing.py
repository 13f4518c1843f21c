"""Importing with both clients, to a real server, over wires that break."""

import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any, cast

import pytest
from tests.client.faces import Connect
from tests.client.process import in_a_process
from tests.client.wire import Cut, Wire
from tests.pictures import picture_bytes, write_pictures

from lookalike import Client, Filter, ImportItem, errors
from lookalike.importing import Importable
from lookalike.types import ImportProgress
from lookalike_server.testing import serve


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More pictures than two windows hold."""
    folder = tmp_path_factory.mktemp("many")
    write_pictures(folder, range(100, 250))
    return folder


def outcomes(done: list[ImportProgress]) -> Counter[str]:
    return Counter(str(each.outcome) for each in done)


def test_a_folder_is_imported_once(looks: Client, collection: str, many: Path) -> None:
    first = list(looks.import_folder(many, collection=collection))
    assert outcomes(first) == {"created": 150}
    assert [each.done for each in first] == list(range(1, 151))
    assert {each.total for each in first} == {150}
    assert {each.index for each in first} == set(range(150))
    assert first[-1].sent_bytes == sum(path.stat().st_size for path in many.iterdir())
    again = list(looks.import_folder(many, collection=collection))
    assert outcomes(again) == {"existed": 150}
    assert again[-1].sent_bytes == 0
    assert looks.collection(collection).image_count == 150


def test_bad_items_fail_alone(looks: Client, collection: str, tmp_path: Path) -> None:
    items: list[Importable] = [
        picture_bytes(1),
        b"no picture",
        tmp_path / "missing.jpg",
        io.BytesIO(picture_bytes(2)),
        picture_bytes(1),
    ]
    done = {each.index: each for each in looks.import_images(items, collection=collection)}
    assert [done[index].outcome for index in (1, 2)] == ["failed", "failed"]
    assert isinstance(done[1].error, errors.ImageUndecodable)
    assert isinstance(done[2].error, errors.ImageUnreadable)
    assert done[3].outcome == "created"
    assert {str(done[0].outcome), str(done[4].outcome)} == {"created", "existed"}


@pytest.mark.parametrize(
    ("mode", "lost"), [(0, ["shut"]), (0o444, ["shut/1.jpg", "shut/2.jpg"])], ids=["unlistable", "unenterable"]
)
def test_a_folder_that_is_shut_is_not_lost_and_ends_nothing(
    target: str, collection: str, tmp_path: Path, mode: int, lost: list[str]
) -> None:
    write_pictures(tmp_path / "open", range(2))
    (tmp_path / "shut").mkdir(mode=0o700)
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "shut" / name).write_bytes(b"")
    (tmp_path / "shut").chmod(mode)
    tmp_path.chmod(0o755)
    code = """
        import os, sys
        from lookalike import Client
        target, folder, collection = sys.argv[1:]
        os.chdir(folder)
        if os.geteuid() == 0:
            os.setuid(65534)  # root may enter everything
        with Client(target) as looks:
            for each in looks.import_folder(".", collection=collection):
                print(os.path.relpath(each.path), each.outcome, each.error.reason if each.error else "")
    """
    try:
        done = in_a_process(code, target, str(tmp_path), collection)
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert done.stderr == ""
    failed = [f"{path} failed IMAGE_UNREADABLE" for path in lost]
    assert sorted(line.strip() for line in done.stdout.splitlines()) == [
        "open/0000.png created",
        "open/0001.png created",
        *failed,
    ]


def test_a_pipe_among_the_items_fails_alone(looks: Client, collection: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    failed, good = sorted(
        looks.import_images([tmp_path / "pipe.jpg", picture_bytes(1)], collection=collection),
        key=lambda progress: progress.index,
    )
    assert isinstance(failed.error, errors.ImageUnreadable)
    assert good.outcome == "created"
    with pytest.raises(errors.ImageUnreadable, match="no regular file"):
        looks.search(tmp_path / "pipe.jpg", collection=collection)


def closed_file() -> io.BytesIO:
    file = io.BytesIO(picture_bytes(1))
    file.close()
    return file


# East of Greenwich, the first hours of year 1 are none in UTC.
BEFORE_TIME = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
NOT_UTF_8 = os.fsdecode(b"/\xff.jpg")
OWN_FAULTS: list[tuple[Any, type[errors.LookalikeError], str]] = [
    (ImportItem(picture_bytes(1), labels={"f": NOT_UTF_8}), errors.BadRequest, "surrogates"),
    (ImportItem(picture_bytes(1), labels={"f": 5}), errors.BadRequest, "labels are text, unlike 'f': 5"),  # type: ignore[dict-item]
    (ImportItem(picture_bytes(1), labels=None), errors.BadRequest, "mapping"),  # type: ignore[arg-type]
    (ImportItem(picture_bytes(1), path=5), errors.BadRequest, "string"),  # type: ignore[arg-type]
    (ImportItem(picture_bytes(1), "x.jpg", modified=BEFORE_TIME), errors.BadRequest, "between the years 1 and 9999"),
    (ImportItem(picture_bytes(1), "x.jpg", modified="today"), errors.BadRequest, "astimezone"),  # type: ignore[arg-type]
    (closed_file(), errors.ImageUnreadable, "closed file"),
]


@pytest.mark.parametrize(("item", "kind", "words"), OWN_FAULTS, ids=range(len(OWN_FAULTS)))
def test_an_items_own_values_fail_it_alone(
    looks: Client, collection: str, item: Any, kind: type[errors.LookalikeError], words: str
) -> None:
    items = [picture_bytes(2), item, picture_bytes(3)]
    done = {each.index: each for each in looks.import_images(items, collection=collection)}
    assert [done[index].outcome for index in (0, 2)] == ["created", "created"]
    assert type(done[1].error) is kind
    assert words in str(done[1].error)


def test_a_file_of_text_that_does_not_look_like_one_fails_alone(looks: Client, collection: str) -> None:
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("text")
        file.seek(0)
        (failed,) = looks.import_images([cast(IO[bytes], file)], collection=collection)
    assert isinstance(failed.error, errors.ImageUnreadable)


def test_a_path_that_is_not_utf_8_travels_with_marks(looks: Client, collection: str) -> None:
    (done,) = looks.import_images([ImportItem(picture_bytes(4), path=NOT_UTF_8)], collection=collection)
    record = looks.image(done.image_id or "", collection=collection)
    assert record.path == "/\N{REPLACEMENT CHARACTER}.jpg"
    assert list(looks.images(collection, filter=Filter(path_prefix=NOT_UTF_8))) == [record]


def test_a_picture_over_the_limit_fails_alone(connect: Connect) -> None:
    small, large = picture_bytes(1, width=20, height=20), picture_bytes(2)
    with serve(max_image_bytes=len(small)) as target:
        done = {each.index: each for each in connect(target).import_images([large, small])}
    assert isinstance(done[0].error, errors.ImageTooLarge)
    assert done[1].outcome == "created"


def test_nothing_to_import_makes_the_collection(looks: Client, collection: str, tmp_path: Path) -> None:
    assert list(looks.import_folder(tmp_path, collection=collection)) == []
    assert looks.collection(collection).image_count == 0


def test_a_collection_is_not_made_unasked(looks: Client, collection: str, photos: Path) -> None:
    with pytest.raises(errors.CollectionNotFound):
        list(looks.import_folder(photos, collection=collection, create=False))


def test_an_error_of_the_callers_own_iterable_reaches_the_caller(looks: Client, collection: str) -> None:
    def items() -> Iterator[bytes]:
        yield picture_bytes(1)
        raise errors.QueueFull("mine")

    with pytest.raises(errors.QueueFull, match="mine"):
        list(looks.import_images(items(), collection=collection))


def test_an_import_that_is_left_early_leaves_nothing_running(target: str, collection: str, many: Path) -> None:
    code = """
        import sys, threading
        from lookalike import Client
        target, folder, collection = sys.argv[1:]
        looks = Client(target)
        for progress in looks.import_folder(folder, collection=collection):
            break
        del progress
        others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
        for thread in others:
            thread.join(timeout=20)
        sys.exit(any(thread.is_alive() for thread in others))
    """
    done = in_a_process(code, target, str(many), collection)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
def test_an_import_may_be_left_at_the_very_end_of_a_program(
    target: str, collection: str, many: Path, client: str
) -> None:
    code = """
        import asyncio, sys
        from lookalike import AsyncClient, Client
        target, folder, collection, client = sys.argv[1:]
        async def main():
            async for _ in AsyncClient(target).import_folder(folder, collection=collection):
                return
        if client == "AsyncClient":
            asyncio.run(main())
        else:
            next(Client(target).import_folder(folder, collection=collection))
    """
    done = in_a_process(code, target, str(many), collection, client)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_broken_connection_is_taken_up_again(connect: Connect, target: str, collection: str, many: Path) -> None:
    size = sum(path.stat().st_size for path in many.iterdir())
    with Wire(target, Cut(size // 2)) as wire:
        looks = connect(wire.target)
        done = list(looks.import_folder(many, collection=collection))
        looks.close()
        assert wire.connections > 1
    assert [each.error for each in done] == [None] * 150
    assert {each.index for each in done} == set(range(150))
    assert connect(target).collection(collection).image_count == 150


def test_many_searches_survive_a_broken_connection(connect: Connect, target: str, collection: str, many: Path) -> None:
    list(connect(target).import_folder(many, collection=collection))
    paths = sorted(many.iterdir())
    with Wire(target, Cut(sum(path.stat().st_size for path in paths) // 2)) as wire:
        looks = connect(wire.target)
        answers = list(looks.search_many(paths, collection=collection, limit=1))
        looks.close()
        assert wire.connections > 1
    assert len(answers) == 150
    assert [answer for _, answer in answers if isinstance(answer, errors.LookalikeError)] == []


def test_a_restarted_server_is_waited_for(connect: Connect, free_port: int, many: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"address": f"127.0.0.1:{free_port}", "data": tmp_path / "data"}
    with serve(**settings) as target:
        looks = connect(target)
        progress = looks.import_folder(many)
        done = [next(progress)]
    with serve(**settings):
        done += progress
        assert [each.error for each in done] == [None] * 150
        assert looks.collection("default").image_count == 150


def test_a_server_with_little_room_gets_everything_in_the_end(connect: Connect, many: Path) -> None:
    with serve(max_waiting_images=4, threads=1) as target:
        looks = connect(target)
        done = list(looks.import_folder(many))
        assert [each.error for each in done] == [None] * 150
        assert looks.collection("default").image_count == 150

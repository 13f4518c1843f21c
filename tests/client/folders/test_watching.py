import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.client.folders.conftest import LONG_AGO, write_picture
from tests.pictures import picture_bytes

from lookalike import Client
from lookalike.folders import Globs, Outcome, Rules, Step
from lookalike.folders.watching import Event, Pass, Remark, Watch
from lookalike_server.process import ServerProcess

SETTLE = 0.2


class Followed:
    """A watch that a test asks for its next pass."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.remarks: list[str] = []

    def next_pass(self) -> tuple[Pass, dict[str, Outcome]]:
        """The next one with work to do, and what it did, by file name."""
        steps: dict[str, Outcome] = {}
        for event in self._events:
            if isinstance(event, Step):
                steps[Path(event.path).name] = event.outcome
            elif isinstance(event, Remark):
                self.remarks.append(event.text)
            else:
                return event, steps
        raise AssertionError("a watch has no end")


@pytest.fixture
def follow(client: Client, collection: str, photos: Path) -> Callable[..., Followed]:
    def started(**options: object) -> Followed:
        settings = {"collection": collection, "settle": SETTLE, **options}
        return Followed(Watch(client, [photos], **settings).events())  # type: ignore[arg-type]

    return started


Follow = Callable[..., Followed]


def test_the_first_pass_is_an_index_and_finds_what_happened_while_nobody_watched(follow: Follow, photos: Path) -> None:
    first, steps = follow().next_pass()
    assert first.is_whole
    assert steps == dict.fromkeys(["a.png", "b.png", "c.png"], Outcome.CREATED)
    (photos / "a.png").rename(photos / "z.png")
    again, steps = follow().next_pass()
    assert (again.is_whole, again.unchanged) == (True, 2)
    assert steps == {"z.png": Outcome.MOVED}


def test_each_change_is_followed(follow: Follow, photos: Path, client: Client, collection: str) -> None:
    followed = follow(labels={"trip": "alps"}, prune=True)
    followed.next_pass()

    write_picture(photos / "new.png", 9)
    assert followed.next_pass()[1] == {"new.png": Outcome.CREATED}

    write_picture(photos / "new.png", 10, LONG_AGO + 60)
    assert followed.next_pass()[1] == {"new.png": Outcome.CHANGED}

    (photos / "a.png").rename(photos / "sub" / "renamed.png")
    moved, steps = followed.next_pass()
    assert steps == {"renamed.png": Outcome.MOVED}
    assert (moved.is_whole, moved.sent_bytes) == (False, 0)

    (photos / "sub").rename(photos / "other")
    assert followed.next_pass()[1] == dict.fromkeys(["c.png", "renamed.png"], Outcome.MOVED)

    (photos / "b.png").unlink()
    assert followed.next_pass()[1] == {"b.png": Outcome.PRUNED}

    shutil.rmtree(photos / "other")
    assert followed.next_pass()[1] == dict.fromkeys(["c.png", "renamed.png"], Outcome.PRUNED)
    assert [Path(image.path or "").name for image in client.images(collection)] == ["new.png"]


def test_a_burst_is_one_pass(follow: Follow, photos: Path) -> None:
    followed = follow()
    followed.next_pass()
    for number in range(120):
        write_picture(photos / "burst" / f"{number}.png", 100 + number)
    _, steps = followed.next_pass()
    assert list(steps.values()) == [Outcome.CREATED] * 120


def test_only_what_an_index_would_find_is_followed(follow: Follow, photos: Path) -> None:
    followed = follow(rules=Rules(Globs(exclude=["cache", "*.tmp.png"])))
    followed.next_pass()
    for name in ("cache/x.png", "deep/cache/x.png", "x.tmp.png", ".hidden.png", ".dot/x.png", "x.txt", "good.png"):
        write_picture(photos / name, 50)
    assert followed.next_pass()[1] == {"good.png": Outcome.CREATED}


def test_a_half_written_file_waits_and_does_not_hold_up_the_others(follow: Follow, photos: Path) -> None:
    followed, passes = follow(), queue.Queue[dict[str, Outcome]]()
    followed.next_pass()

    def watch_on() -> None:
        for _ in range(2):
            passes.put(followed.next_pass()[1])

    content = picture_bytes(9)
    growing = (photos / "growing.png").open("wb", buffering=0)
    growing.write(content[:100])
    write_picture(photos / "whole.png", 10)
    watching = threading.Thread(target=watch_on)
    watching.start()
    written, before = 100, None
    while before is None:
        growing.write(content[written : written + 1])
        written += 1
        try:
            before = passes.get(timeout=0.02)
        except queue.Empty:
            continue
    assert before == {"whole.png": Outcome.CREATED}
    assert written < len(content)
    growing.write(content[written:])
    growing.close()
    assert passes.get() == {"growing.png": Outcome.CREATED}
    watching.join()


def test_a_file_that_is_being_written_at_the_start_waits_too(follow: Follow, photos: Path) -> None:
    (photos / "now.png").write_bytes(picture_bytes(9))
    followed = follow(settle=1.0)
    assert followed.next_pass()[1] == dict.fromkeys(["a.png", "b.png", "c.png"], Outcome.CREATED)
    assert followed.next_pass()[1] == {"now.png": Outcome.CREATED}


def test_polling_follows_too(follow: Follow, photos: Path) -> None:
    followed = follow(poll=True)
    followed.next_pass()
    write_picture(photos / "new.png", 9)
    assert followed.next_pass()[1] == {"new.png": Outcome.CREATED}


def test_a_folder_that_is_taken_away_is_waited_for_and_costs_nothing(
    follow: Follow, photos: Path, client: Client, collection: str
) -> None:
    followed = follow(prune=True)
    followed.next_pass()
    away = photos.with_name("unmounted")
    photos.rename(away)

    def bring_back() -> None:
        while not followed.remarks:
            assert client.collection(collection).image_count == 3
        write_picture(away / "new.png", 9)
        away.rename(photos)

    hand = threading.Thread(target=bring_back)
    hand.start()
    back, steps = followed.next_pass()
    hand.join()
    assert (back.is_whole, back.unchanged, steps) == (True, 3, {"new.png": Outcome.CREATED})
    assert [text.split(str(photos))[-1] for text in followed.remarks] == [
        " is not there: waiting for its disk",
        "all folders are there again",
    ]


def test_an_empty_folder_prunes_nothing(follow: Follow, photos: Path, client: Client, collection: str) -> None:
    follow().next_pass()
    shutil.rmtree(photos)
    photos.mkdir()
    followed = follow(prune=True)
    _, steps = followed.next_pass()
    assert set(steps.values()) == {Outcome.GONE}
    assert "nothing is pruned" in followed.remarks[0]
    assert client.collection(collection).image_count == 3


@pytest.mark.parametrize("poll", [False, True])
def test_a_folder_that_is_emptied_under_its_eyes_keeps_its_images(
    follow: Follow, photos: Path, client: Client, collection: str, poll: bool
) -> None:
    followed = follow(prune=True, poll=poll)
    followed.next_pass()
    for path in [*photos.rglob("*.png"), photos / "sub"]:
        path.rmdir() if path.is_dir() else path.unlink()
    _, steps = followed.next_pass()
    assert set(steps.values()) == {Outcome.GONE}
    assert "nothing is pruned" in followed.remarks[0]
    assert client.collection(collection).image_count == 3


def test_a_server_that_is_killed_is_waited_for(tmp_path: Path, photos: Path, free_port: int) -> None:
    settings = ("--model", "tiny", "--address", f"127.0.0.1:{free_port}")
    server = ServerProcess(tmp_path / "data", *settings)
    try:
        with Client(server.target) as client:
            followed = Followed(Watch(client, [photos], collection="kept", settle=SETTLE).events())
            followed.next_pass()
            server.kill()
            write_picture(photos / "new.png", 9)

            def restart() -> None:
                nonlocal server
                while not followed.remarks:
                    threading.Event().wait(0.01)
                server = ServerProcess(tmp_path / "data", *settings)

            hand = threading.Thread(target=restart)
            hand.start()
            assert followed.next_pass()[1] == {"new.png": Outcome.CREATED}
            hand.join()
            assert [text.split(":")[0] for text in followed.remarks] == ["waiting for the server"]
            write_picture(photos / "newer.png", 10)
            assert followed.next_pass()[1] == {"newer.png": Outcome.CREATED}
            assert followed.remarks[1:] == ["the server is back"]
    finally:
        server.kill()


ONE_WATCH = "echo 1 > /proc/sys/user/max_inotify_watches && exec "
AS_ROOT_OF_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "sh", "-c")


def _may_lower_limits() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*AS_ROOT_OF_A_NAMESPACE, ONE_WATCH + "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _may_lower_limits(), reason="this system lets nobody lower its limits for a test")
def test_where_the_system_watches_no_more_folders_they_are_polled(target: str, collection: str, photos: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lookalike import Client\n"
        "from lookalike.folders.watching import Pass, Watch\n"
        "watch = Watch(Client(sys.argv[1]), [Path(sys.argv[2])], collection=sys.argv[3], settle=0.2)\n"
        "for event in watch.events():\n"
        "    print(event, flush=True)\n"
        "    if isinstance(event, Pass): break\n"
    )
    command = f'{ONE_WATCH}"$0" -c "$1" "$2" "$3" "$4"'
    line = [*AS_ROOT_OF_A_NAMESPACE, command, sys.executable, code, target, os.fspath(photos), collection]
    told = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "max_user_watches" in told
    assert "is_whole=True" in told

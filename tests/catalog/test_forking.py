"""Work in a child process, and what becomes of it when either side dies."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lookalike_server.catalog import forking
from lookalike_server.catalog.forking import Child, ChildFailed, make_safe

linux = pytest.mark.skipif(not forking.FORKS, reason="the work is done in place here")


def plugged(door: Path) -> str:
    """Opens a fifo that nobody writes to: the child stands there until somebody does."""
    return door.read_text()


@pytest.fixture
def door(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "door")
    return tmp_path / "door"


def test_it_sees_memory_as_it_was() -> None:
    held = [1, 2]
    child = Child(lambda: held)
    held.append(3)
    assert child.result(30) == [1, 2] if forking.FORKS else [1, 2, 3]


def test_where_none_can_be_forked_the_work_is_done_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "FORKS", False)
    assert Child(os.getpid).result(0) == os.getpid()
    with pytest.raises(ChildFailed, match="broken"):
        Child(lambda: int("broken")).result(0)


def test_more_than_a_pipe_holds_comes_back() -> None:
    assert Child(lambda: list(range(100_000))).result(30) == list(range(100_000))


def test_its_error_is_told() -> None:
    with pytest.raises(ChildFailed, match=r"ValueError: .*broken"):
        Child(lambda: int("broken")).result(30)


@linux
def test_one_that_dies_has_failed() -> None:
    with pytest.raises(ChildFailed, match="killed"):
        Child(lambda: os.kill(os.getpid(), signal.SIGKILL)).result(30)


@linux
def test_one_that_hangs_is_ended(door: Path) -> None:
    child = Child(lambda: plugged(door))
    pid = child._pid
    assert pid is not None
    with pytest.raises(ChildFailed, match="longer than"):
        child.result(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@linux
def test_one_that_is_ended_lets_who_waits_go(door: Path) -> None:
    child = Child(lambda: plugged(door))
    threading.Timer(0, child.kill).start()
    with pytest.raises(ChildFailed):
        child.result(30)
    child.kill()


@linux
def test_it_holds_nothing_of_the_servers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)), (tmp_path / "file").open("w"):
        held = Child(lambda: [str(Path(f"/proc/self/fd/{number}").readlink()) for number in range(4)]).result(30)
        assert Child(lambda: sorted(path.name for path in Path("/proc/self/fd").iterdir())).result(30) == [*"01234"]
    assert held[:3] == [os.devnull] * 3
    assert held[3].startswith("pipe:")  # the fifth is what the list is read from


@linux
def test_it_gives_way() -> None:
    assert Child(lambda: os.nice(0)).result(30) == min(19, os.nice(0) + 10)


@linux
def test_a_killed_parents_child_goes_with_it(door: Path) -> None:
    program = (
        "import sys, os, pathlib\n"
        "from lookalike_server.catalog.forking import Child\n"
        "child = Child(lambda: pathlib.Path(sys.argv[1]).read_text())\n"
        "print(child._pid, flush=True)\n"
        "child.result(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(door)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watched = os.pidfd_open(pid)
        parent.kill()
        gone = select.poll()
        gone.register(watched)
        assert gone.poll(30_000), "the orphan lives on"
        os.close(watched)


@linux
@pytest.mark.parametrize("count", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_a_fork_beside_busy_threads_harms_neither(count: int) -> None:
    make_safe()
    rows, done = np.ones((2_000, 512), np.float32), threading.Event()

    def multiply() -> None:
        while not done.is_set():
            rows @ rows[0]

    threads = [threading.Thread(target=multiply) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [Child(lambda: 1).result(30) for _ in range(count)] == [1] * count
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert not any(thread.is_alive() for thread in threads)

from pathlib import Path

import pytest
from tests.client.folders.conftest import write

from lookalike.folders.settling import Settling


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settling(clock: Clock) -> Settling:
    return Settling(2.0, clock)


def test_a_file_is_taken_once_it_stood_still_for_long_enough(settling: Settling, clock: Clock, tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.png", b"x"))
    settling.touch([path])
    clock.now = 1.9
    assert settling.take() == []
    clock.now = 2.0
    assert settling.take() == [path]
    assert settling.take() == []


def test_a_file_that_grows_waits_though_nobody_tells(settling: Settling, clock: Clock, tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", b"x")
    settling.touch([str(path)])
    clock.now = 1.9
    write(path, b"xy")
    assert settling.take() == []
    clock.now = 3.8
    assert settling.take() == []
    clock.now = 3.9
    assert settling.take() == [str(path)]


def test_a_burst_is_taken_together(settling: Settling, clock: Clock, tmp_path: Path) -> None:
    first, second = (str(write(tmp_path / name, b"x")) for name in "ab")
    settling.touch([first])
    clock.now = 1.5
    settling.touch([second])
    clock.now = 2.5
    assert settling.take() == []
    clock.now = 3.5
    assert settling.take() == [first, second]


def test_one_that_never_stands_still_keeps_the_others_waiting_only_so_long_and_nothing_counts_as_gone(
    settling: Settling, clock: Clock, tmp_path: Path
) -> None:
    whole, growing, gone = str(write(tmp_path / "a", b"x")), write(tmp_path / "b", b""), str(tmp_path / "gone")
    settling.touch([whole, str(growing), gone])
    taken: list[str] = []
    while not taken:
        clock.now += 1
        write(growing, b"x" * int(clock.now))
        taken = settling.take()
    assert (clock.now, taken) == (10.0, [whole])
    clock.now += 1
    assert settling.take() == []
    clock.now += 1
    assert sorted(settling.take()) == sorted([str(growing), gone])

"""Progress says how far and how long still, on a terminal over and over, in a log seldom."""

import io

import pytest

from lookalike_server.training.progress import Progress, clock_time


class Clock:
    """Time that the test moves on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO) -> str:
    clock = Clock()
    progress = Progress("embedding", 40, stream, clock)
    for _ in range(40):
        clock.now += 1
        progress.advance()
    return stream.getvalue()


def test_a_log_gets_a_line_every_ten_seconds_and_the_last() -> None:
    assert run(io.StringIO()).splitlines() == [
        "embedding  [######------------------]  10/40  ETA 0:30",
        "embedding  [############------------]  20/40  ETA 0:20",
        "embedding  [##################------]  30/40  ETA 0:10",
        "embedding  [########################]  40/40  took 0:40",
    ]


def test_a_terminal_sees_one_line_drawn_over_and_over() -> None:
    said = run(Terminal())
    assert said.count("\r") == 40
    assert said.count("\n") == 1
    assert said.endswith("40/40  took 0:40\n")


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3723, "1:02:03")])
def test_times(seconds: float, said: str) -> None:
    assert clock_time(seconds) == said

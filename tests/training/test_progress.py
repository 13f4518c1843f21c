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


def test_a_line_fits_the_terminal_and_erases_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream, clock = Terminal(), Clock()
    progress = Progress("training", 40, stream, clock)
    for note in ("loss 1.234  rank 0.123  copies 0.123", ""):
        clock.now += 1
        progress.advance(1, note)
    lines = stream.getvalue().split("\r")[1:]
    assert all(line.startswith("\x1b[K") for line in lines)
    assert max(len(line.removeprefix("\x1b[K")) for line in lines) == 59


def test_a_note_stands_at_the_end_and_a_remark_on_a_line_of_its_own() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress("training", 1, stream, clock)
    progress.remark("left out: a.jpg")
    progress.advance(1, "loss 0.5")
    assert stream.getvalue().splitlines()[0] == "left out: a.jpg"
    assert stream.getvalue().endswith("1/1  took 0:00  loss 0.5\n")


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3723, "1:02:03")])
def test_times(seconds: float, said: str) -> None:
    assert clock_time(seconds) == said

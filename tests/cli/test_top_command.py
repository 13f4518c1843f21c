import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.shell import COMMAND, Run, environment, lookalike, start
from tests.pictures import picture_bytes

from lookalike import Client
from lookalike.cli.pace import Pace, pace
from lookalike.cli.screen import duration, milliseconds, rate, screen
from lookalike.load import (
    BatchTimes,
    DropCount,
    Histogram,
    Lane,
    LaneLoad,
    ModelLoad,
    RequestCount,
    RequestTimes,
    ServerLoad,
    StageTimes,
)
from lookalike_server.process import ServerProcess
from lookalike_server.testing import serve

NOBODY = "127.0.0.1:1"
BOUNDS = (0.001, 0.01, 0.1)
"""Of seconds."""


def reading(uptime: float, times: int) -> ServerLoad:
    """A server that has done everything so many times."""
    seconds = Histogram(BOUNDS, (0, times, 0, 0), 0.005 * times)
    rows = Histogram((8.0, 16.0), (0, times, 0), 16.0 * times)
    model = ModelLoad(
        "tiny-1",
        "numpy",
        (LaneLoad(Lane.INTERACTIVE, times, 0, 0), LaneLoad(Lane.BULK, 15 * times, 7, 1_500_000)),
        (BatchTimes((Lane.INTERACTIVE, Lane.BULK), rows, seconds), BatchTimes((Lane.BULK,), Histogram(), Histogram())),
    )
    return ServerLoad(
        started=datetime(2026, 1, 1, tzinfo=UTC),
        uptime=uptime,
        requests=(
            RequestCount("Search", "OK", "", times),
            RequestCount("Search", "RESOURCE_EXHAUSTED", "QUEUE_FULL", times),
            RequestCount("GetServerLoad", "OK", "", times),
        ),
        request_times=(RequestTimes("Search", seconds),),
        stages=(StageTimes("decode", Lane.BULK, seconds),),
        models=(model,),
        drops=(DropCount("queue_full", Lane.BULK, times),),
        held_bytes=2_000_000,
        images=1_234,
        unindexed=34,
        memory_bytes=300_000_000,
        cpu_seconds=uptime * 1.5,
    )


def between() -> Pace:
    return pace(reading(10.0, 100), reading(20.0, 200))


def test_a_pace_is_the_difference_of_two_readings() -> None:
    found = between()
    assert (found.seconds, found.uptime, found.cpus) == (10.0, 20.0, 1.5)
    search = found.methods["Search"]
    assert (search.rate, search.failed) == (20.0, 10.0)
    assert search.p50 == pytest.approx(0.0055)
    bulk = found.lanes[Lane.BULK]
    assert (bulk.images_rate, bulk.waiting, bulk.waiting_bytes) == (150.0, 7, 1_500_000)
    assert bulk.stages["decode"].p99 == pytest.approx(0.00991)
    assert bulk.stages["queue"].p50 is None
    assert (found.batches["mixed"].rate, found.batches["mixed"].mean_rows) == (10.0, 16.0)
    assert found.batches["bulk"].mean_rows is None
    assert found.drops == {"queue_full bulk": 10.0}


@pytest.mark.parametrize("width", [54, 70, 80, 120])
def test_the_screen_fits_and_cuts_no_number(width: int) -> None:
    console = Console(width=width, file=StringIO())
    with console.capture() as told:
        console.print(screen("localhost:50051", between(), width))
    lines = told.get().splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for words in ("localhost:50051", "tiny-1 on numpy", "up 20 s", "1.50 cores", "300 MB memory", "34 not indexed"):
        assert words in " ".join(text.split())
    for number in ("7 (1.5 MB)", "5.5 / 9.9", "16.0", "queue_full bulk 10.0", "20.0"):
        assert number in text
    assert "GetServerLoad" not in text, "what is asked for the view itself"
    assert "…" not in text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.5, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (266_000, "3 d 1 h")]
)
def test_durations_are_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_have_the_digits_that_tell_something() -> None:
    assert [rate(number) for number in (0, 0.25, 12.34, 1234.5)] == ["-", "0.2", "12.3", "1,234"]
    assert [milliseconds(time) for time in (None, 0.00123, 0.0999, 1.2345)] == ["-", "1.2", "99.9", "1,234"]


def test_once_prints_one_screen_without_a_terminal(run: Run) -> None:
    done = run("top", "--once", "--interval", "0.1")
    assert done.exit_code == 0
    assert done.stdout.count("images a second") == 1
    assert "tiny" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_one_object_a_line_of_what_happened_in_the_interval(target: str) -> None:
    watching = start("top", "--json", "--count", "2", "--interval", "1", "--server", target)
    assert watching.stdout is not None
    with watching, Client(target) as looks:
        first = json.loads(watching.stdout.readline())
        looks.embed(picture_bytes(1))
        second = json.loads(watching.stdout.readline())
        assert watching.stdout.read() == ""
    assert watching.returncode == 0
    assert first["seconds"] == pytest.approx(1, abs=0.9)
    assert second["methods"]["Embed"]["rate"] * second["seconds"] == pytest.approx(1)
    assert second["lanes"]["interactive"]["images_rate"] * second["seconds"] == pytest.approx(1)
    assert second["batches"]["interactive"]["mean_rows"] == 1.0


def test_a_server_that_is_not_there_is_told_and_asked_again() -> None:
    done = lookalike("top", "--count", "1", "--interval", "0.1", "--server", NOBODY)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("SERVER_UNAVAILABLE ") and line.endswith("asking again ...") for line in lines)
    as_json = lookalike("top", "--json", "--count", "1", "--interval", "0.1", "--server", NOBODY)
    assert [json.loads(line)["error"]["reason"] for line in as_json.stderr.splitlines()] == ["SERVER_UNAVAILABLE"] * 2


def test_what_waiting_cannot_mend_ends_it() -> None:
    with serve(token="secret") as target:  # noqa: S106
        done = lookalike("top", "--server", target)
    assert done.returncode == 1
    assert done.stderr.startswith("UNAUTHENTICATED ")


def test_a_server_that_comes_back_is_watched_again(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", "--model", "tiny")
    watching = start("top", "--json", "--interval", "0.2", "--server", server.target)
    assert watching.stdout is not None
    assert watching.stderr is not None
    with watching:
        before = json.loads(watching.stdout.readline())
        server.terminate()
        assert json.loads(watching.stderr.readline())["error"]["code"] == "UNAVAILABLE"
        again = ServerProcess(tmp_path / "data", "--model", "tiny", "--address", server.target)
        lines = iter(watching.stdout.readline, "")
        after = next(each for each in map(json.loads, lines) if each["started"] != before["started"])
        watching.send_signal(signal.SIGINT)
        watching.stdout.read()
        watching.stderr.read()
    assert watching.returncode == 0
    assert after["models"] == before["models"]
    again.terminate()


@contextmanager
def at_a_terminal_of(columns: int, rows: int, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command with a person before it; gives the process and what the person's end of the terminal is."""
    person, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    own = {name: value for name, value in environment().items() if name != "COLUMNS"}
    process = subprocess.Popen([*COMMAND, *arguments], stdout=terminal, stderr=terminal, env={**own, "TERM": "xterm"})
    os.close(terminal)
    try:
        yield process, person
    finally:
        process.kill()
        process.wait()
        os.close(person)


def seen(person: int, words: bytes) -> bytes:
    """What came to the terminal up to these words."""
    text = b""
    while words not in text:
        text += os.read(person, 65536)
    return text


def everything(person: int) -> bytes:
    """What came to the terminal until the command ended."""
    text = b""
    with suppress(OSError):  # how a terminal says that nobody is at its other end
        while part := os.read(person, 65536):
            text += part
    return text


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_at_a_terminal_it_fills_the_screen_and_ctrl_c_ends_it_well(target: str, columns: int, rows: int) -> None:
    with at_a_terminal_of(columns, rows, "top", "--interval", "0.1", "--server", target) as (process, person):
        assert b"\x1b[?1049h" in seen(person, b"images a second"), "the terminal's other screen"
        process.send_signal(signal.SIGINT)
        rest = everything(person)
        assert b"images a second" in rest.partition(b"\x1b[?1049l")[2], "the last figures stay, on the usual screen"
        assert b"Traceback" not in rest
        assert process.wait(10) == 0

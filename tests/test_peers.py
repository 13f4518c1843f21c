"""The comparison with other servers: ours bears its loads here; the others need environments that the command makes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.peers import environments
from benchmarks.peers.__main__ import best
from benchmarks.peers.tables import FIGURES, report
from benchmarks.peers.task import Setup
from tests.pictures import write_pictures

ROOT = Path(__file__).parents[1]


def run(*flags: str) -> str:
    command = [sys.executable, "-m", "benchmarks.peers", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_our_server_bears_every_load_and_the_results_print_again(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photographs", range(6))
    out = tmp_path / "results.json"
    length = ("--runs", "1", "--seconds", "0.2", "--patience", "0.2")
    printed = run(str(tmp_path / "photographs"), "--servers", "ours", "--model", "tiny", *length, "--out", str(out))
    assert "| | bare loop | ours | ours / best | |" in printed
    for figure in FIGURES:
        assert re.search(rf"^\| {re.escape(figure.words)} \| [-\d].* \| [-\d].* \| - \| nobody", printed, re.MULTILINE)
    found = json.loads(out.read_text())["runs"][0]["ours"]
    assert found["closed 32 rate"] > 0
    assert found["mixed bulk"] > 0
    assert run("--show", str(out)) == printed


def results(ours: float, mosec: float) -> str:
    """A report in which every figure is the same number."""
    run = {name: {figure.key: value for figure in FIGURES} for name, value in (("ours", ours), ("mosec", mosec))}
    tried = {"mosec": {"delay 2 ms": (mosec, 1.0)}}
    return report(
        {"machine": "", "loads": "", "tuning": tried, "chosen": {"mosec": "delay 2 ms"}, "runs": [run, run, run]}
    )


def line(table: str, words: str) -> str:
    return next(line for line in table.splitlines() if line.startswith(f"| {words} |"))


def test_the_table_says_where_ours_is_not_within_five_percent_of_the_best() -> None:
    slower = results(ours=94, mosec=100)
    assert line(slower, "8 callers, images/s").endswith("| 0.94 | **not within 5% of mosec** |")
    assert line(slower, "8 callers, p99, ms").endswith("| 0.94 |  |")
    assert line(results(ours=96, mosec=100), "8 callers, images/s").endswith("| 0.96 |  |")
    assert line(results(ours=106, mosec=100), "8 callers, p99, ms").endswith("| 1.06 | **not within 5% of mosec** |")


def test_the_table_says_where_ours_must_lead_and_does_not() -> None:
    behind, ahead = results(ours=99, mosec=100), results(ours=101, mosec=100)
    goodput, mixed = "arrivals at 200%, goodput, % of capacity", "people beside bulk, p99, ms"
    assert line(behind, goodput).endswith("| **does not lead: mosec does** |")
    assert line(ahead, goodput).endswith("| leads |")
    assert line(behind, mixed).endswith("| leads |")
    assert line(ahead, mixed).endswith("| **does not lead: mosec does** |")


def test_tuning_takes_the_highest_throughput_and_among_equals_the_lowest_p99() -> None:
    assert best({"delay 0 ms": (100.0, 40.0), "delay 2 ms": (98.0, 30.0), "none": (90.0, 5.0)}) == "delay 2 ms"


def test_a_setup_reaches_the_servers_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = Setup(port=1, model="tiny", cores=2, delay_ms=None, patience=2.0, in_flight=64)
    for name, value in setup.environment().items():
        monkeypatch.setenv(name, value)
    assert Setup.current() == setup
    assert (setup.processes, setup.threads, setup.rows) == (2, 1, 1)


def test_every_peer_is_pinned_to_one_version() -> None:
    pinned = [path.read_text() for path in environments.REQUIREMENTS.glob("*.txt")]
    assert len(pinned) == 3
    assert all(re.fullmatch(r"[\w\[\]]+==[\d.]+ # Apache-2\.0\n", words) for words in pinned)

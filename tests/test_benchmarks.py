"""The benchmark's command runs and prints its tables; what the figures are is the benchmark's business."""

import subprocess
import sys
from pathlib import Path

from tests.pictures import write_pictures
from tests.rpc.conftest import free_port

ROOT = Path(__file__).parents[1]


def test_the_folder_benchmark_prints_its_tables(tmp_path: Path) -> None:
    for number, kind in enumerate(("abbey", "beach")):
        write_pictures(tmp_path / kind, range(number * 100, number * 100 + 8))
    command = [sys.executable, "-m", "benchmarks.folder", str(tmp_path), "--per-kind", "6", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--queries", "6", "--model", "tiny"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for words in ("12 pictures of 2 kinds", "bare loop", "ratio by round", "by vector", "mean over 2 kinds", "serving"):
        assert words in done.stdout


def test_the_engines_benchmark_prints_its_table() -> None:
    command = [sys.executable, "-m", "benchmarks.engines", "tiny", "--pictures", "3", "--rounds", "2", "--threads", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Model tiny; 3 pictures, 2 rounds" in done.stdout
    assert "| numpy | 1 | " in done.stdout
    assert done.stdout.endswith("| 1.00 | 0e+00 |\n")


def test_the_preparing_benchmark_prints_its_table() -> None:
    command = [sys.executable, "-m", "benchmarks.preparing", "--rounds", "1", "--sizes", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "| 500 x 375 | " in done.stdout


def test_the_leaving_benchmark_prints_what_is_left() -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "benchmarks.leaving", "--streams", "20", "--calls", "20", "--idle", "0.2"]
    done = subprocess.run(
        [*command, "--model", "tiny", "--metrics-address", address],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "| 20 | " in done.stdout
    assert "bytes a stream" in done.stdout
    assert "10 cancelled, 10 answered" in done.stdout

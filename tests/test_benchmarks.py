"""The benchmarks' commands run and print their tables; what the figures are is the benchmarks' business."""

import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from benchmarks import load, metrics, photographs, processor, roofline, vectors
from benchmarks.filters import __main__ as filters
from benchmarks.filters import cases
from PIL import Image
from tests.pictures import write_pictures

from lookalike_server.models.deepranking import GRAPH, SHIPPED

ROOT = Path(__file__).parents[1]
SHORT = {"rounds": 2, "seconds": 0.3, "calls": 10, "vectors": 2100, "small": 10, "large": 1, "streams": 20}


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("throughput", ("10 JPEGs", "| 500 x 375 |", "| 12 MP |", "| decode |", "| commit |", "SGEMM", "event loop")),
        ("latency", ("Searches among 2,100", "in one process", "| by picture, 16", "| by vector |", "p99 <= 5.0")),
        ("mixed", ("| searches alone |", "| both: searches |", "| both: import |", "16 callers who search")),
        ("overload", ("at twice what", "| share: answered |", "p99 <= 50", "memory at its peak", "| reason |")),
        (
            "leaving",
            ("| 20 |", "| the later half |", "| rows computed for nobody |", "| idle, share of a core |", "| reason |"),
        ),
    ],
)
def test_the_speed_benchmark_prints_its_tables(tmp_path: Path, table: str, words: tuple[str, ...]) -> None:
    write_pictures(tmp_path / "kind", range(3))
    printed = run(
        "speed",
        str(tmp_path),
        "--tables",
        table,
        "--model",
        "tiny",
        *(f"--{name}={value}" for name, value in SHORT.items()),
    )
    assert f"## {table.capitalize()}" in printed
    assert printed.endswith(" s in all\n")
    for word in words:
        assert word in printed


@pytest.mark.slow
def test_the_benchmark_of_everyday_use_follows_files_and_prints_its_table(tmp_path: Path) -> None:
    write_pictures(tmp_path / "few", range(40))
    work = tmp_path / "work"
    work.mkdir()
    printed = run("everyday", str(tmp_path / "few"), "--count", "100", "--work", str(work), "--flags=--model tiny")
    assert "| unchanged |" in printed
    assert "100 unchanged · 0.0 MB sent" in printed
    assert "the ancestor took 4 to 6 hours" in printed
    assert list(work.iterdir()) == []


def test_the_duplicates_benchmark_prints_its_tables(tmp_path: Path) -> None:
    write_pictures(tmp_path / "kind", range(6))
    printed = run("duplicates", str(tmp_path), "--photographs", "6", "--copies", "3", "--model", "tiny")
    assert "6 photographs, 3 of them altered" in printed
    lines = printed.splitlines()
    assert any("other pairs within, of 15 |" in line for line in lines)
    (compressed,) = [line for line in lines if line.startswith("| JPEG quality 60 |")]
    assert compressed.endswith("| 1.000 |")


def test_the_linking_benchmark_prints_its_table() -> None:
    printed = run("linking", "--images", "3000", "--dim", "8")
    for words in ("| 3000 | 8 | each with each |", "| 3000 | 8 | through the graph |", "searches alone"):
        assert words in printed


def test_the_filters_benchmark_prints_its_table() -> None:
    printed = run("filters", "--count", "3000", "--dim", "32", "--queries", "6")
    for words in (
        "3,000 x 32",
        "| 50% |",
        "| 0.1% |",
        "| far 10% |",
        "planner alone",
        "hnswlib callback",
        "numpy exact",
    ):
        assert words in printed
    missing = "Qdrant is missing: pip install 'lookalike[bench]'" in printed
    assert missing == (find_spec("qdrant_edge") is None)
    assert printed.endswith(" s in all\n")


def test_the_filters_benchmark_judges_by_what_was_measured() -> None:
    fast, slow = [0.5, 0.6], [3.0, 4.0]
    ways = {"ours, with records": fast, "planner alone": fast, "hnswlib callback": slow, "Qdrant": slow}
    found = dict.fromkeys(ways, 1.0)
    assert filters.good(ways, found) == filters.faster(ways, found) == "yes"
    assert filters.good({**ways, "ours, with records": slow}, found) == "**no**"
    assert filters.good(ways, {**found, "ours, with records": 0.9}) == "**no**"
    assert "Qdrant is 2.2 times as fast" in filters.faster({**ways, "Qdrant": [0.2, 0.3]}, found)
    assert filters.faster({**ways, "Qdrant": [0.2, 0.3]}, {**found, "Qdrant": 0.5}) == "yes"
    assert "too little" in filters.faster(ways, {**found, "Qdrant": 0.5, "hnswlib callback": 0.5})


def test_far_filters_admit_nothing_near() -> None:
    rows = vectors.mixture(3_000, 32)
    for case in cases.cases(rows, 5):
        assert len(case.nearest) == len(case.queries) == 5
        assert case.recall(0, [*case.nearest[0]]) == 1
        assert case.recall(0, []) == 0
        if case.name == "far 10%":
            others = np.setdiff1d(np.arange(3_000), case.admitted)
            assert (rows[case.admitted] @ case.queries.T).max() < np.median(
                np.sort(rows[others] @ case.queries.T, 0)[-20:]
            )


@pytest.mark.slow
def test_the_scale_benchmark_prints_its_tables() -> None:
    printed = run("scale", "--count", "2400", "--queries", "20", "--model", "tiny", "--dim", "64")
    for words in (
        "| ours: in the graph",
        "| hnswlib |",
        "a snapshot is written",
        "| a clean stop |",
        "| SIGKILL, 24",
        "200% churn",
    ):
        assert words in printed


def test_the_precision_benchmark_prints_its_table(tmp_path: Path) -> None:
    for number, kind in enumerate(("abbey", "beach")):
        write_pictures(tmp_path / kind, range(number * 100, number * 100 + 8))
    printed = run("precision", str(tmp_path), "--per-kind", "6", "--model", "tiny")
    for words in ("12 pictures of 2 kinds", "mean over 2 kinds", "| best |"):
        assert words in printed


def test_the_engines_benchmark_prints_its_table() -> None:
    printed = run("engines", "tiny", "--pictures", "3", "--rounds", "2", "--threads", "1")
    assert "Model tiny; 3 pictures, 2 rounds" in printed
    assert "| numpy | 1 | " in printed
    assert printed.endswith("| 1.00 | 0e+00 |\n")


def test_the_preparing_benchmark_prints_its_table() -> None:
    assert "| 500 x 375 | " in run("preparing", "--rounds", "1", "--sizes", "1")


def test_derived_photographs_are_as_many_and_as_different_as_asked(tmp_path: Path) -> None:
    found = photographs.sources(None, most=5)
    files = photographs.write_small(found, tmp_path / "small", len(found) + 2)
    assert len(set(photographs.encoded(files))) == len(found) + 2
    with Image.open(files[-1]) as image:
        assert (image.format, image.size) == ("JPEG", photographs.SMALL)


def test_large_photographs_are_as_phones_write_them(tmp_path: Path) -> None:
    files = photographs.write_large(photographs.sources(None, most=1), tmp_path / "large", 3, distinct=2)
    assert len(set(photographs.encoded(files))) == 3
    assert 3 < photographs.megabytes(files) < 5
    with Image.open(files[1]) as image:
        assert image.size == photographs.LARGE
        assert (image.getexif()[0x0112], image.getexif()[0x0132]) == (6, "2025:07:01 12:00:00")


def test_a_network_is_counted_in_its_graph() -> None:
    # EfficientNet-Lite0 has 385 million multiply-adds, the low-resolution paths and heads a few more.
    assert 2 * 384e6 < roofline.operations(SHIPPED / GRAPH) < 2 * 392e6


def test_callers_make_their_calls_one_after_another_each_number_once() -> None:
    numbers: list[int] = []
    assert len(load.in_turn(numbers.append, calls=5, callers=3)) == 15
    assert sorted(numbers) == list(range(15))


def test_arrivals_are_those_of_a_poisson_process_and_the_same_for_a_seed() -> None:
    times = load.poisson(10.0, 100.0, seed=1)
    assert times == sorted(times) == load.poisson(10.0, 100.0, seed=1)
    assert 900 < len(times) < 1100
    assert max(times) < 100.0


def test_an_open_loop_does_not_wait_for_answers_and_counts_from_when_a_call_was_due() -> None:
    last = threading.Event()

    def call(number: int) -> None:
        if number == 2:
            last.set()
        elif not last.wait(timeout=30):
            raise TimeoutError

    samples = load.open_loop(call, [0.0, 0.0, 0.05])
    assert [(sample.due, sample.error) for sample in samples] == [(0.0, ""), (0.0, ""), (0.05, "")]
    assert all(sample.seconds >= 0.05 for sample in samples[:2])


def test_what_fails_is_counted_by_its_name_and_is_no_answer() -> None:
    def call(number: int) -> None:
        if number % 2:
            raise KeyError(number)

    samples = load.in_turn(call, calls=4)
    assert [sample.error for sample in samples] == ["", "KeyError", "", "KeyError"]
    assert len(load.answered(samples)) == 2


def test_percentiles_are_of_answers_alone() -> None:
    samples = [load.Sample(0.0, number / 1000) for number in range(1, 102)] + [load.Sample(0.0, 9.0, "Refused")]
    assert load.milliseconds(samples, 50) == pytest.approx(51.0)
    assert load.milliseconds(samples, 99) == pytest.approx(100.0)


def test_drops_are_read_by_reason_from_what_the_server_tells() -> None:
    name = 'lookalike_dropped_total{{lane="{}",reason="deadline"}}'
    series = {name.format("bulk"): 3.0, name.format("interactive"): 1.0, "lookalike_waiting_images": 7.0}
    assert metrics.drops(series) == {"deadline": 4}


def test_threads_are_grouped_by_what_they_are_for() -> None:
    before = {1: ("onnx_0", 0), 2: ("decode-bulk_0", 0)}
    after = {
        1: ("onnx_0", 2_000_000_000),
        2: ("decode-bulk_0", 10),
        3: ("onnx_1", 1_000_000_000),
        4: ("event_engine", 5),
    }
    assert processor.spent(before, after) == {"network": 3.0, "decode-bulk": 1e-8, "gRPC": 5e-9}


def test_the_benchmark_of_imports_prints_its_table() -> None:
    printed = run("importing", "--here", "--starts", "1")
    for words in ("| `import lookalike` |", "| `from lookalike import Client` |", "| `lookalike --help` |"):
        assert words in printed

"""`lookalike export FILE`: what a collection knows of its images, without vectors, for spreadsheets and programs."""

import csv
import io
import json
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
from tests.cli.shell import Run, start
from tests.client.report_makers import HOSTILE, NOON
from tests.disk import no_file_beyond

from lookalike import Client, Embedded, Location, Scene, Source
from lookalike.cli.metadata import COLUMNS

COUNT = 600
"""More than two pages."""


@pytest.fixture(scope="module")
def case(target: str) -> str:
    with Client(target) as looks:
        images = [
            Embedded(
                f"{number:064x}",
                np.eye(64)[number % 64],
                source=Source(f"/{'odd' if number % 2 else 'even'}/{number}.jpg", NOON, 7),
                labels={"n": str(number % 3), "=cmd": HOSTILE.replace("\udcff", "")},
                scenes=(Scene("pier", 0.75),),
                captured=NOON,
                location=Location(1.5, -2.5),
                width=4,
                height=3,
                size_bytes=12,
                format="PNG",
                more_sources=[Source("/second place.jpg")] if number == 5 else [],
            )
            for number in range(COUNT)
        ]
        done = list(looks.import_embedded(images, collection="case", model_id="tiny-1"))
        assert {each.error for each in done} == {None}
    return "case"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_has_a_row_an_image(run: Run, case: str, tmp_path: Path) -> None:
    done = run("export", tmp_path / "all.csv", "-c", case)
    assert done.exit_code == 0, done.stderr
    assert f"{COUNT} images of case" in done.stdout
    assert (tmp_path / "all.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    rows = table((tmp_path / "all.csv").read_text("utf-8-sig"))
    assert list(rows[0]) == list(COLUMNS)
    assert {row["id"] for row in rows} == {f"{number:064x}" for number in range(COUNT)}
    (fifth,) = (row for row in rows if int(row["id"], 16) == 5)
    assert fifth["paths"] == "/odd/5.jpg | /second place.jpg"
    assert (fifth["width"], fifth["height"], fifth["size_bytes"], fifth["format"]) == ("4", "3", "12", "PNG")
    assert fifth["captured"] == NOON.isoformat()
    assert (fifth["latitude"], fifth["longitude"]) == ("1.5", "-2.5")
    assert fifth["scenes"] == "pier 0.750"
    assert fifth["labels"].startswith("'=cmd=")
    assert "\x1b" not in fifth["labels"]
    assert fifth["created"]


@pytest.mark.parametrize("words", [["all.jsonl"], ["records", "--format", "jsonl"], ["-"]])
def test_lines_hold_the_records_as_they_are(
    run: Run, case: str, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("export", *words, "-c", case)
    text = done.stdout if words == ["-"] else Path(words[0]).read_text("utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    assert len(records) == COUNT
    run("export", "whole", "-c", case)
    assert sorted(text.splitlines()) == sorted(Path("whole/images.jsonl").read_text("utf-8").splitlines())
    assert HOSTILE.replace("\udcff", "") in records[0]["labels"].values()


def test_standard_output_holds_nothing_but_the_records(run: Run, case: str) -> None:
    done = run("export", "-", "-c", case, "--format", "csv", "--label", "n=1", "--path-prefix", "/odd/")
    rows = table(done.stdout)
    assert {int(row["id"], 16) for row in rows} == {number for number in range(COUNT) if number % 6 == 1}
    assert "100 images of case" in done.stderr


def test_a_part_of_a_collection_is_exported_with_its_vectors(run: Run, case: str, tmp_path: Path) -> None:
    assert run("export", tmp_path / "part", "-c", case, "--label", "n=2").exit_code == 0
    assert np.load(tmp_path / "part" / "vectors.npy").shape == (200, 64)
    assert json.loads(run("import", tmp_path / "part", "-c", "part", "--json").stdout)["created"] == 200


def test_what_was_written_is_summed_up(run: Run, case: str, tmp_path: Path) -> None:
    summary = json.loads(run("export", tmp_path / "all.csv", "-c", case, "--json").stdout)
    assert summary.pop("seconds") >= 0
    size = (tmp_path / "all.csv").stat().st_size
    assert summary == {"collection": case, "file": str(tmp_path / "all.csv"), "total": COUNT, "bytes": size}


def test_only_an_earlier_export_is_replaced(run: Run, case: str, tmp_path: Path) -> None:
    for name in ("all.csv", "all.jsonl"):
        assert run("export", tmp_path / name, "-c", case).exit_code == 0
        assert run("export", tmp_path / name, "-c", case).exit_code == 0
    (tmp_path / "diary.csv").write_text("dear diary")
    done = run("export", tmp_path / "diary.csv", "-c", case)
    assert (done.exit_code, (tmp_path / "diary.csv").read_text()) == (2, "dear diary")


def test_what_was_not_finished_leaves_what_was_there(run: Run, case: str, tmp_path: Path) -> None:
    run("export", tmp_path / "all.csv", "-c", case)
    before = (tmp_path / "all.csv").read_bytes()
    assert run("export", tmp_path / "all.csv", "-c", "nowhere").exit_code == 1
    with no_file_beyond(4_096):
        done = run("export", tmp_path / "all.csv", "-c", case)
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("all.csv", before)]


@pytest.mark.parametrize("where", ["all.csv", "whole"])
def test_broken_off_it_leaves_nothing_and_begins_anew(tmp_path: Path, where: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        process = start("export", tmp_path / where, "--server", f"127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert (process.returncode, list(tmp_path.iterdir())) == (130, [])
    assert "Stopped after 0 images." in said
    assert "again" not in said

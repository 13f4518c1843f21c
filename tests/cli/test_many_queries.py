"""`lookalike search` with several queries, folders of them, and examples."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.cli.shell import Run, lookalike
from tests.pictures import write_pictures

from lookalike import Client, Examples, StoredImage


@pytest.fixture(autouse=True)
def indexed(run: Run, folder: Path) -> None:
    assert run("index", folder, "-c", "trip").exit_code == 0


def lines(run: Run, *words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("search", *words, "-c", "trip", "--json").stdout.splitlines()]


def asked(answers: Sequence[dict[str, Any]]) -> list[str]:
    return [Path(answer["question"]["positives"][0]["path"]).name for answer in answers]


def found(answer: dict[str, Any]) -> list[str]:
    return [match["image"]["id"] for match in answer["matches"]]


def image_id(run: Run, path: Path) -> str:
    return str(json.loads(run("show", path, "-c", "trip", "--json").stdout)["id"])


def test_several_queries_are_answered_in_their_order(run: Run, folder: Path) -> None:
    queries = [folder / f"000{number}.png" for number in (3, 0, 2, 0)]
    answers = lines(run, *queries)
    assert asked(answers) == ["0003.png", "0000.png", "0002.png", "0000.png"]
    for answer, query in zip(answers, queries, strict=True):
        first = answer["result"]["matches"][0]
        assert first["image"]["id"] == answer["question"]["positives"][0]["sha256"] == image_id(run, query)


def test_a_folder_means_every_picture_in_it(run: Run, folder: Path) -> None:
    names = ["0000.png", "0001.png", "0002.png", "0003.png", "0004.png", "0005.png"]
    assert asked(lines(run, folder)) == names
    assert asked(lines(run, folder / "more", folder / "0001.png")) == ["0004.png", "0005.png", "0001.png"]


def test_a_folder_of_more_queries_than_travel_at_once_keeps_their_order(run: Run, tmp_path: Path) -> None:
    photos = write_pictures(tmp_path, range(100, 180))
    assert asked(lines(run, tmp_path)) == [path.name for path in photos]


def test_a_folder_with_one_picture_is_answered_in_the_form_of_a_folder(run: Run, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(1))
    assert set(lines(run, tmp_path)[0]) == {"question", "result", "error"}


def test_one_query_is_answered_in_the_form_of_one(run: Run, folder: Path) -> None:
    done = json.loads(run("search", folder / "0001.png", "-c", "trip", "--json").stdout)
    assert set(done) >= {"matches", "model_id", "generation", "exact", "timings"}


def test_a_query_that_fails_costs_itself(run: Run, folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken\x1b[31m.jpg"
    broken.write_bytes(b"no picture")
    words = (folder / "0001.png", broken, folder / "0002.png")
    done = run("search", *words, "-c", "trip", "--json")
    assert done.exit_code == 1
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["error"], second["result"], third["error"]) == (None, None, None)
    assert second["error"]["reason"] == "IMAGE_UNDECODABLE"
    assert "1 of 3 queries failed" in done.stderr
    shown = run("search", *words, "-c", "trip")
    assert shown.exit_code == 1
    assert "IMAGE_UNDECODABLE" in shown.stdout
    assert shown.stdout.count("exact: every image compared") == 2
    assert "\x1b" not in shown.stdout


def test_tables_stand_under_their_queries(target: str, folder: Path) -> None:
    done = lookalike("search", folder / "0001.png", folder / "0002.png", "-c", "trip", "-n", "1", "--server", target)
    printed = done.stdout.splitlines()
    first, second = (printed.index(str(folder / name)) for name in ("0001.png", "0002.png"))
    assert first == 0 < second
    assert printed[1].split() == printed[second + 1].split() == ["#", "distance", "score", "pixels", "picture"]


def test_an_unknown_collection_is_told_once_for_all_queries(run: Run, folder: Path) -> None:
    done = run("search", folder, "-c", "nowhere")
    assert (done.exit_code, done.stderr.count("COLLECTION_NOT_FOUND")) == (1, 1)
    assert not done.stdout


def test_a_folder_without_pictures_is_told(run: Run, tmp_path: Path) -> None:
    done = run("search", tmp_path, "-c", "trip")
    assert done.exit_code == 1
    assert f"No pictures in {tmp_path}" in done.stderr.replace("\n", "")


@pytest.mark.parametrize("words", [[], ["nothing.jpg"], ["id:12"], ["--unlike", f"id:{'a' * 64}"]])
def test_what_is_nothing_to_look_for_is_wrong_usage(run: Run, words: list[str]) -> None:
    assert run("search", *words, "-c", "trip").exit_code == 2


def test_a_contact_sheet_of_several_queries_has_a_row_for_each(run: Run, folder: Path, tmp_path: Path) -> None:
    heights = []
    for number in (2, 4):
        queries = [folder / f"000{each}.png" for each in range(2)] * (number // 2)
        assert run("search", *queries, "-c", "trip", "--sheet", tmp_path / f"{number}.png").exit_code == 0
        with Image.open(tmp_path / f"{number}.png") as sheet:
            heights.append(sheet.height)
    assert heights[1] - heights[0] == 2 * (236 + 12)


def test_examples_are_one_query(run: Run, folder: Path, target: str) -> None:
    like, unlike = folder / "0001.png", folder / "more" / "0004.png"
    stored = image_id(run, folder / "0002.png")
    done = run("search", "--like", like, "--like", f"id:{stored}", "--unlike", unlike, "-c", "trip", "--json")
    with Client(target) as looks:
        expected = looks.search(Examples([like, StoredImage(stored)], [unlike]), collection="trip")
    assert found(json.loads(done.stdout)) == [match.image.id for match in expected]


def test_examples_join_each_query(run: Run, folder: Path, target: str) -> None:
    queries, unlike = [folder / "0001.png", folder / "0003.png"], folder / "more" / "0004.png"
    answers = lines(run, *queries, "--unlike", unlike)
    with Client(target) as looks:
        for query, answer in zip(queries, answers, strict=True):
            expected = looks.search(Examples([query], [unlike]), collection="trip")
            assert found(answer["result"]) == [match.image.id for match in expected]


def test_examples_come_from_a_file_too(run: Run, folder: Path, target: str, tmp_path: Path) -> None:
    (like, unlike) = write_pictures(tmp_path / "below", range(20, 22))
    stored = image_id(run, folder / "0002.png")
    listed = tmp_path / "examples.txt"
    listed.write_text(f"\ufeff# these\nbelow/{like.name}\n\n+ id:{stored}\r\n- {unlike}  \n", encoding="utf-8")
    done = run("search", "--examples", listed, "-c", "trip", "--json")
    with Client(target) as looks:
        expected = looks.search(Examples([like, StoredImage(stored)], [unlike]), collection="trip")
    assert found(json.loads(done.stdout)) == [match.image.id for match in expected]


def test_a_name_that_is_not_utf8_on_disk_is_an_example(run: Run, folder: Path, tmp_path: Path) -> None:
    name = b"caf\xe9.png"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes((folder / "0001.png").read_bytes())
    (tmp_path / "list").write_bytes(name + b"\n")
    done = run("search", "--examples", tmp_path / "list", "-c", "trip", "--json", "-n", "1")
    assert found(json.loads(done.stdout)) == [image_id(run, folder / "0001.png")]


BAD = [
    (b"0001.png\n- gone\x1b[31m.png\n", "line 2 of list"),
    (b"id:12\n", "line 1 of list"),
    (b"# nothing\n\n", "names no examples"),
    (b"\x89PNG\0", "no list of examples"),
    (b"x" * (1 << 20) + b"x", "no list of examples"),
    (b"- 0001.png\n", "name a picture to look for"),
]


@pytest.mark.parametrize(("content", "told"), BAD, ids=range(len(BAD)))
def test_a_file_of_examples_that_cannot_be_followed_is_told(
    content: bytes, told: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "0001.png").write_bytes((folder / "0001.png").read_bytes())
    (tmp_path / "list").write_bytes(content)
    done = lookalike("search", "--examples", tmp_path / "list", "--server", "127.0.0.1:1")
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert "\x1b[31m" not in done.stderr


LONG = "a" * 4_000


@pytest.mark.parametrize("words", [[LONG], ["--like", LONG], [LONG, LONG]], ids=["query", "example", "queries"])
def test_a_name_too_long_for_any_file_is_no_file(run: Run, words: list[str]) -> None:
    done = run("search", *words, "-c", "trip")
    assert done.exit_code == 2
    assert "is no file here" in " ".join(done.stderr.replace("│", " ").split())

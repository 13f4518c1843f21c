"""`lookalike replay`: an unchanged collection gives the identical list; what differs is told; nothing else is sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import Run
from tests.pictures import picture_bytes, write_pictures
from typer.testing import CliRunner, Result

from lookalike import Client
from lookalike.cli.app import app


@pytest.fixture
def photos(tmp_path: Path, target: str, request: pytest.FixtureRequest) -> Path:
    """A folder of five pictures, and a collection of the test's name that holds them."""
    write_pictures(tmp_path / "photos", range(5))
    with Client(target) as looks:
        steps = looks.import_folder(tmp_path / "photos", collection=name(request))
        assert {step.error for step in steps} == {None}
    return tmp_path / "photos"


def name(request: pytest.FixtureRequest) -> str:
    return "".join(each if each.isalnum() else "-" for each in request.node.name)[:60].strip("-")


@pytest.fixture
def case(request: pytest.FixtureRequest) -> str:
    return name(request)


@pytest.fixture(params=["json", "html"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"report.{request.param}"


def replayed(run: Run, file: Path, *words: object) -> tuple[int, dict[str, Any]]:
    done = run("replay", file, *words, "--json")
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["identical"] == (done.exit_code == 0)
    return done.exit_code, told


def verdicts(told: dict[str, Any]) -> list[str]:
    return [each["verdict"] for each in told["queries"]]


def search(run: Run, *words: object) -> Result:
    done = run("search", *words)
    assert done.exit_code == 0, done.stderr
    return done


ASKED: list[list[str]] = [
    [],
    ["-n", "2"],
    ["--tta"],
    ["--region", "0,0,0.5,1"],
    ["--group", "0.8", "--max-distance", "1.9"],
    ["--not-same-source", "--path-prefix", "/"],
    ["--filter", '{"none_of": [{"labels": {"a": "b"}}]}'],
]


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_the_same_generation_gives_the_identical_list(
    run: Run, photos: Path, case: str, kept: Path, words: list[str]
) -> None:
    search(run, photos / "0001.png", "-c", case, *words, "--report", kept)
    status, told = replayed(run, kept)
    assert (status, verdicts(told), told["changed"]) == (0, ["identical"], [])
    assert "1 identical" in run("replay", kept).stdout


def test_a_replay_hears_its_answers_to_the_end(
    run: Run, photos: Path, case: str, kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is left before the end would count a call that was cancelled."""
    search(run, photos, "-c", case, "--report", kept)
    with caplog.at_level("INFO"):
        replayed(run, kept)
    told = [record.message for record in caplog.records if record.message.startswith("SearchStream")]
    assert len(told) == 1
    assert told[0].startswith("SearchStream OK")


def test_a_folder_and_examples_are_asked_again(run: Run, photos: Path, case: str, kept: Path) -> None:
    search(run, photos, "--unlike", photos / "0004.png", "-c", case, "--report", kept)
    assert verdicts(replayed(run, kept)[1]) == ["identical"] * 5


def test_an_added_image_is_told(run: Run, photos: Path, case: str, kept: Path, target: str) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    with Client(target) as looks:
        generation = looks.collection(case).generation
        (step,) = looks.import_images([photos_beside(photos, 9)], collection=case)
    status, told = replayed(run, kept)
    assert (status, verdicts(told)) == (1, ["different"])
    (query,) = told["queries"]
    new = [each for each in query["changes"] if each["kind"] == "new"]
    assert [(each["id"], each["before"]) for each in new] == [(step.image_id, None)]
    assert f"generation {generation} -> {generation + 1}" in query["notes"][0]
    shown = run("replay", kept)
    assert "the collection has changed" in shown.stdout
    assert "new" in shown.stdout
    assert "1 different" in shown.stdout


def photos_beside(photos: Path, seed: int) -> Path:
    return write_pictures(photos.parent / "added", range(seed, seed + 1))[0]


def test_a_removed_image_is_told_with_those_that_moved_up(
    run: Run, photos: Path, case: str, kept: Path, target: str
) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    with Client(target) as looks:
        first, second, third, *_ = looks.search(photos / "0001.png", collection=case)
        looks.delete_images(second.image.id, collection=case)
    _, told = replayed(run, kept)
    changes = {each["id"]: each for each in told["queries"][0]["changes"]}
    assert (changes[second.image.id]["kind"], changes[second.image.id]["now"]) == ("gone", None)
    moved = changes[third.image.id]
    assert (moved["kind"], moved["before"]["rank"], moved["now"]["rank"]) == ("moved", 3, 2)
    assert first.image.id not in changes


def test_a_change_that_does_not_touch_the_list_leaves_it_identical(
    run: Run, photos: Path, case: str, kept: Path, target: str
) -> None:
    search(run, photos / "0001.png", "-c", case, "-n", "1", "--report", kept)
    with Client(target) as looks:
        list(looks.import_images([photos_beside(photos, 9)], collection=case))
    status, told = replayed(run, kept)
    assert (status, verdicts(told)) == (0, ["identical"])
    assert "the collection has changed" in told["queries"][0]["notes"][0]


def test_another_model_is_told(run: Run, photos: Path, case: str, kept: Path, target: str) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    with Client(target) as looks:
        other = looks.server_info().models[1].id
        assert not [step.error for step in looks.reembed(case, model=other) if step.error]
    status, told = replayed(run, kept)
    assert (status, verdicts(told)) == (1, ["different"])
    assert told["queries"][0]["notes"][0] == f"the collection was given to another model: tiny-1 -> {other}"


def test_a_query_that_changed_is_told_and_not_sent_and_the_others_go_on(
    run: Run, photos: Path, case: str, kept: Path
) -> None:
    queries = write_pictures(photos.parent / "queries", range(11, 14))
    stored = json.loads(run("show", photos / "0002.png", "-c", case, "--json").stdout)["id"]
    search(run, *queries, f"id:{stored}", "-c", case, "--report", kept)
    queries[0].write_bytes(picture_bytes(14))
    queries[1].unlink()
    status, told = replayed(run, kept)
    assert (status, verdicts(told)) == (1, ["not asked", "not asked", "identical", "identical"])
    changed, gone, *_ = (each["notes"] for each in told["queries"])
    assert "holds another file now: SHA-256" in changed[0]
    assert "cannot be read" in gone[0]
    assert told["queries"][1]["question"]["positives"][0]["sha256"] in gone[0]


def test_a_report_that_names_a_file_of_yours_does_not_get_it_sent(
    run: Run, photos: Path, case: str, kept: Path
) -> None:
    """The search would answer for any picture: that it was not asked shows in the verdict."""
    search(run, photos / "0001.png", photos / "0002.png", "-c", case, "--report", kept.with_suffix(".json"))
    document = json.loads(kept.with_suffix(".json").read_text())
    first, second = document["answers"]
    first["question"]["positives"][0]["path"] = str(photos / "0003.png")
    second["question"]["positives"][0] = {"sha256": "", "path": str(photos / "0004.png")}
    second["result"], second["error"] = None, {"code": "A", "reason": "B", "message": "C"}
    kept.with_suffix(".json").write_text(json.dumps(document))
    assert verdicts(replayed(run, kept.with_suffix(".json"))[1]) == ["not asked", "not asked"]


def test_a_query_that_failed_then_fails_alike(run: Run, photos: Path, case: str, kept: Path, target: str) -> None:
    broken = photos.parent / "broken.jpg"
    broken.write_bytes(b"no picture")
    assert run("search", broken, photos / "0001.png", "-c", case, "--report", kept).exit_code == 1
    assert verdicts(replayed(run, kept)[1]) == ["identical", "identical"]
    search(run, photos / "0001.png", f"id:{image_of(photos, '0002.png', run, case)}", "-c", case, "--report", kept)
    with Client(target) as looks:
        looks.delete_images(image_of(photos, "0002.png", run, case), collection=case)
    _, told = replayed(run, kept)
    assert verdicts(told)[1] == "different"
    assert "IMAGE_NOT_FOUND" in told["queries"][1]["notes"][0]


def image_of(photos: Path, file: str, run: Run, case: str) -> str:
    return str(json.loads(run("show", photos / file, "-c", case, "--json").stdout)["id"])


def test_a_collection_of_the_same_name_made_anew_is_told(
    run: Run, photos: Path, case: str, kept: Path, target: str
) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    with Client(target) as looks:
        looks.delete_collection(case)
        list(looks.import_images([photos / "0001.png"], collection=case))
    _, told = replayed(run, kept)
    assert "it was made at another time" in told["changed"][0]
    assert "it was made at another time" in run("replay", kept).stdout


def test_other_versions_are_told(run: Run, photos: Path, case: str, kept: Path) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept.with_suffix(".json"))
    document = json.loads(kept.with_suffix(".json").read_text())
    now = document["server"]["versions"].pop("pillow")
    kept.with_suffix(".json").write_text(json.dumps(document))
    assert replayed(run, kept.with_suffix(".json"))[1]["changed"] == [f"pillow: none -> {now}"]


def test_another_collection_may_be_asked(run: Run, photos: Path, case: str, kept: Path, target: str) -> None:
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    run("index", photos, "-c", f"{case[:50]}-2")
    _, told = replayed(run, kept, "-c", f"{case[:50]}-2")
    assert [each["changes"] for each in told["queries"]] == [[]]
    done = run("replay", kept, "-c", "nowhere")
    assert (done.exit_code, done.stderr.split()[0]) == (1, "COLLECTION_NOT_FOUND")


def test_the_server_asked_is_the_callers_own(photos: Path, case: str, kept: Path, run: Run) -> None:
    """A report may name any server; a token must not go there."""
    search(run, photos / "0001.png", "-c", case, "--report", kept)
    done = CliRunner().invoke(app, ["replay", str(kept), "--server", "127.0.0.1:1"])
    assert (done.exit_code, done.stderr.split()[0]) == (1, "SERVER_UNAVAILABLE")


def nested(depth: int) -> dict[str, Any]:
    return {"all_of": [nested(depth - 1)] if depth else []}


HOSTILE: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "a name that is no text": (("collection", "name"), "\ud800"),
    "a name too long": (("collection", "name"), "x" * 100_000),
    "a limit below nothing": (("terms", "limit"), -1),
    "a limit beyond all": (("terms", "limit"), 2**70),
    "a distance below nothing": (("terms", "max_distance"), -1.0),
    "a weight beyond all": (("terms", "prefer"), {"scenes": ["\ud800"], "weight": 1e300}),
    "a region out of the picture": (("terms", "region"), {"left": -1.0, "top": 5.0, "right": 1e300, "bottom": 0.0}),
    "a deep filter": (("terms", "filter"), nested(60)),
    "a filter of no text": (("terms", "filter"), {"labels": {"\ud800": "\ud800"}, "path_prefix": "\ud800"}),
    "a time before all": (("terms", "filter"), {"captured_from": "0001-01-01T00:00:00+23:59"}),
    "a path with a zero": (("answers", 0, "question", "positives", 0, "path"), "/a\0b"),
    "a path that is a folder": (("answers", 0, "question", "positives", 0, "path"), "/"),
    "a path that never ends": (("answers", 0, "question", "positives", 0, "path"), "/dev/zero"),
    "a path too long": (("answers", 0, "question", "positives", 0, "path"), "x" * 100_000),
    "too many examples": (("answers", 0, "question", "negatives"), [{"sha256": "a" * 64}] * 1000),
}


@pytest.mark.parametrize(("path", "value"), HOSTILE.values(), ids=HOSTILE)
def test_a_report_that_means_ill_ends_in_words(
    run: Run, photos: Path, case: str, *, path: tuple[str | int, ...], value: Any
) -> None:
    file = photos.parent / "report.json"
    search(run, photos / "0001.png", "-c", case, "--report", file)
    document = json.loads(file.read_text())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file.write_text(json.dumps(document))
    done = run("replay", file)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
    assert "different" in done.stdout or "not asked" in done.stdout or len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"\x89PNG\xff\xfe", b"<html></html>", b'{"format": "\x1b[31m"}'])
def test_what_is_no_report_is_one_friendly_line(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    done = run("replay", tmp_path / "x.json")
    assert done.exit_code == 1
    assert "cannot be replayed: it" in done.stderr
    assert "\x1b" not in done.stderr

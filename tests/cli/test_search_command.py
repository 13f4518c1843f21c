import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.cli.shell import Run, lookalike
from tests.pictures import picture, write_pictures

from lookalike import Client
from lookalike.cli.connection import NAMES_SHOWN
from lookalike_server.testing import serve


@pytest.fixture(autouse=True)
def indexed(run: Run, folder: Path) -> None:
    assert run("index", folder, "-c", "trip", "--label", "place=alps").exit_code == 0


def found(run: Run, *arguments: object) -> dict[str, Any]:
    done = run("search", *arguments, "-c", "trip", "--json")
    assert done.exit_code == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def names(result: dict[str, Any]) -> list[str]:
    return [Path(match["image"]["sources"][0]["path"]).name for match in result["matches"]]


def test_a_picture_finds_itself_first(run: Run, folder: Path) -> None:
    result = found(run, folder / "0002.png")
    first = result["matches"][0]
    assert names(result)[0] == "0002.png"
    assert first["rank"] == 1
    assert first["distance"] == pytest.approx(0, abs=1e-3)
    assert first["score"] == pytest.approx(1, abs=1e-3)
    assert len(result["matches"]) == 6
    assert result["model_id"]
    assert set(result["timings"]) == {"decode", "queue", "embed", "index", "total"}


def test_the_table_shows_paths_labels_and_what_it_stands_on(target: str, folder: Path) -> None:
    done = lookalike("search", folder / "0002.png", "-c", "trip", "--exact", "--server", target)
    assert done.returncode == 0
    assert str(folder / "0002.png") in done.stdout.splitlines()[1]
    assert "place=alps" in done.stdout
    assert "exact" in done.stdout
    assert "decode" in done.stdout


def test_limit(run: Run, folder: Path) -> None:
    assert len(found(run, folder / "0002.png", "--limit", 2)["matches"]) == 2


def test_a_stored_image_is_not_its_own_match(run: Run, folder: Path) -> None:
    image_id = sha256((folder / "0002.png").read_bytes()).hexdigest()
    assert sorted(names(found(run, f"id:{image_id}"))) == ["0000.png", "0001.png", "0003.png", "0004.png", "0005.png"]


def test_labels_admit(run: Run, folder: Path) -> None:
    assert found(run, folder / "0002.png", "--label", "place=sea")["matches"] == []
    assert len(found(run, folder / "0002.png", "--label", "place=alps")["matches"]) == 6


def test_path_prefix_admits(run: Run, folder: Path) -> None:
    result = found(run, folder / "0002.png", "--path-prefix", f"{folder.as_posix()}/more/")
    assert sorted(names(result)) == ["0004.png", "0005.png"]


def test_the_querys_folder_can_be_left_out(run: Run, folder: Path) -> None:
    assert sorted(names(found(run, folder / "0002.png", "--not-same-folder"))) == ["0004.png", "0005.png"]


def test_max_distance_admits(run: Run, folder: Path) -> None:
    assert names(found(run, folder / "0002.png", "--max-distance", "0.001")) == ["0002.png"]


def test_a_range_that_the_limit_cuts_short_is_said(run: Run, folder: Path) -> None:
    done = run("search", folder / "0002.png", "-c", "trip", "--max-distance", "2", "-n", "2")
    assert "More lie within that distance than these 2" in done.stdout
    assert found(run, folder / "0002.png", "--max-distance", "2", "-n", "2")["more_within"] is True
    assert "More lie" not in run("search", folder / "0002.png", "-c", "trip", "--max-distance", "2").stdout


def test_near_duplicates_fold_into_the_best_of_them(run: Run, folder: Path, tmp_path: Path) -> None:
    (match,) = found(run, folder / "0002.png", "--group", "2")["matches"]
    assert [each["rank"] for each in match["similar"]] == [0] * 5
    shown = run("search", folder / "0002.png", "-c", "trip", "--group", "2", "--sheet", tmp_path / "sheet.png").stdout
    assert shown.count("like it 0.") + shown.count("like it 1.") == 3
    assert "and 2 more like it" in shown
    assert run("search", folder / "0002.png", "--group", "2.5").exit_code == 2


def test_an_eventual_search_answers(run: Run, folder: Path) -> None:
    assert names(found(run, folder / "0002.png", "--eventual"))[0] == "0002.png"


def test_a_region_is_looked_for_alone(run: Run, folder: Path, tmp_path: Path) -> None:
    side_by_side = Image.new("RGB", (400, 150))
    side_by_side.paste(picture(9), (0, 0))
    side_by_side.paste(picture(2), (200, 0))
    side_by_side.save(tmp_path / "both.png")
    result = found(run, tmp_path / "both.png", "--region", "0.5,0,1,1")
    assert names(result)[0] == "0002.png"
    assert result["matches"][0]["distance"] == pytest.approx(0, abs=1e-3)


def test_a_picture_is_found_mirrored_and_turned(run: Run, folder: Path, tmp_path: Path, target: str) -> None:
    with Image.open(folder / "0002.png") as original:
        original.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png")
        original.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored.png")
    for name, turned, mirrored in (("turned", 90, False), ("mirrored", 0, True)):
        first = found(run, tmp_path / f"{name}.png", "--tta")["matches"][0]
        assert Path(first["image"]["sources"][0]["path"]).name == "0002.png"
        assert (first["turned"], first["mirrored"]) == (turned, mirrored)
        assert first["distance"] == pytest.approx(0, abs=0.02)
    words = ("search", tmp_path, "-c", "trip", "--tta", "-n", "1", "--server", target)
    shown = lookalike(*words).stdout
    assert "query turned 90°" in shown
    assert "query mirrored" in shown


def test_nothing_found_is_said(run: Run, folder: Path) -> None:
    done = run("search", folder / "0002.png", "-c", "trip", "--label", "place=sea")
    assert done.exit_code == 0
    assert "Nothing in trip matches." in done.stdout


def test_a_broken_query_is_one_friendly_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = run("search", tmp_path / "broken.jpg", "-c", "trip")
    assert done.exit_code == 1
    assert done.stderr.startswith("IMAGE_UNDECODABLE ")
    assert not done.stdout


def test_an_unknown_collection_is_said_with_those_that_are_there(run: Run, folder: Path) -> None:
    done = run("search", folder / "0002.png", "-c", "nowhere")
    assert done.exit_code == 1
    assert done.stderr.startswith("COLLECTION_NOT_FOUND ")
    assert "This server has trip; --collection names one" in done.stderr


def test_where_there_is_no_collection_it_says_how_to_make_one(folder: Path) -> None:
    with serve() as empty:
        done = lookalike("search", folder / "0002.png", "--server", empty, "--json")
    error = json.loads(done.stderr)["error"]
    assert error["reason"] == "COLLECTION_NOT_FOUND"
    assert "lookalike index DIR makes one" in error["message"]


def test_many_collections_are_not_all_named(folder: Path) -> None:
    with serve() as target, Client(target) as looks:
        for number in range(NAMES_SHOWN + 1):
            looks.create_collection(f"case-{number:02}")
        done = lookalike("search", folder / "0002.png", "--server", target)
    assert "case-19, ...;" in done.stderr
    assert "case-20" not in done.stderr


def test_a_contact_sheet_is_written(run: Run, folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    done = run("search", folder / "0002.png", "-c", "trip", "--sheet", sheet)
    assert done.exit_code == 0
    assert str(sheet) in done.stderr.replace("\n", "")
    with Image.open(sheet) as written:
        assert written.format == "PNG"
        assert written.width > written.height > 400


def viewer(folder: Path) -> Path:
    """A desktop's viewer that writes down what it is given."""
    folder.mkdir()
    for name in ("xdg-open", "open"):
        (folder / name).write_text('#!/bin/sh\nprintf %s "$1" > "$OPENED"\n')
        (folder / name).chmod(0o755)
    return folder


def test_a_contact_sheet_is_opened(target: str, folder: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    extra = {"PATH": f"{viewer(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}", "OPENED": str(opened)}
    # Returns when the viewer has ended: it holds the pipes that are read.
    done = lookalike("search", folder / "0002.png", "-c", "trip", "--open", "--server", target, extra=extra)
    assert done.returncode == 0
    assert opened.read_text() in done.stderr
    with Image.open(opened.read_text()) as sheet:
        assert sheet.format == "PNG"


def test_without_a_viewer_the_sheet_is_written_and_that_is_said(target: str, folder: Path, tmp_path: Path) -> None:
    sheet, extra = tmp_path / "sheet.png", {"PATH": str(tmp_path)}
    words = ("search", folder / "0002.png", "-c", "trip", "--open", "--sheet", sheet, "--server", target)
    done = lookalike(*words, extra=extra)
    assert done.returncode == 0
    assert "no desktop's viewer" in done.stderr
    assert sheet.exists()


def test_a_sheet_in_a_folder_that_is_not_there_is_refused_before_the_search(tmp_path: Path, folder: Path) -> None:
    done = lookalike(
        "search", folder / "0002.png", "--sheet", tmp_path / "nowhere" / "x.png", "--server", "127.0.0.1:1"
    )
    assert done.returncode == 2
    assert f"no folder {tmp_path}/nowhere" in done.stderr


def test_a_contact_sheet_of_a_stored_image(run: Run, folder: Path, tmp_path: Path) -> None:
    image_id = sha256((folder / "0002.png").read_bytes()).hexdigest()
    assert run("search", f"id:{image_id}", "-c", "trip", "--sheet", tmp_path / "sheet.png").exit_code == 0
    assert (tmp_path / "sheet.png").exists()


def test_a_sheet_that_cannot_be_written_is_told_without_the_systems_words(run: Run, folder: Path) -> None:
    done = run("search", folder / "0002.png", "-c", "trip", "--sheet", "/proc/sheet.png")
    assert done.exit_code == 1
    assert done.stderr == "No contact sheet was written: No such file or directory\n"


def test_a_contact_sheet_never_replaces_a_picture(run: Run, folder: Path, tmp_path: Path) -> None:
    (original,) = write_pictures(tmp_path, range(7, 8))
    before = original.read_bytes()
    done = run("search", folder / "0002.png", "-c", "trip", "--sheet", original)
    assert done.exit_code == 1
    assert "not a contact sheet" in done.stderr.replace("\n", " ")
    assert original.read_bytes() == before


def test_show_by_file_and_by_id_agree(run: Run, folder: Path) -> None:
    by_file = json.loads(run("show", folder / "0003.png", "-c", "trip", "--json").stdout)
    by_id = json.loads(run("show", by_file["id"], "-c", "trip", "--json").stdout)
    assert by_file == by_id
    assert by_file["id"] == sha256((folder / "0003.png").read_bytes()).hexdigest()
    assert (by_file["width"], by_file["height"], by_file["format"]) == (200, 150, "PNG")


def test_show_gives_the_record_in_words(target: str, folder: Path) -> None:
    done = lookalike("show", folder / "0003.png", "-c", "trip", "--server", target)
    assert str(folder / "0003.png") in done.stdout
    assert "PNG, 200 x 150 pixels" in done.stdout
    assert "place=alps" in done.stdout


def test_show_of_a_picture_not_held(run: Run, tmp_path: Path) -> None:
    (stranger,) = write_pictures(tmp_path, range(8, 9))
    done = run("show", stranger, "-c", "trip")
    assert done.exit_code == 1
    assert done.stderr.startswith("IMAGE_NOT_FOUND ")

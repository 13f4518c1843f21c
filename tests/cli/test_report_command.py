"""What `lookalike search` keeps: a report, a table for spreadsheets; and what it leaves alone."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image
from tests.cli.shell import Run, lookalike
from tests.client.html_pages import Page
from tests.disk import no_file_beyond
from tests.pictures import picture_bytes, write_pictures

from lookalike import Client, reports
from lookalike.cli.answers import Asking
from lookalike.cli.queries import read_wanted
from lookalike.reports import COLUMNS
from lookalike.types import SearchResult


@pytest.fixture(autouse=True)
def indexed(run: Run, folder: Path) -> None:
    assert run("index", folder, "-c", "trip", "--label", "place==alps").exit_code == 0


def table(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(COLUMNS)
    return rows


def test_a_report_says_what_was_asked_and_what_was_found(run: Run, folder: Path, tmp_path: Path) -> None:
    query = folder / "0002.png"
    words = ("--region", "0,0,1,0.9", "-n", "3", "--label", "place==alps")
    done = run("search", query, "-c", "trip", *words, "--report", tmp_path / "r.json")
    assert done.exit_code == 0, done.stderr
    assert str(tmp_path / "r.json") in done.stderr.replace("\n", "")
    document = json.loads((tmp_path / "r.json").read_text())
    (answer,) = document["answers"]
    held = json.loads(run("show", query, "-c", "trip", "--json").stdout)
    assert answer["question"] == {"positives": [{"sha256": held["id"], "path": str(query)}], "negatives": []}
    assert answer["result"]["matches"][0]["image"] == held
    assert [match["rank"] for match in answer["result"]["matches"]] == [1, 2, 3]
    assert answer["result"]["exact"] is True
    assert document["terms"]["region"] == {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 0.9}
    assert document["terms"]["filter"]["all_of"][0]["labels"] == {"place": "=alps"}
    assert document["collection"]["image_count"] == 6
    assert document["collection"]["generation"] == answer["result"]["generation"]
    assert document["collection"]["model_id"] == answer["result"]["model_id"]
    assert document["server"]["versions"]["pillow"]
    assert document["lookalike"] == document["server"]["version"]


def test_a_page_holds_the_same_document(run: Run, folder: Path, tmp_path: Path) -> None:
    query, page = folder / "0002.png", tmp_path / "r.HTML"
    assert run("search", query, "-c", "trip", "--report", page).exit_code == 0
    report = reports.read(page)
    parsed = Page(page.read_text())
    assert parsed.outside() == parsed.unclosed == []
    result = report.answers[0].result
    assert result is not None
    for match in result:
        assert match.image.path in parsed.texts
        assert match.image.id in parsed.texts
    assert parsed.frames() == 0


def test_thumbnails_are_read_from_the_sources_here(run: Run, tmp_path: Path) -> None:
    photos = write_pictures(tmp_path / "photos", range(20, 23))
    run("index", tmp_path / "photos", "-c", "thumbnails")
    photos[1].unlink()
    done = run("search", photos[0], "-c", "thumbnails", "--report", tmp_path / "r.html", "--thumbnails")
    assert done.exit_code == 0, done.stderr
    page = Page((tmp_path / "r.html").read_text())
    assert page.frames() == 3  # the query, itself again, and the third
    assert len(page.pictures()) == 2
    for each in page.pictures():
        with Image.open(io.BytesIO(each)) as small:
            assert (small.format, max(small.size)) == ("JPEG", 192)
    assert "not found on this machine" in page.texts
    assert "checked" not in str(page.tags)
    again = ("search", photos[0], "-c", "thumbnails", "--report", tmp_path / "r.html", "--thumbnails", "--no-blur")
    assert run(*again).exit_code == 0
    assert "checked" in str(Page((tmp_path / "r.html").read_text()).tags)


def test_the_file_asked_with_is_shown_where_the_one_that_was_indexed_is_gone(run: Run, tmp_path: Path) -> None:
    (indexed,) = write_pictures(tmp_path / "photos", range(40, 41))
    run("index", indexed.parent, "-c", "moved")
    indexed.rename(tmp_path / "query.png")
    run("search", tmp_path / "query.png", "-c", "moved", "--report", tmp_path / "r.html", "--thumbnails")
    assert Page((tmp_path / "r.html").read_text()).frames() == 2


def test_a_stored_image_has_its_thumbnail_too(run: Run, folder: Path, tmp_path: Path) -> None:
    image_id = json.loads(run("show", folder / "0002.png", "-c", "trip", "--json").stdout)["id"]
    run("search", f"id:{image_id}", "-c", "trip", "-n", "1", "--report", tmp_path / "r.html", "--thumbnails")
    assert Page((tmp_path / "r.html").read_text()).frames() == 2


def test_a_picture_in_an_archive_is_a_query_with_its_thumbnail_and_is_asked_again(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(folder / "0002.png", "deep/0002.png")
    query, page = f"{tmp_path}/a.zip!/deep/0002.png", tmp_path / "r.html"
    words = ("-c", "trip", "-n", "1", "--report", page, "--thumbnails")
    assert run("search", query, folder / "0003.png", *words).exit_code == 0
    asked = reports.read(page).answers[0].question.positives[0]
    assert (asked.path, asked.sha256) == (query, sha256((folder / "0002.png").read_bytes()).hexdigest())
    assert Page(page.read_text()).frames() == 4
    assert run("replay", page).exit_code == 0
    (tmp_path / "a.zip").unlink()
    assert "not asked" in run("replay", page).stdout


def test_a_table_has_a_row_a_match(run: Run, folder: Path, tmp_path: Path) -> None:
    query = folder / "0002.png"
    done = run("search", query, "-c", "trip", "-n", "3", "--csv", tmp_path / "t.csv")
    assert "distance" in done.stdout
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfquery,")
    rows = table((tmp_path / "t.csv").read_text("utf-8-sig"))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {row["query"] for row in rows} == {str(query)}
    assert rows[0]["paths"] == str(query)
    assert rows[0]["query_sha256"] == rows[0]["image_id"]
    assert rows[0]["labels"] == "place==alps"
    assert float(rows[0]["distance"]) == pytest.approx(0, abs=1e-3)


def test_a_query_without_a_match_has_a_row_too(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    words = ("-c", "trip", "--path-prefix", "/nowhere", "--csv", "-")
    failed, nothing = table(run("search", tmp_path / "bad.png", folder / "0002.png", *words).stdout)
    assert (failed["query"], failed["rank"]) == (str(tmp_path / "bad.png"), "")
    assert failed["error"].startswith("IMAGE_UNDECODABLE: ")
    assert (nothing["query"], nothing["rank"], nothing["error"]) == (str(folder / "0002.png"), "", "")
    assert nothing["query_sha256"] == sha256((folder / "0002.png").read_bytes()).hexdigest()


def test_a_file_that_is_replaced_while_it_is_asked_with_is_told(target: str, folder: Path) -> None:
    query = folder / "0002.png"

    class Replacing(Client):
        def search(self, *words: Any, **options: Any) -> SearchResult:
            found = super().search(*words, **options)
            query.write_bytes(picture_bytes(50, width=61))
            return found

    wanted = read_wanted([str(query)], [], [], None)
    with Replacing(target) as looks:
        (told,) = Asking(looks, target, "trip", reports.Terms(), {}).answers(wanted, hashed=True)
    assert told.error is not None
    assert told.error.reason == "SOURCE_CHANGED"


def test_a_table_on_standard_output_stands_alone(run: Run, folder: Path) -> None:
    done = run("search", folder / "0002.png", folder / "0003.png", "-c", "trip", "-n", "2", "--csv", "-")
    assert len(table(done.stdout)) == 4
    both = run("search", folder / "0002.png", "-c", "trip", "--csv", "-", "--json")
    assert both.exit_code == 2
    assert "not both" in both.stderr


def test_a_label_that_is_a_formula_is_defused(run: Run, target: str, tmp_path: Path) -> None:
    evil = write_pictures(tmp_path, range(30, 31))[0]
    with Client(target) as looks:
        list(looks.import_images([evil], collection="formulas", labels={'=HYPERLINK("http://example.org")': "x"}))
    (row,) = table(run("search", evil, "-c", "formulas", "--csv", "-").stdout)
    assert row["labels"].startswith("'=")


REFUSED = [
    (["--report", "r.txt"], "neither FILE.html nor FILE.json"),
    (["--report", "nowhere/r.html"], "there is no folder"),
    (["--report", "photo.html"], "exists and is not what would be written"),
    (["--csv", "photo.html"], "exists and is not what would be written"),
    (["--thumbnails"], "thumbnails stand in --report FILE.html only"),
    (["--thumbnails", "--report", "r.json"], "thumbnails stand in --report FILE.html only"),
    (["--no-blur", "--report", "r.html"], "nothing to show without --thumbnails"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_what_cannot_be_kept_is_refused_before_anything_is_asked(
    words: list[str], told: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.html").write_bytes(picture_bytes(1))
    done = lookalike("search", folder / "0002.png", *words, "--server", "127.0.0.1:1")
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert Path("photo.html").read_bytes() == picture_bytes(1)


def test_an_earlier_report_and_table_are_replaced(run: Run, folder: Path, tmp_path: Path) -> None:
    kept = ("--report", tmp_path / "r.html", "--csv", tmp_path / "t.csv")
    for number in (2, 3):
        assert run("search", folder / f"000{number}.png", "-c", "trip", *kept).exit_code == 0
    assert reports.read(tmp_path / "r.html").answers[0].question.name == str(folder / "0003.png")
    assert table((tmp_path / "t.csv").read_text("utf-8-sig"))[0]["query"] == str(folder / "0003.png")


def test_a_full_disk_leaves_the_earlier_report_and_nothing_else(run: Run, folder: Path, tmp_path: Path) -> None:
    words = ("search", folder / "0002.png", "-c", "trip", "--report", tmp_path / "r.json")
    run(*words)
    before = (tmp_path / "r.json").read_bytes()
    with no_file_beyond(1_000):
        done = run(*words)
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("r.json", before)]


def test_a_report_of_several_queries_has_them_in_their_order(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    asked: list[Any] = [folder / "0003.png", tmp_path / "broken.jpg", folder / "0001.png"]
    done = run("search", *asked, "-c", "trip", "--report", tmp_path / "r.html")
    assert done.exit_code == 1
    report = reports.read(tmp_path / "r.html")
    assert [answer.question.positives[0].path for answer in report.answers] == [str(path) for path in asked]
    assert [answer.error.reason if answer.error else "" for answer in report.answers] == ["", "IMAGE_UNDECODABLE", ""]
    assert "IMAGE_UNDECODABLE" in Page((tmp_path / "r.html").read_text()).texts

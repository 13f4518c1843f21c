"""The examples do what they say, run as users run them, against a real server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pictures import encoded, picture, picture_bytes, write_pictures

from lookalike import Client
from lookalike_server.testing import serve

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, target: str) -> Path:
    """Six pictures, a copy of one, and one that is nearly another; all in the collection `holiday`."""
    folder = tmp_path_factory.mktemp("photos")
    write_pictures(folder, range(6))
    (folder / "copy.png").write_bytes(picture_bytes(0))
    (folder / "nearly.jpg").write_bytes(encoded(picture(1), "JPEG", quality=90))
    with Client(target) as looks:
        assert [step.error for step in looks.import_folder(folder, collection="holiday")] == [None] * 8
    return folder


def run(name: str, *arguments: object, ok: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0) is ok, done.stderr
    return done


def test_a_folder_is_indexed_and_what_fails_is_told(target: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(3))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = run("index_a_folder", tmp_path, "--collection", "mine", "--server", target, ok=False)
    assert sum(" created " in line for line in done.stdout.splitlines()) == 3
    assert done.stdout.splitlines()[-1] == "3 images in all"
    assert "IMAGE_UNDECODABLE" in done.stderr
    (tmp_path / "broken.jpg").unlink()
    assert " existed " in run("index_a_folder", tmp_path, "--collection", "mine", "--server", target).stdout


def test_a_picture_finds_itself_and_an_error_is_told_in_words(target: str, photos: Path) -> None:
    done = run("search_by_picture", photos / "0003.png", "--server", target, "--limit", 2)
    assert done.stdout.splitlines()[0] == f"1 0.000 {photos / '0003.png'}"
    assert len(done.stdout.splitlines()) == 2
    half = run("search_by_picture", photos / "0003.png", "--left-half", "--server", target, "--limit", 2)
    assert half.stdout != done.stdout
    lost = run("search_by_picture", photos / "0003.png", "--collection", "nowhere", "--server", target, ok=False)
    assert lost.stderr.startswith("COLLECTION_NOT_FOUND: ")


def test_async_searches_answer_each_picture_of_a_folder(target: str, photos: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(2, 5))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = run("async_search", tmp_path, "--server", target)
    expected = [f"{name} 0.000 {photos / name}" for name in ("0002.png", "0003.png", "0004.png")]
    assert sorted(done.stdout.splitlines()) == [*expected, "broken.jpg IMAGE_UNDECODABLE"]


def test_duplicates_are_found(target: str, photos: Path) -> None:
    lines = run("find_duplicates", "--server", target, "--distance", 0.05).stdout.splitlines()
    (same,) = (line for line in lines if line.startswith("the same bytes:"))
    assert {Path(word).name for word in same.split()[3:]} == {"0000.png", "copy.png"}
    (near,) = (line for line in lines if "nearly the same:" in line)
    assert {Path(word).name for word in near.split("same:")[1].split()} == {"0001.png", "nearly.jpg"}
    assert lines[-1].endswith("1 groups among 7 images")


def test_examples_find_more_like_them(target: str, photos: Path) -> None:
    lines = run(
        "more_like_these", photos / "0001.png", "--unlike", photos / "0004.png", "--server", target
    ).stdout.splitlines()
    assert Path(lines[0].split()[2]).name in ("0001.png", "nearly.jpg")
    assert lines[0].endswith("and 1 like it")
    assert len(lines) == 6


def test_labels_stay_beside_a_new_one(target: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(2))
    with Client(target) as looks:
        list(looks.import_folder(tmp_path, collection="labelled", labels={"year": "2025"}))
    options = ("--collection", "labelled", "--distance", 0.01, "--server", target)
    done = run("keep_labels", tmp_path / "0001.png", "place=pier", *options)
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"0.000 {tmp_path / '0001.png'} ")
    assert "'year': '2025'" in line
    assert "'place': 'pier'" in line


def test_replicas_share_the_pictures(target: str, photos: Path) -> None:
    with serve() as other:
        pictures = sorted(photos.iterdir())
        lines = run("embed_replicas", *pictures, "--servers", f"{target},{other}").stdout.splitlines()
        with Client(other) as looks:
            assert looks.server_load().answered("Embed") > 0
    assert lines == [f"{path} tiny-1 64" for path in pictures]


def test_every_example_is_tried_here_and_named_in_the_documents() -> None:
    tried = Path(__file__).read_text()
    told = (EXAMPLES.parent / "docs" / "sdk.md").read_text()
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.stem}"' in tried, example
        assert f"examples/{example.name}" in told, example

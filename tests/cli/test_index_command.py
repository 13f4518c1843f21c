import json
import os
import shutil
import signal
import socket
import zipfile
from pathlib import Path

import pytest
from tests.cli.shell import Run, start
from tests.pictures import picture, picture_bytes, write_pictures

from lookalike import Client, errors
from lookalike.folders import scan


def counts(text: str) -> tuple[int, int, int]:
    summary = json.loads(text)
    return summary["created"], summary["unchanged"], summary["failed"]


def test_a_folder_and_its_subfolders_are_imported(run: Run, folder: Path) -> None:
    done = run("index", folder, "-c", "all", "--json")
    assert done.exit_code == 0
    assert counts(done.stdout) == (6, 0, 0)
    summary = json.loads(done.stdout)
    assert summary["collection"] == "all"
    assert summary["total"] == 6
    assert summary["failures"] == []
    assert summary["images_per_second"] > 0


def test_a_second_run_sends_nothing_again(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "again")
    done = run("index", folder, "-c", "again", "--json")
    assert done.exit_code == 0
    assert counts(done.stdout) == (0, 6, 0)


def test_labels_reach_every_picture(run: Run, folder: Path) -> None:
    run("index", folder, "-c", "labelled", "--label", "trip=alps", "-l", "sum=1+1=2")
    shown = run("show", folder / "more" / "0004.png", "-c", "labelled", "--json")
    assert json.loads(shown.stdout)["labels"] == {"trip": "alps", "sum": "1+1=2"}


def test_bad_pictures_are_listed_with_reasons_and_make_status_1(run: Run, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "mixed")
    (tmp_path / "mixed" / "broken.jpg").write_bytes(b"no picture")
    done = run("index", tmp_path / "mixed", "-c", "mixed")
    assert done.exit_code == 1
    assert "6 created · 1 failed" in done.stdout
    assert "broken.jpg" in done.stdout
    assert "IMAGE_UNDECODABLE" in done.stdout


def test_bad_pictures_as_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    done = run("index", tmp_path, "-c", "broken", "--json")
    assert done.exit_code == 1
    (failure,) = json.loads(done.stdout)["failures"]
    assert failure["path"].endswith("/broken.jpg")
    assert failure["reason"] == "IMAGE_UNDECODABLE"


def test_many_failures_are_counted_after_the_first_twenty(run: Run, tmp_path: Path) -> None:
    for number in range(23):
        (tmp_path / f"{number:02}.jpg").write_bytes(f"no picture {number}".encode())
    done = run("index", tmp_path, "-c", "many")
    assert done.stdout.count("IMAGE_UNDECODABLE") == 20
    assert "and 3 more" in done.stdout


def test_an_empty_folder_is_said_to_be_empty(run: Run, tmp_path: Path) -> None:
    done = run("index", tmp_path, "-c", "empty")
    assert done.exit_code == 0
    assert "No pictures" in done.stdout


@pytest.fixture
def silent_server() -> socket.socket:
    """Takes connections and never answers: whoever asks it waits."""
    return socket.create_server(("127.0.0.1", 0))


def test_interrupted_it_leaves_with_a_word_and_status_130(silent_server: socket.socket, tmp_path: Path) -> None:
    write_pictures(tmp_path, range(1))
    with silent_server:
        process = start("index", tmp_path, "--server", f"127.0.0.1:{silent_server.getsockname()[1]}")
        connection, _ = silent_server.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "The same command again goes on from here" in said
    assert "Traceback" not in said


def told(text: str) -> dict[str, object]:
    """A summary's counts of what there was any of."""
    names = ("created", "existed", "moved", "changed", "unchanged", "gone", "pruned", "failed")
    return {name: count for name, count in json.loads(text).items() if name in names and count}


def test_killed_in_mid_run_the_next_run_sends_only_the_rest(run: Run, target: str, tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"{number:04}.png").write_bytes(picture_bytes(number, width=40, height=30))
    process = start("index", tmp_path, "-c", "killed", "--server", target)
    with process, Client(target) as client:
        held = 0
        while held < 64:
            assert process.poll() is None
            try:
                held = client.collection("killed").image_count
            except errors.CollectionNotFound:
                continue
        process.kill()
    assert process.returncode == -signal.SIGKILL
    summary = json.loads(run("index", tmp_path, "-c", "killed", "--json").stdout)
    assert summary["total"] == 1000
    assert 0 < summary["created"] <= 1000 - held
    assert summary["sent_bytes"] < sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told(run("index", tmp_path, "-c", "killed", "--json").stdout) == {"unchanged": 1000}


def test_moved_and_deleted_files_are_followed_and_pruned(run: Run, tmp_path: Path) -> None:
    first, second, _ = write_pictures(tmp_path, range(3))
    run("index", tmp_path, "-c", "followed", "-l", "trip=alps")
    first.rename(tmp_path / "renamed.png")
    second.unlink()
    kept = run("index", tmp_path, "-c", "followed")
    assert "1 moved · 1 unchanged · 1 gone" in kept.stdout
    assert "--prune" in kept.stdout
    assert told(run("index", tmp_path, "-c", "followed", "--prune", "--json").stdout) == {"unchanged": 2, "pruned": 1}
    shown = run("show", tmp_path / "renamed.png", "-c", "followed", "--json")
    assert json.loads(shown.stdout)["labels"] == {"trip": "alps"}


def test_a_dry_run_says_what_would_be_done_and_sent_and_does_nothing(run: Run, target: str, tmp_path: Path) -> None:
    first, second = write_pictures(tmp_path, range(2))
    dry = run("index", tmp_path, "-c", "dry", "--dry-run", "--json")
    assert json.loads(dry.stdout)["sent_bytes"] == first.stat().st_size + second.stat().st_size
    assert run("search", first, "-c", "dry").exit_code == 1
    run("index", tmp_path, "-c", "dry")
    with Client(target) as client:
        before = client.collection("dry").generation
        first.unlink()
        second.rename(tmp_path / "moved.png")
        (third,) = write_pictures(tmp_path, range(7, 8))
        would = run("index", tmp_path, "-c", "dry", "--dry-run", "--prune", "--json")
        assert told(would.stdout) == {"created": 1, "moved": 1, "pruned": 1}
        assert json.loads(would.stdout)["sent_bytes"] == third.stat().st_size
        assert "nothing was done" in run("index", tmp_path, "-c", "dry", "--dry-run").stdout
        assert client.collection("dry").generation == before


def test_pruning_an_emptied_folder_is_refused_until_one_insists(run: Run, tmp_path: Path) -> None:
    (only,) = write_pictures(tmp_path / "disk", range(1))
    run("index", tmp_path / "disk", "-c", "guarded")
    only.unlink()
    refused = run("index", tmp_path / "disk", "-c", "guarded", "--prune")
    assert refused.exit_code == 1
    assert "FOLDER_EMPTY" in refused.stderr
    assert "--allow-empty" in refused.stderr
    insisted = run("index", tmp_path / "disk", "-c", "guarded", "--prune", "--allow-empty", "--json")
    assert told(insisted.stdout) == {"pruned": 1}


def test_a_folder_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    missing = run("index", tmp_path / "unmounted", "-c", "none", "--prune")
    assert missing.exit_code == 2


def test_globs_links_and_hidden_ones_are_taken_as_told(run: Run, tmp_path: Path) -> None:
    write_pictures(tmp_path / "raw", range(1))
    write_pictures(tmp_path / ".hidden", range(1, 2))
    elsewhere = write_pictures(tmp_path / "elsewhere", range(2, 4))
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.move(tmp_path / "raw", photos / "raw")
    shutil.move(tmp_path / ".hidden", photos / ".hidden")
    write_pictures(photos, range(4, 6))
    (photos / "link").symlink_to(elsewhere[0].parent)
    (photos / "link.png").symlink_to(elsewhere[0])

    def count(collection: str, *options: str) -> int:
        return int(json.loads(run("index", photos, "-c", collection, "--json", *options).stdout)["total"])

    assert count("plain") == 4
    assert count("excluded", "--exclude", "raw", "--exclude", "*5.png") == 2
    assert count("included", "--include", "0004*", "--include", "raw/*") == 2
    assert count("skipped", "--symlinks", "skip") == 3
    assert count("followed-links", "--symlinks", "follow") == 6
    assert count("hidden", "--hidden") == 5


def test_several_folders_files_and_archives_go_together(run: Run, tmp_path: Path) -> None:
    write_pictures(tmp_path / "one", range(2))
    (single,) = write_pictures(tmp_path / "two", range(2, 3))
    with zipfile.ZipFile(tmp_path / "three.zip", "w") as archive:
        archive.writestr("in/side.png", picture_bytes(3))
    done = run("index", tmp_path / "one", single, tmp_path / "three.zip", "-c", "several", "--json")
    assert told(done.stdout) == {"created": 4}
    shown = run("show", tmp_path / "one" / "0000.png", "-c", "several", "--json")
    assert shown.exit_code == 0


def test_each_page_of_a_tiff_and_each_of_a_pdf_is_a_picture(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    first, *others = [picture(seed) for seed in range(3)]
    first.save(folder / "scan.tif", save_all=True, append_images=others)
    picture(3).save(folder / "book.pdf", save_all=True, append_images=[picture(4)])
    done = run("index", folder, "-c", "pages", "--json")
    assert told(done.stdout) == {"created": 5}
    assert told(run("index", folder, "-c", "pages", "--json").stdout) == {"unchanged": 5}
    for name in ("scan.tif", "scan.tif#page=2", "scan.tif#page=3", "book.pdf#page=1", "book.pdf#page=2"):
        shown = json.loads(run("show", folder / name, "-c", "pages", "--json").stdout)
        assert [source["path"] for source in shown["sources"]] == [str(folder / name)]


def test_the_log_and_the_terminal_tell_each_file(run: Run, tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos", range(2))
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    done = run("index", tmp_path / "photos", "-c", "logged", "--log", tmp_path / "log.jsonl", "--verbose")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {Path(line["path"]).name: line["outcome"] for line in lines} == {
        "0000.png": "created",
        "0001.png": "created",
        "broken.jpg": "failed",
    }
    (reason,) = [line["error"]["reason"] for line in lines if "error" in line]
    assert reason == "IMAGE_UNDECODABLE"
    assert "created" in done.stderr
    assert "0001.png" in done.stderr
    (tmp_path / "photos" / "0000.png").rename(tmp_path / "photos" / "moved.png")
    run("index", tmp_path / "photos", "-c", "logged", "--log", tmp_path / "log.jsonl")
    moved = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()][len(lines) :]
    assert os.fspath(tmp_path / "photos" / "0000.png") in [line.get("moved_from") for line in moved]


def test_a_log_that_cannot_be_written_is_said_in_a_line(run: Run, tmp_path: Path) -> None:
    refused = run("index", tmp_path, "-c", "unlogged", "--log", tmp_path / "nowhere" / "log.jsonl")
    assert refused.exit_code == 1
    assert "the log cannot be written" in refused.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
@pytest.mark.parametrize("command", ["index", "watch"])
def test_a_log_whose_disk_is_full_is_said_in_a_line(run: Run, tmp_path: Path, command: str) -> None:
    write_pictures(tmp_path, range(1))
    refused = run(command, tmp_path, "-c", f"full-{command}", "--log", "/dev/full")
    assert refused.exit_code == 1
    assert "the log cannot be written" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_two_dots_behind_a_link_lead_where_its_path_says_or_are_refused(run: Run, tmp_path: Path) -> None:
    write_pictures(tmp_path / "disk" / "photos", range(1))
    (tmp_path / "disk" / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "deep")
    refused = run("index", tmp_path / "link" / ".." / "photos", "-c", "dotted")
    assert refused.exit_code == 1
    assert f"there is nothing at {tmp_path / 'photos'}" in refused.stderr


def test_files_that_only_an_extra_could_open_are_passed_over_with_a_word(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scan._LIBRARIES, "video", "a_library_that_nobody_has")
    write_pictures(tmp_path, range(1))
    (tmp_path / "clip.mp4").write_bytes(b"a video")
    done = run("index", tmp_path, "-c", "lacking")
    assert done.exit_code == 0
    assert "1 file passed over, which only the extra 'video' can open" in done.stderr

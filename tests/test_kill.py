"""kill -9 in mid-import: what was acknowledged is there, and store and index are one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.pictures import picture_bytes

from lookalike import Client
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.process import ServerProcess, running

FLAGS = ("--model", "tiny")


@pytest.mark.parametrize("kill_after", [23, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 57))])
def test_kill_in_mid_import(tmp_path: Path, kill_after: int) -> None:
    data = tmp_path / "data"
    server = ServerProcess(data, *FLAGS)
    acknowledged: dict[str, int] = {}
    with Client(server.target) as looks:
        for progress in looks.import_images((picture_bytes(seed) for seed in range(120)), collection="evidence"):
            if progress.image_id is not None and progress.error is None:
                acknowledged[progress.image_id] = progress.index
            if len(acknowledged) == kill_after:
                server.kill()
                break
    verify = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(data), *FLAGS]
    report = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert json.loads(report.stdout) == {
        "data": str(data),
        "whole": True,
        "findings": [],
        "unchecked_graphs": [],
    }
    with running(data, *FLAGS) as again, Client(again.target) as looks:
        held = {image.id for image in looks.images(collection="evidence")}
        assert set(acknowledged) <= held
        for image_id, seed in acknowledged.items():
            match = looks.search(picture_bytes(seed), collection="evidence", limit=1)[0]
            assert (match.image.id, match.distance) == (image_id, 0)
        for progress in looks.import_images((picture_bytes(seed) for seed in range(120)), collection="evidence"):
            assert progress.error is None
        assert len(list(looks.images(collection="evidence"))) == 120


def test_verify_names_what_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, *FLAGS) as server, Client(server.target) as looks:
        list(looks.import_images([picture_bytes(1), picture_bytes(2)], collection="evidence"))
    database = next(data.glob("*.sqlite*"), None) or next(data.glob("*.db"))
    remove = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM vectors'); c.commit()"
    subprocess.run([sys.executable, "-c", remove, database], check=True)
    verify = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(data), *FLAGS]
    report = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert report.returncode == 1
    assert json.loads(report.stdout)["findings"]


def test_verify_wants_a_folder_that_is_there(tmp_path: Path) -> None:
    verify = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(tmp_path / "none"), *FLAGS]
    report = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert report.returncode == 1
    assert "--data" in report.stderr


def test_verify_makes_no_catalog_of_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture_bytes(1))
    verify = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(tmp_path), *FLAGS]
    report = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (report.returncode, report.stdout) == (1, "")
    assert f"no catalog in {tmp_path}" in report.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_verify_names_the_collections_whose_graphs_it_could_not_check(tmp_path: Path) -> None:
    with Catalog(tmp_path, models={"another": 8}) as catalog:
        catalog.create_collection("old")
    verify = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(tmp_path), *FLAGS]
    report = json.loads(subprocess.run(verify, capture_output=True, text=True, check=True).stdout)
    assert (report["whole"], report["unchecked_graphs"]) == (True, ["old"])

"""Backups as operators make them: the command, beside a real server process that is importing."""

import json
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.catalog.catalog_makers import arrival, image_id, open_catalog, units

from lookalike import Client, Embedded, Source
from lookalike_server.catalog.archive import DATABASE
from lookalike_server.catalog.backup import backup
from lookalike_server.process import running

TINY = ("--model", "tiny", "--drain-seconds", "5")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lookalike_server", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def report(*arguments: object) -> dict[str, Any]:
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


class Importer(threading.Thread):
    """Imports until it is told to stop, and remembers what was acknowledged."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self._client = Client(target)
        self._model = self._client.server_info().models[0]
        self.acknowledged: list[str] = []
        self.many, self.enough = threading.Event(), threading.Event()

    def images(self) -> Any:
        vectors = units(1_000, self._model.dim)
        for number in range(1_000_000):
            if self.enough.is_set():
                return
            yield Embedded(image_id(number), vectors[number % 1_000], source=Source(f"/a/{number}"))

    def run(self) -> None:
        with self._client as client:
            for step in client.import_embedded(self.images(), collection="c", model_id=self._model.id):
                assert step.image_id
                self.acknowledged.append(step.image_id)
                if len(self.acknowledged) == 500:
                    self.many.set()


def test_a_backup_during_an_import_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    data, kept, new = tmp_path / "data", tmp_path / "kept.zip", tmp_path / "new"
    with running(data, *TINY) as server:
        importer = Importer(server.target)
        importer.start()
        importer.many.wait()
        before = list(importer.acknowledged)
        told = report("backup", "--data", data, kept)
        importer.enough.set()
        importer.join()
    assert len(before) <= told["images"] <= len(importer.acknowledged)
    assert report("restore", "--check", kept)["sound"]
    assert report("restore", "--data", new, kept)["images"] == told["images"]
    with running(new, *TINY) as server, Client(server.target) as looks:
        assert looks.missing_images(before, collection="c") == []
        assert looks.collection("c").image_count == told["images"]
        stored = looks.image(before[77], collection="c", include_embedding=True)
        assert stored.embedding is not None
        (nearest,) = looks.search(np.asarray(stored.embedding), collection="c", limit=1)
        assert nearest.distance == 0
    assert report("verify", "--data", new, "--model", "tiny")["whole"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog that takes a while to copy."""
    data = tmp_path_factory.mktemp("large") / "data"
    with open_catalog(data, models={"m": 1_280}, index="exact") as catalog:
        catalog.create_collection("c")
        vectors = units(1_000, 1_280)
        for start in range(0, 20_000, 1_000):
            catalog.add([arrival(start + n, vector=vectors[n]) for n in range(1_000)])
    return data


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_stopped_leaves_nothing(large: Path, tmp_path: Path, told: signal.Signals) -> None:
    line = [sys.executable, "-m", "lookalike_server", "backup", "--data", str(large), str(tmp_path / "kept.zip")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".backup-*/*")):
            assert process.poll() is None, "it was over before it could be stopped"
        process.send_signal(told)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "lookalike: stopped; nothing was changed\n")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_backup_is_told_in_a_sentence(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "data") as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(1)])
    kept = tmp_path / "kept.zip"
    backup(tmp_path / "data", kept, lambda *_: None)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    for words in (["--check"], ["--data", tmp_path / "new"]):
        refused = command("restore", *words, kept)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "damaged or cut short" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_damaged_catalog_is_made_and_ends_with_1(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "data") as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(1)])
        catalog._store._database._writer.execute("DELETE FROM vectors")  # type: ignore[attr-defined]
    done = command("backup", "--data", tmp_path / "data", tmp_path / "kept.zip")
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"] == ["database: 1 images without a vector"]
    with zipfile.ZipFile(tmp_path / "kept.zip") as file:
        assert DATABASE in file.namelist()

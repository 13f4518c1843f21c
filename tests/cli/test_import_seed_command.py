"""The ancestor's rows are searched with the ancestor's semantics as soon as they are in; a bad row costs itself."""

import json
import math
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests import plugged
from tests.cli import ancestor
from tests.cli.shell import Run, lookalike, start
from tests.pictures import write_pictures
from tests.shared import shared
from typer.testing import Result

from lookalike import Client, Filter, StoredImage
from lookalike_server.models import registry
from lookalike_server.models.tiny import DIM
from lookalike_server.testing import serve

SCENES = ("attic", "beach", "")


def vectors(count: int, dim: int = DIM) -> NDArray[np.float64]:
    """Random directions; their lengths vary, as nobody promises them to be 1."""
    return np.random.default_rng(count).normal(size=(count, dim))


def write_rows(path: Path, count: int) -> Path:
    rows = [
        (f"/evidence/{number:04}.jpg", ancestor.text(vector), SCENES[number % 3])
        for number, vector in enumerate(vectors(count))
    ]
    return ancestor.write(path, rows)


def counts(done: Result | CompletedProcess[str]) -> tuple[int, int, int]:
    summary = json.loads(done.stdout)
    return summary["created"], summary["existed"], summary["failed"]


def test_rows_become_images_with_paths_and_scenes(run: Run, target: str, tmp_path: Path) -> None:
    done = run("import-seed", write_rows(tmp_path / "seed.db", 70), "-c", "rows", "--model", "tiny", "--json")
    assert done.exit_code == 0
    assert counts(done) == (70, 0, 0)
    with Client(target) as looks:
        told = {
            image.path: [(scene.name, scene.probability) for scene in image.scenes]
            for image in looks.images(collection="rows")
        }
    assert told == {
        f"/evidence/{number:04}.jpg": [(SCENES[number % 3], 1.0)] if SCENES[number % 3] else [] for number in range(70)
    }


def test_beside_another_model_the_collection_is_made_for_the_ancestors(tmp_path: Path) -> None:
    database = write_rows(tmp_path / "seed.db", 3)
    with serve(model="tiny:32,tiny") as server:
        done = lookalike("import-seed", database, "-c", "old", "--model", "tiny", "--json", "--server", server)
    assert counts(done) == (3, 0, 0)


def test_a_second_run_adds_nothing_and_one_that_was_stopped_goes_on(run: Run, tmp_path: Path) -> None:
    database = write_rows(tmp_path / "seed.db", 10)
    command = ("import-seed", database, "-c", "again", "--model", "tiny", "--json")
    assert counts(run(*command)) == (10, 0, 0)
    assert counts(run(*command)) == (0, 10, 0)
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO metadata SELECT NULL, image_path, embedding, scene_type FROM metadata")
    connection.close()
    assert counts(run(*command)) == (10, 10, 0)


BAD: list[tuple[Any, Any, str, str]] = [
    ("/a.jpg", "[0.1, ", "BAD_ROW", "no JSON"),
    ("/a.jpg", ancestor.text([0.1] * (DIM - 1)), "BAD_ROW", f"{DIM - 1} numbers, not {DIM}"),
    ("/a.jpg", ancestor.text([math.nan] * DIM), "DIMENSION_MISMATCH", ""),
    ("/a.jpg", ancestor.text([1e39] * DIM), "DIMENSION_MISMATCH", ""),
    ("/a.jpg", ancestor.text([0.0] * DIM), "DIMENSION_MISMATCH", ""),
    ("/a.jpg", None, "BAD_ROW", "embedding is missing"),
    (None, ancestor.text([0.1] * DIM), "BAD_ROW", "image_path is missing"),
    ("/" + "a" * 100_000, ancestor.text([0.1] * DIM), "BAD_REQUEST", ""),
]


def test_bad_rows_are_listed_with_number_and_reason_and_the_others_come_in(run: Run, tmp_path: Path) -> None:
    good = [(f"/good/{number}.jpg", ancestor.text(vector), "attic") for number, vector in enumerate(vectors(3))]
    bad = [(path, embedding, "attic") for path, embedding, _, _ in BAD]
    database = ancestor.write(tmp_path / "seed.db", [good[0], *bad, *good[1:]])
    done = run("import-seed", database, "-c", "bad", "--model", "tiny", "--json")
    assert done.exit_code == 1
    assert counts(done) == (3, 0, len(BAD))
    failures = {failure["imageId"]: failure for failure in json.loads(done.stdout)["failures"]}
    assert sorted(failures) == list(range(2, 2 + len(BAD)))
    for number, (path, _, reason, words) in enumerate(BAD, 2):
        assert (failures[number]["path"], failures[number]["reason"]) == (path or "", reason)
        assert words in failures[number]["message"]


def test_bad_rows_for_a_person(run: Run, tmp_path: Path) -> None:
    rows = [("/a.jpg", "[", "attic")] * 23 + [("/b.jpg", ancestor.text(vectors(1)[0]), "")]
    done = run("import-seed", ancestor.write(tmp_path / "seed.db", rows), "-c", "person", "--model", "tiny")
    assert done.exit_code == 1
    assert "24 rows into person" in done.stdout
    assert "1 created · 0 existed · 23 failed" in done.stdout
    assert "failed imageId 1 /a.jpg  BAD_ROW embedding is no JSON" in done.stdout
    assert done.stdout.count("imageId") == 20
    assert "and 3 more" in done.stdout


def test_a_server_without_the_ancestors_model_is_told_how_to_start(run: Run, tmp_path: Path) -> None:
    done = run("import-seed", write_rows(tmp_path / "seed.db", 1), "-c", "unserved")
    assert done.exit_code == 1
    assert "This server runs tiny, tiny:32, not seed: start it with --model seed:PATH.h5" in " ".join(
        done.stderr.split()
    )


def test_the_collection_belongs_to_the_model_that_made_the_vectors(tmp_path: Path) -> None:
    database = write_rows(tmp_path / "seed.db", 1)
    with serve(model=("tiny:scenes", "tiny")) as address, Client(address) as looks:
        done = lookalike("import-seed", database, "-c", "second", "--model", "tiny", "--json", "--server", address)
        assert counts(done) == (1, 0, 0)
        assert looks.collection("second").model_id == "tiny-1"


def test_of_several_models_of_one_name_the_id_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    database = write_rows(tmp_path / "seed.db", 1)
    command = ("import-seed", database, "-c", "unsure", "--json", "--server")
    with serve(model="gated:64,gated:32") as address, Client(address) as looks:
        unsure = lookalike(*command, address, "--model", "gated")
        assert unsure.returncode == 1
        assert "gated-tiny-64-1, gated-tiny-32-1" in unsure.stderr
        assert list(looks.collections()) == []
        assert counts(lookalike(*command, address, "--model", "gated-tiny-64-1")) == (1, 0, 0)


def test_a_file_that_is_no_database_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"no database" * 100)
    done = run("import-seed", tmp_path / "other.db", "-c", "other", "--model", "tiny")
    assert done.exit_code == 1
    assert "cannot be read: file is not a database" in " ".join(done.stderr.split())


def test_interrupted_it_leaves_with_a_word_and_status_130(tmp_path: Path) -> None:
    database = write_rows(tmp_path / "seed.db", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        process = start("import-seed", database, "-c", "stopped", "--server", address)
        connection, _ = silent.accept()
        with connection, process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "The same command again goes on from here" in said


def found(done: Result) -> list[tuple[str, float]]:
    """Path and distance of each match that a search printed."""
    matches = json.loads(done.stdout)["matches"]
    return [(match["image"]["sources"][0]["path"], match["distance"]) for match in matches]


def brute_force(
    query: NDArray[np.float64], rows: list[tuple[str, NDArray[np.float64], str]], *, itself: str, scene: str
) -> list[tuple[str, float]]:
    """What the ancestor did: plain Euclidean distance, the same scene exactly, itself left out by its path."""
    apart = [
        (path, float(np.linalg.norm(vector - query))) for path, vector, kind in rows if kind == scene and path != itself
    ]
    return sorted(apart, key=lambda match: (match[1], match[0]))


def same(ours: list[tuple[str, float]], theirs: list[tuple[str, float]]) -> bool:
    close = np.allclose([apart for _, apart in ours], [apart for _, apart in theirs], atol=1e-5)
    return [path for path, _ in ours] == [path for path, _ in theirs] and close


def test_a_picture_is_searched_as_the_ancestor_did(run: Run, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path.resolve() / "photos", range(12))
    model = registry.load("tiny")
    pixels = np.stack([model.prepare(Image.open(path)) for path in paths])
    embeddings = model.engine(threads=1).embed(pixels).embeddings.astype(np.float64)
    rows = [(str(path), embeddings[i], SCENES[i % 3]) for i, path in enumerate(paths)]
    database = ancestor.write(tmp_path / "seed.db", [(path, ancestor.text(v), scene) for path, v, scene in rows])
    run("import-seed", database, "-c", "photos", "--model", "tiny")
    for index in (0, 1, 2):
        path, vector, scene = rows[index]
        options = ("--not-same-source", "--exact", "--json")
        done = run("search", path, "-c", "photos", "--scene", scene, *options)
        assert same(found(done), brute_force(vector, rows, itself=path, scene=scene)), done.output


@pytest.fixture
def wide_server() -> Iterator[str]:
    """Takes vectors as long as the ancestor's."""
    with serve(model="tiny:4096") as address:
        yield address


def test_a_database_of_the_ancestors_own_is_searched_as_it_did(wide_server: str) -> None:
    database = shared("parity") / "seed_image_similarity.db"
    command = ("import-seed", database, "-c", "case", "--model", "tiny:4096", "--json", "--server", wide_server)
    assert counts(lookalike(*command)) == (24, 0, 0)
    with sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True) as connection:
        stored = connection.execute("SELECT image_path, embedding, scene_type FROM metadata").fetchall()
    connection.close()
    rows = [(path, np.array(json.loads(text)), scene) for path, text, scene in stored]
    with Client(wide_server) as looks:
        ids = {image.path: image.id for image in looks.images(collection="case")}
        for path, vector, scene in rows:
            wanted = Filter(same_scene=True, not_same_source=True)
            result = looks.search(StoredImage(ids[path]), collection="case", limit=24, filter=wanted)
            ours = [(match.image.path or "", match.distance) for match in result]
            assert same(ours, brute_force(vector, rows, itself=path, scene=scene)), path
            everything = [(m.image.path or "", m.distance) for m in looks.search(vector, collection="case", limit=24)]
            nearest = sorted((float(np.linalg.norm(other - vector)), name) for name, other, _ in rows)
            assert same(everything, [(name, apart) for apart, name in nearest]), path

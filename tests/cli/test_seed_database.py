"""Rows are read one at a time, told apart, and never written to."""

import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli import ancestor

from lookalike.cli.seed_database import BadRow, Row, SeedDatabase, Unreadable

GOOD = Row(1, b"/photos/a.jpg", b"[0.5, -0.5]", b"attic")


def test_a_row_becomes_an_image_without_its_picture() -> None:
    image = GOOD.image(2)
    assert image.source is not None
    assert (image.source.path, image.source.modified) == ("/photos/a.jpg", None)
    assert list(image.vector) == [0.5, -0.5]
    assert [(scene.name, scene.probability) for scene in image.scenes] == [("attic", 1.0)]


@pytest.mark.parametrize("scene", [b"", None])
def test_a_scene_that_is_not_known_is_none(scene: bytes | None) -> None:
    assert GOOD._replace(scene=scene).image(2).scenes == ()


def test_paths_get_forward_slashes() -> None:
    source = GOOD._replace(path=rb"C:\case 7\a.jpg").image(2).source
    assert source is not None
    assert source.path == "C:/case 7/a.jpg"


def test_every_row_has_an_id_of_its_own_that_stays() -> None:
    assert GOOD.image_id == sha256(b"1\0/photos/a.jpg\0[0.5, -0.5]").hexdigest()
    others = (
        GOOD._replace(number=2),
        GOOD._replace(path=b"/photos/b.jpg"),
        GOOD._replace(embedding=b"[0.5, 0.5]"),
    )
    assert len({GOOD.image_id, *(other.image_id for other in others)}) == 4
    assert GOOD._replace(scene=b"").image_id == GOOD.image_id


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (GOOD._replace(path=None), "image_path is missing"),
        (GOOD._replace(path=b""), "image_path is empty"),
        (GOOD._replace(path=b"/photos/\xff.jpg"), "image_path is not UTF-8"),
        (GOOD._replace(path=7), "image_path is no text"),
        (GOOD._replace(embedding=None), "embedding is missing"),
        (GOOD._replace(embedding=b"[0.5, "), "embedding is no JSON"),
        (GOOD._replace(embedding=b"[" * 100_000), "embedding is no JSON"),
        (GOOD._replace(embedding=b'{"a": 1}'), "embedding is no list of numbers"),
        (GOOD._replace(embedding=b'"ab"'), "embedding is no list of numbers"),
        (GOOD._replace(embedding=b"[[0.5, 0.5]]"), "embedding is no list of numbers"),
        (GOOD._replace(embedding=b"[1" + 400 * b"0" + b", 1]"), "embedding is no list of numbers"),
        (GOOD._replace(embedding=b"[0.5]"), "embedding has 1 numbers, not 2"),
        (GOOD._replace(scene=b"\xff"), "scene_type is not UTF-8"),
    ],
)
def test_a_row_that_cannot_be_brought_over_says_why(row: Row, why: str) -> None:
    with pytest.raises(BadRow, match=why):
        row.image(2)


def test_the_original_is_not_written_to_and_nothing_beside_it(tmp_path: Path) -> None:
    path = ancestor.write(tmp_path / "a b#c?.db", [("/a.jpg", "[1.0]", "attic")])
    before, changed = path.read_bytes(), path.stat().st_mtime_ns
    with SeedDatabase.opened(path) as database:
        assert database.count() == 1
        assert list(database.rows()) == [Row(1, b"/a.jpg", b"[1.0]", b"attic")]
        assert list(tmp_path.iterdir()) == [path]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, changed)
    assert list(tmp_path.iterdir()) == [path]


def test_rows_do_not_gather_in_memory(tmp_path: Path) -> None:
    path = ancestor.write(tmp_path / "large.db", [("/a.jpg", "[" + "1, " * 10_000 + "1]", "attic")] * 500)
    with SeedDatabase.opened(path) as database:
        tracemalloc.start()
        try:
            assert sum(1 for _ in database.rows()) == database.count() == 500
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < path.stat().st_size / 20


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_a_database_with_changes_still_beside_it_is_refused(tmp_path: Path, suffix: str) -> None:
    path = ancestor.write(tmp_path / "seed.db", [])
    (tmp_path / f"seed.db{suffix}").write_bytes(b"changes")
    with pytest.raises(Unreadable, match=f"seed.db{suffix} beside it holds changes"), SeedDatabase.opened(path):
        pass


@pytest.mark.parametrize(("content", "why"), [(b"no database" * 100, "not a database"), (b"", "no such table")])
def test_another_file_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)
    with SeedDatabase.opened(path) as database, pytest.raises(Unreadable, match=why):
        database.count()

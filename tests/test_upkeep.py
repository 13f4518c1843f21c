"""`verify` and its repair as operators run them: always a report, never a traceback."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.catalog_makers import arrival, image_id, serials, tamper, units

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.commands import main
from lookalike_server.config import filled
from lookalike_server.hosting import load_models
from lookalike_server.upkeep import Progress


@pytest.fixture
def models() -> dict[str, int]:
    return {model.id: model.dim for model in load_models(filled({"model": "tiny"}))}


@pytest.fixture
def data(tmp_path: Path, models: dict[str, int]) -> Path:
    """300 images of the model `tiny`, with a saved graph."""
    (dim,) = models.values()
    with Catalog(tmp_path / "data", models=models, small=5) as catalog:
        catalog.create_collection("c")
        vectors = units(300, dim)
        catalog.add([arrival(n, path=f"/a/{n}", labels={"k": "v"}, vector=vectors[n]) for n in range(300)])
        assert catalog.settle(60)
    return tmp_path / "data"


def verify(data: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, Any]]:
    status = main(["verify", "--data", str(data), "--model", "tiny", *flags])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_random_damages_are_each_a_report(data: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    chance = random.Random(7)  # noqa: S311  where damage falls is no secret
    whole = (data / "catalog.db").read_bytes()
    found = 0
    for _ in range(count):
        damaged = bytearray(whole)
        place = chance.randrange(len(whole) // 4096) * 4096 + chance.randrange(100, 4000)
        damaged[place : place + 64] = chance.randbytes(64)
        (data / "catalog.db").write_bytes(damaged[: len(whole)])
        status, report = verify(data, capsys)
        assert (status == 0) == report["whole"] == (not report["findings"])
        found += not report["whole"]
        for leftover in data.glob("catalog.db-*"):
            leftover.unlink()
    assert found > count / 2


def test_a_database_beyond_repair_is_a_report_that_names_the_way_out(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (data / "catalog.db").open("r+b") as file:
        file.write(b"\xa5" * 8192)
    before = (data / "catalog.db").read_bytes()
    status, report = verify(data, capsys, "--repair")
    (finding,) = report["findings"]
    assert (status, report["whole"]) == (1, False)
    assert f"lookalike verify --data {data} --repair" in finding
    assert f"lookalike restore FILE --data {data} --force" in finding
    assert (data / "catalog.db").read_bytes() == before


def test_a_repair_says_what_it_did_and_lists_what_to_import_again(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(data, "DELETE FROM vectors WHERE serial = 3")
    status, report = verify(data, capsys, "--repair")
    assert (status, report["whole"], report["findings"]) == (0, True, [])
    assert report["repaired"][0] == "removed images that cannot be searched, to be imported again: 1"
    assert report["removed_images"] == [{"collection": "c", "id": image_id(2), "path": "/a/2"}]
    assert Path(report["copy"]).parent == data
    assert verify(data, capsys)[1]["whole"]


@pytest.mark.parametrize("flags", [(), ("--no-copy",)])
def test_a_whole_catalog_needs_no_repair(
    data: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    status, report = verify(data, capsys, "--repair", *flags)
    assert (status, report["repaired"], report["removed_images"], report["copy"]) == (0, [], [], None)


def test_damaged_and_stray_graphs_go_and_are_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (data / "indexes").rglob("*"):
        if path.is_file() and path.suffix != ".json":
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
    (data / "indexes" / "stray").mkdir()
    (data / "indexes" / "stray" / "file").touch()
    status, report = verify(data, capsys, "--repair")
    assert (status, report["whole"]) == (0, True)
    assert "removed indexes/stray/file: damaged, stray or outdated" in report["repaired"]
    assert len(report["repaired"]) >= 2
    assert report["removed_images"] == []
    assert verify(data, capsys, "--repair")[1]["repaired"] == []


def test_a_graph_that_is_wrong_is_built_anew(
    data: Path, models: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    (dim,) = models.values()
    with Catalog(data, models=models, small=5) as catalog:
        assert catalog.settle(60)
        cover = catalog._shelves.find(catalog._store.collection("c"))._cover
        assert cover is not None
        wrong = HnswIndex(dim)
        wrong.add(serials(1, 300), units(300, dim, seed=5))
        cover._reach = replace(cover._reach, graph=wrong)
        cover.stale = True
    assert "the graph gives wrong distances" in verify(data, capsys)[1]["findings"][0]
    status, report = verify(data, capsys, "--repair")
    assert (status, report["whole"]) == (0, True)
    assert report["repaired"] == ["removed all saved graphs, and built them anew"]
    assert verify(data, capsys)[1]["whole"]


def test_progress_is_drawn_on_a_terminal_once_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for is_terminal, patience, told in [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]:
        monkeypatch.setattr("sys.stderr.isatty", lambda answer=is_terminal: answer)
        monkeypatch.setattr("lookalike_server.upkeep.PATIENCE", patience)
        progress = Progress()
        progress("copying", 0.25)
        drawn = capsys.readouterr().err
        assert ("copying 25%" in drawn) == told
        progress.clear()
        assert (capsys.readouterr().err != "") == told


def test_an_unreadable_catalog_stops_the_start_with_both_ways_out(data: Path) -> None:
    (data / "catalog.db").write_bytes(b"my holiday diary " * 500)
    with pytest.raises(Exception, match=r"verify --data .* --repair.*restore FILE --data .* --force"):
        Catalog(data, models={"m": 8})

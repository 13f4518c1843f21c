"""A clock that is moved back changes the times that are told, and nothing else: nothing is ordered by them."""

import time
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import arrival, ids, image_id, open_catalog, vector_of

from lookalike_server.records import Filter

YEAR_NS = 365 * 24 * 3600 * 10**9


def set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on it is a year ago."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - YEAR_NS)


def test_order_generations_and_page_tokens_do_not_follow_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(5)])
        before = catalog.collection("c")
        first, token = catalog.images("c", Filter(), 3)
        set_back(monkeypatch)
        catalog.add([arrival(number) for number in range(5, 10)])
        catalog.update_image("c", image_id(2), {"k": "v"})
        catalog.delete_images("c", [image_id(4)])
        rest, _ = catalog.images("c", Filter(), 100, token)
        assert ids(first) + ids(rest) == [image_id(number) for number in range(10) if number != 4]
        after = catalog.collection("c")
        assert after.generation == before.generation + 3
        assert after.updated < before.updated, "the times themselves are the clock's"


def test_a_restart_into_the_past_keeps_records_and_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        assert catalog.settle(30)
    kept = {path: path.read_bytes() for path in (tmp_path / "indexes").rglob("*") if path.is_file()}
    set_back(monkeypatch)
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.settle(30)
        assert {path: path.read_bytes() for path in kept} == kept, "what was saved is used, not written anew"
        catalog.add([arrival(number) for number in range(60, 120)])
        catalog.delete_images("c", [image_id(1)])
        assert ids(catalog.search("c", vector_of(100), limit=1)) == [image_id(100)]
    with open_catalog(tmp_path, small=10) as catalog:
        assert catalog.verify() == []
        assert len(catalog.images("c", Filter(), 1_000)[0]) == 119
        assert image_id(1) not in ids(catalog.search("c", vector_of(1), limit=200))

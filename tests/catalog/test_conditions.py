"""How SQLite goes about a filter: what it finds is in the store's contract, how fast depends on its plan."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import DIM, MODEL, arrival, image_id

from lookalike_server.catalog.conditions import Condition, gathered, judged
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.records import Box, Filter

BY_LABEL, OTHER = Filter(labels={"k": "x"}), Filter(labels={"k": "y"})
PATHS = frozenset(["/a/1", "/a/2"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path)) as opened:
        opened.create_collection("c", "", MODEL, DIM)
        opened.add([arrival(number, path=f"/a/{number}", labels={"k": "x"}) for number in range(3)])
        yield opened


def plan(store: SqliteStore, query: Condition) -> list[str]:
    text, values = query
    with store._database.reading() as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {text} ORDER BY serial LIMIT -1", values).fetchall()
    return [step[3] for step in steps]


INDEXES = [
    (Filter(), "images_in_order"),
    (BY_LABEL, "labels_by_value"),
    (Filter(path_prefix="/a/"), "sources_by_path"),
    (Filter(paths=PATHS), "sources_by_path"),
    (Filter(captured_from=1, captured_before=2), "images_by_capture"),
    (Filter(captured_before=2), "images_by_capture"),
    (Filter(ids=frozenset([image_id(1)])), "sqlite_autoindex_images_1"),
    (Filter(scenes=frozenset(["pier"])), "images_by_scene"),
    (Filter(box=Box(0, 0, 1, 1)), "images_by_place"),
    (Filter(box=Box(0, 170, 1, -170)), "images_by_place"),
]


@pytest.mark.parametrize(("wanted", "index"), INDEXES)
def test_a_condition_is_a_walk_through_its_own_index(store: SqliteStore, wanted: Filter, index: str) -> None:
    walks = [step for step in plan(store, gathered(1, wanted, after=7)) if step.startswith(("SEARCH", "SCAN t"))]
    assert len(walks) == 1
    assert f"USING COVERING INDEX {index} (collection=?" in walks[0]


def test_serials_that_come_in_order_are_not_sorted(store: SqliteStore) -> None:
    ordered = [
        Filter(labels={"k": "x", "l": "y"}),
        Filter(all_of=(BY_LABEL, OTHER)),
        Filter(any_of=(BY_LABEL, OTHER)),
        Filter(any_of=(BY_LABEL, OTHER), labels={"l": "y"}, none_of=(OTHER,)),
        Filter(none_of=(BY_LABEL,)),
    ]
    for wanted in (Filter(), BY_LABEL, *ordered):
        steps = plan(store, gathered(1, wanted, after=7))
        assert not [step for step in steps if "TEMP B-TREE" in step]
        assert any(step.startswith("MERGE") for step in steps) == (wanted in ordered)


@pytest.mark.parametrize(
    "wanted",
    [
        *(wanted for wanted, _ in INDEXES),
        Filter(none_of=(BY_LABEL,), any_of=(OTHER, Filter(paths=PATHS))),
        Filter(not_folders=frozenset(["/a/"]), not_paths=PATHS),
        Filter(not_embedded_by="m-2"),
    ],
)
def test_a_known_image_is_judged_by_its_own_rows(store: SqliteStore, wanted: Filter) -> None:
    text, values = judged(wanted)
    steps = plan(store, (f"SELECT serial FROM images WHERE serial IN (1, 2) AND {text}", values))  # noqa: S608
    looks = [step for step in steps if step.startswith(("SEARCH", "SCAN t", "SCAN images"))]
    assert looks
    for step in looks:
        assert "(rowid=?" in step or "(serial=?" in step
        assert "path=?" not in step, "it would look for each of 10,000 paths"

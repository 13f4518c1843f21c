import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import DIM, MODEL, arrival, ids, image_id, open_catalog, sighting, units, vector_of

from lookalike_server.catalog import sightings
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.database import Database
from lookalike_server.catalog.halves import halved
from lookalike_server.catalog.limits import MAX_PATH
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.errors import (
    BadFilter,
    BadPageToken,
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    DataFolderError,
    DimensionMismatch,
    ImageNotFound,
    ModelMismatch,
    ShuttingDown,
)
from lookalike_server.records import Box, Filter, Outcome, Sighting, Source, Vector


@pytest.fixture(params=["exact", "hnsw"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path, index=request.param, small=10) as opened:
        opened.create_collection("c")
        yield opened
        assert opened.verify() == []


def test_collections(catalog: Catalog) -> None:
    made = catalog.create_collection("d", "words")
    assert (made.name, made.description, made.model_id, made.dim) == ("d", "words", MODEL, DIM)
    assert catalog.collection("d") == catalog.serving("d") == made
    assert catalog.update_collection("d", "others").description == "others"
    with pytest.raises(CollectionExists):
        catalog.create_collection("d")
    with pytest.raises(BadRequest):
        catalog.create_collection("no/name")
    with pytest.raises(BadRequest):
        catalog.update_collection("d", "x" * 1_001)
    catalog.add([arrival(1, collection="d"), arrival(2, collection="d")])
    assert catalog.delete_collection("d") == 2
    for call in (catalog.collection, catalog.serving, catalog.delete_collection):
        with pytest.raises(CollectionNotFound):
            call("d")
    with pytest.raises(CollectionNotFound):
        catalog.search("d", vector_of(1))


def test_a_collection_made_again_is_empty(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(30)])
    catalog.settle(30)
    catalog.delete_collection("c")
    catalog.create_collection("c")
    assert catalog.search("c", vector_of(1)).matches == ()
    catalog.add([arrival(7)])
    assert ids(catalog.search("c", vector_of(1))) == [image_id(7)]


def test_an_image_finds_itself_at_zero(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(50)])
    catalog.settle(30)
    for number in range(50):
        best = catalog.search("c", vector_of(number), limit=1).matches[0]
        assert (best.rank, best.image.id, best.distance, best.score) == (1, image_id(number), 0.0, 1.0)


def test_vectors_are_normalised_on_the_way_in(catalog: Catalog) -> None:
    long = (vector_of(1) * 37).astype(np.float32)
    catalog.add([arrival(1, vector=long)])
    assert np.linalg.norm(catalog.vectors("c", [image_id(1)])[image_id(1)]) == pytest.approx(1, abs=1e-6)
    assert catalog.search("c", long).matches[0].distance == 0
    assert catalog.search("c", (-long).astype(np.float32)).matches[0].distance == pytest.approx(2)


def test_what_was_added_is_found_at_once(catalog: Catalog) -> None:
    for number in range(200):
        catalog.add([arrival(number)])
        assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]


def test_matches_are_the_nearest_in_order(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(300)])
    catalog.settle(30)
    query = units(1, seed=999)[0]
    apart = {image_id(n): float(np.linalg.norm(vector_of(n).astype(np.float64) - query)) for n in range(300)}
    wanted = sorted(apart, key=lambda one: (apart[one], one))[:20]
    for exact in (True, False):
        found = catalog.search("c", query, limit=20, exact=exact)
        assert ids(found) == wanted
        assert [match.rank for match in found.matches] == list(range(1, 21))
        assert [match.distance for match in found.matches] == pytest.approx([apart[one] for one in wanted])
        assert (found.model_id, found.generation) == (MODEL, catalog.collection("c").generation)


@pytest.mark.parametrize("exact", [True, False])
def test_equal_distances_come_by_id(catalog: Catalog, exact: bool) -> None:
    same = vector_of(0)
    catalog.add([arrival(number, vector=same) for number in range(60)])
    found = ids(catalog.search("c", same, limit=5, exact=exact))
    assert found == sorted(found)
    if exact:
        assert found == sorted(map(image_id, range(60)))[:5]


def test_exact_is_told(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(10)])
        assert catalog.search("c", vector_of(1)).exact
        catalog.add([arrival(number) for number in range(10, 100)])
        catalog.settle(30)
        assert not catalog.search("c", vector_of(1)).exact
        assert catalog.search("c", vector_of(1), exact=True).exact
        assert catalog.search("c", vector_of(1), wanted=Filter(ids=frozenset([image_id(2)]))).exact


def test_conditions_on_matches(catalog: Catalog) -> None:
    catalog.add([arrival(number, labels={"odd": str(number % 2)}) for number in range(40)])
    query = vector_of(0)
    every = catalog.search("c", query, limit=40).matches
    bound = every[9].distance
    assert len(catalog.search("c", query, limit=40, max_distance=bound).matches) == 10
    odd = catalog.search("c", query, limit=40, wanted=Filter(labels={"odd": "1"}))
    assert ids(odd) == [match.image.id for match in every if match.image.labels["odd"] == "1"]
    without = [every[0].image.id, every[1].image.id, image_id(999)]
    assert ids(catalog.search("c", query, limit=3, without=without)) == [match.image.id for match in every[2:5]]
    assert catalog.search("c", query, wanted=Filter(labels={"odd": "2"})).matches == ()


def test_vectors_travel_on_request(catalog: Catalog) -> None:
    catalog.add([arrival(1)])
    (plain,) = catalog.search("c", vector_of(1)).matches
    (full,) = catalog.search("c", vector_of(1), with_vectors=True).matches
    assert plain.vector is None
    assert full.vector is not None
    np.testing.assert_array_equal(full.vector, vector_of(1))


@pytest.mark.parametrize(
    "bad", [np.zeros(DIM), np.full(DIM, np.nan), np.full(DIM, np.inf), np.ones(DIM - 1), np.ones((1, DIM))]
)
def test_a_query_needs_a_direction(catalog: Catalog, bad: Vector) -> None:
    with pytest.raises(DimensionMismatch):
        catalog.search("c", bad)


def test_searches_are_checked(catalog: Catalog) -> None:
    with pytest.raises(BadRequest):
        catalog.search("c", vector_of(1), limit=1_001)
    with pytest.raises(BadRequest):
        catalog.search("c", vector_of(1), max_distance=-1)
    with pytest.raises(BadFilter):
        catalog.search("c", vector_of(1), wanted=Filter(ids=frozenset(["x"])))
    with pytest.raises(BadRequest):
        catalog.search("c", vector_of(1), without=["x"])


def test_outcomes_come_in_the_order_asked(catalog: Catalog) -> None:
    crooked = arrival(3, vector=np.zeros(DIM, np.float32))
    batch = [
        arrival(1),
        replace(arrival(2), image_id="no id"),
        crooked,
        arrival(4, collection="nowhere"),
        sighting(5),
        arrival(1, path="/again"),
        arrival(6),
    ]
    results = [one if isinstance(one, Outcome) else type(one) for one in catalog.add(batch)]
    assert results == [
        Outcome.CREATED,
        BadRequest,
        DimensionMismatch,
        CollectionNotFound,
        ImageNotFound,
        Outcome.EXISTED,
        Outcome.CREATED,
    ]
    assert ids(catalog.images("c", Filter(), 10)[0]) == [image_id(1), image_id(6)]
    assert catalog.add([]) == []


def test_missing_ids_in_the_order_asked(catalog: Catalog) -> None:
    catalog.add([arrival(2)])
    asked = [image_id(3), image_id(2), image_id(1), image_id(3)]
    assert catalog.missing("c", asked) == [image_id(3), image_id(1)]
    many = [image_id(number) for number in range(10_000)]
    assert len(catalog.missing("c", many)) == 9_999


def test_records_and_vectors_by_id(catalog: Catalog) -> None:
    catalog.add([arrival(1, path="/1")])
    assert catalog.image("c", image_id(1)).sources[0].path == "/1"
    assert catalog.vectors("c", [image_id(1), image_id(2)], allow_missing=True).keys() == {image_id(1)}
    for call in (lambda: catalog.image("c", image_id(2)), lambda: catalog.vectors("c", [image_id(1), image_id(2)])):
        with pytest.raises(ImageNotFound):
            call()


def test_updating_labels(catalog: Catalog) -> None:
    catalog.add([arrival(1, labels={"a": "1"})])
    before = catalog.collection("c").generation
    assert catalog.update_image("c", image_id(1), {"b": "2"}).labels == {"b": "2"}
    assert catalog.search("c", vector_of(1)).generation == catalog.collection("c").generation > before
    with pytest.raises(ImageNotFound):
        catalog.update_image("c", image_id(2), {})
    with pytest.raises(BadRequest):
        catalog.update_image("c", image_id(1), {"": "2"})


def test_what_was_deleted_is_not_found(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(100)])
    catalog.settle(30)
    gone = [image_id(number) for number in range(0, 100, 3)]
    assert catalog.delete_images("c", gone) == len(gone)
    left = {image_id(number) for number in range(100)} - set(gone)
    assert set(ids(catalog.search("c", vector_of(0), limit=100))) == left
    assert catalog.collection("c").image_count == len(left)
    assert catalog.delete_images("c", [*gone, image_id(1)], allow_missing=True) == 1
    with pytest.raises(ImageNotFound):
        catalog.delete_images("c", gone)
    with pytest.raises(BadRequest):
        catalog.delete_images("c", [])


def test_an_image_can_come_back(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(30)])
    catalog.settle(30)
    catalog.delete_images("c", [image_id(5)])
    assert catalog.add([arrival(5)]) == [Outcome.CREATED]
    assert ids(catalog.search("c", vector_of(5), limit=1)) == [image_id(5)]


def test_collections_do_not_meet(catalog: Catalog) -> None:
    catalog.create_collection("d")
    catalog.add([arrival(1), arrival(2, collection="d")])
    assert ids(catalog.search("c", vector_of(2))) == [image_id(1)]
    assert ids(catalog.search("d", vector_of(2))) == [image_id(2)]
    assert catalog.missing("d", [image_id(1)]) == [image_id(1)]


def test_pages_cover_all_once_while_images_come_and_go(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(10)])
    first, token = catalog.images("c", Filter(), 4)
    catalog.delete_images("c", [image_id(3), image_id(4)])
    catalog.add([arrival(10)])
    second, token = catalog.images("c", Filter(), 4, token)
    third, token = catalog.images("c", Filter(), 4, token)
    assert ids(first) == [image_id(number) for number in (0, 1, 2, 3)]
    assert ids(second + third) == [image_id(number) for number in (5, 6, 7, 8, 9, 10)]
    assert token == ""


def test_a_last_page_that_is_full_has_no_next(catalog: Catalog) -> None:
    catalog.add([arrival(number) for number in range(4)])
    assert catalog.images("c", Filter(), 4)[1] == ""


def test_collections_come_in_pages(catalog: Catalog) -> None:
    for name in ("a", "b", "d"):
        catalog.create_collection(name)
    names, token = [], ""
    while True:
        page, token = catalog.collections(3, token)
        names.append([one.name for one in page])
        if not token:
            break
    assert names == [["a", "b", "c"], ["d"]]


def test_a_token_is_good_for_its_own_listing_only(catalog: Catalog) -> None:
    catalog.create_collection("d")
    catalog.add([arrival(number, labels={"k": "v"}) for number in range(5)])
    token = catalog.images("c", Filter(), 2)[1]
    other = Filter(labels={"k": "v"})
    with pytest.raises(BadPageToken):
        catalog.images("c", other, 2, token)
    with pytest.raises(BadPageToken):
        catalog.images("d", Filter(), 2, token)
    with pytest.raises(BadPageToken):
        catalog.collections(2, token)
    catalog.delete_collection("c")
    catalog.create_collection("c")
    with pytest.raises(BadPageToken):
        catalog.images("c", Filter(), 2, token)


def test_a_token_is_good_for_its_own_tree_of_filters_only(catalog: Catalog) -> None:
    def tree(north: float, value: str) -> Filter:
        return Filter(any_of=(Filter(box=Box(0, 0, north, 1)), Filter(none_of=(Filter(labels={"k": value}),))))

    catalog.add([arrival(number) for number in range(5)])
    first, token = catalog.images("c", tree(1, "x"), 3)
    rest, last = catalog.images("c", tree(1, "x"), 3, token)
    assert ids(first) + ids(rest) == ids(catalog.images("c", Filter(), 5)[0])
    assert last == ""
    for other in (tree(1, "y"), tree(2, "x"), Filter(all_of=tree(1, "x").any_of)):
        with pytest.raises(BadPageToken):
            catalog.images("c", other, 3, token)


@pytest.mark.parametrize("forged", ["?", "ü", "AAAA", "bnVsbA==", "W10=", "WzEsMl0=", "x" * 5_000, "W1tb" * 50_000])
def test_forged_tokens_are_refused(catalog: Catalog, forged: str) -> None:
    with pytest.raises(BadPageToken):
        catalog.images("c", Filter(), 2, forged)
    with pytest.raises(BadPageToken):
        catalog.collections(2, forged)


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, 5])
def test_a_forged_position_is_refused(catalog: Catalog, after: object) -> None:
    catalog.add([arrival(number) for number in range(5)])
    listing, _ = json.loads(base64.urlsafe_b64decode(catalog.images("c", Filter(), 2)[1]))
    forged = base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()
    with pytest.raises(BadPageToken):
        catalog.images("c", Filter(), 2, forged)


@pytest.mark.parametrize("after", ["\ud800", "a" * 1_000])
def test_a_forged_name_is_refused(catalog: Catalog, after: str) -> None:
    catalog.create_collection("d")
    listing, _ = json.loads(base64.urlsafe_b64decode(catalog.collections(1)[1]))
    forged = base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()
    with pytest.raises(BadPageToken):
        catalog.collections(1, forged)


def seen_at(catalog: Catalog, size: int, prefix: str = "") -> list[tuple[str, str]]:
    """All sightings, taken a page at a time."""
    found, token = list[Sighting](), ""
    while True:
        page, token = catalog.sources("c", prefix, size, token)
        found += page
        if not token:
            return [(one.source.path, one.image_id) for one in found]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_sources_come_in_pages(catalog: Catalog, size: int) -> None:
    catalog.add([arrival(number, path=f"/{number % 3}/x") for number in range(10)])
    every = sorted((f"/{number % 3}/x", number) for number in range(10))
    assert seen_at(catalog, size) == [(path, image_id(number)) for path, number in every]
    assert seen_at(catalog, size, "/1") == [("/1/x", image_id(number)) for number in (1, 4, 7)]


def test_pages_of_sources_cover_all_once_while_sources_come_and_go(catalog: Catalog) -> None:
    catalog.add([arrival(number, path=f"/{number}") for number in range(6)])
    first, token = catalog.sources("c", "", 3)
    catalog.remove_sources("c", [Sighting(image_id(2), Source("/2"))], remove_images=True)
    catalog.add([arrival(10, path="/0"), arrival(11, path="/35")])
    second, token = catalog.sources("c", "", 9, token)
    assert [one.source.path for one in first + second] == ["/0", "/1", "/2", "/3", "/35", "/4", "/5"]
    assert token == ""


@pytest.mark.parametrize("letter", ["a", " ", "é", "\U0001f3d4", '"', "\\", "\n", "\x01", "/"])
def test_a_token_holds_the_longest_path(catalog: Catalog, letter: str) -> None:
    path = letter * MAX_PATH
    catalog.add([arrival(number, path=path) for number in range(3)])
    assert seen_at(catalog, 1, prefix=path) == [(path, image_id(number)) for number in range(3)]


def test_a_token_of_sources_is_good_for_its_own_listing_only(catalog: Catalog) -> None:
    catalog.create_collection("d")
    catalog.add([arrival(number, path=f"/a/{number}") for number in range(5)])
    token = catalog.sources("c", "/a", 2)[1]
    for name, prefix in (("c", ""), ("c", "/a/"), ("d", "/a")):
        with pytest.raises(BadPageToken):
            catalog.sources(name, prefix, 2, token)
    with pytest.raises(BadPageToken):
        catalog.images("c", Filter(path_prefix="/a"), 2, token)
    with pytest.raises(BadPageToken):
        catalog.sources("c", "/a", 2, catalog.images("c", Filter(path_prefix="/a"), 2)[1])


@pytest.mark.parametrize(
    "after", ["", "1", "x /a/1", "-1 /a/1", "9" * 30 + " /a/1", "1 /b", "1 /a/\ud800", 5, "1 /a" * 20_000]
)
def test_a_forged_place_among_sources_is_refused(catalog: Catalog, after: object) -> None:
    catalog.add([arrival(number, path=f"/a/{number}") for number in range(5)])
    listing, _ = json.loads(base64.urlsafe_b64decode(catalog.sources("c", "/a", 2)[1]))
    forged = base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()
    with pytest.raises(BadPageToken):
        catalog.sources("c", "/a", 2, forged)


def test_a_page_of_sources_costs_what_it_returns(catalog: Catalog) -> None:
    """SQLite goes to the page's begin in the index on paths, and sorts nothing."""
    statements = list[str]()
    assert isinstance(catalog._store, SqliteStore)
    with catalog._store._database.reading() as connection:
        connection.set_trace_callback(statements.append)
        sightings.page(connection, 1, "/a", ("/a/1", 5), 10)
        connection.set_trace_callback(None)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert plan == [
        "SEARCH s USING INDEX sources_by_path (collection=? AND (path,serial)>(?,?) AND path<?)",
        "SEARCH images USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_sources_that_were_taken_back_end_what_filters_admitted(catalog: Catalog) -> None:
    catalog.add([arrival(number, path=f"/a/{number}") for number in range(100)])
    catalog.add([sighting(number, path=f"/b/{number}") for number in range(100)])
    within, without = Filter(path_prefix="/a/"), Filter(not_folders=frozenset(["/a/"]))
    for _ in range(3):  # so that what they admit is kept
        assert len(catalog.search("c", vector_of(0), limit=100, wanted=within).matches) == 100
        assert len(catalog.search("c", vector_of(0), limit=100, wanted=without).matches) == 0
    moved = [Sighting(image_id(number), Source(f"/a/{number}")) for number in range(40)]
    assert catalog.remove_sources("c", moved) == (40, 0)
    found = catalog.search("c", vector_of(0), limit=100, wanted=without)
    assert set(ids(found)) == {image_id(number) for number in range(40)}
    assert found.generation == catalog.collection("c").generation
    assert len(catalog.search("c", vector_of(0), limit=100, wanted=within).matches) == 60


def test_images_that_went_with_their_last_source_are_not_found(catalog: Catalog) -> None:
    catalog.add([arrival(number, path=f"/{number}") for number in range(100)])
    catalog.settle(30)
    lost = [Sighting(image_id(number), Source(f"/{number}")) for number in range(0, 100, 3)]
    assert catalog.remove_sources("c", lost, remove_images=True) == (34, 34)
    left = {image_id(number) for number in range(100) if number % 3}
    assert set(ids(catalog.search("c", vector_of(0), limit=100))) == left
    assert catalog.collection("c").image_count == len(left)
    assert catalog.verify() == []


def test_taking_sources_back_is_checked(catalog: Catalog) -> None:
    for wrong in ([], [Sighting("x", Source("/a"))], [Sighting(image_id(1), Source("/a"))] * 10_001):
        with pytest.raises(BadRequest):
            catalog.remove_sources("c", wrong)
    assert catalog.remove_sources("c", [Sighting(image_id(1), Source("x" * 5_000 + "\0"))]) == (0, 0)
    with pytest.raises(CollectionNotFound):
        catalog.remove_sources("nowhere", [Sighting(image_id(1), Source("/a"))])
    for prefix in ("a" * 4_097, "\0"):
        with pytest.raises(BadRequest):
            catalog.sources("c", prefix, 10)


def test_nothing_is_acknowledged_once_the_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with open_catalog(folder, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(10)])
        shutil.rmtree(folder)
        with pytest.raises(DataFolderError, match="gone"):
            catalog.add([arrival(10)])
        with open_catalog(folder) as other:
            with pytest.raises(DataFolderError, match="gone"):
                catalog.delete_images("c", [image_id(1)])
            assert other.collections(10)[0] == []
        shutil.rmtree(folder)
    assert not folder.exists()


def test_another_models_collection_is_kept_but_not_searched(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as old:
        old.create_collection("c")
        old.add([arrival(1, path="/1"), arrival(2)])
    with open_catalog(tmp_path, models={"tiny-2": 4}) as new:
        assert new.collections(10)[0][0].model_id == MODEL
        assert ids(new.images("c", Filter(), 10)[0]) == [image_id(1), image_id(2)]
        assert new.image("c", image_id(1)).sources[0].path == "/1"
        assert new.vectors("c", [image_id(1)])[image_id(1)].shape == (DIM,)
        with pytest.raises(ModelMismatch, match=MODEL):
            new.serving("c")
        with pytest.raises(ModelMismatch):
            new.search("c", units(1, 4)[0])
        assert isinstance(new.add([arrival(3, vector=units(1, 4)[0])])[0], ModelMismatch)
        assert new.delete_images("c", [image_id(1)]) == 1
        assert new.verify() == []
        assert new.unserved() == ["c"]
    with open_catalog(tmp_path) as again:
        assert ids(again.search("c", vector_of(1))) == [image_id(2)]
        assert again.unserved() == []


def test_a_restart_restores(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c", "kept")
        catalog.add([arrival(number, path=f"/{number}", labels={"k": "v"}) for number in range(50)])
        catalog.delete_images("c", [image_id(7)])
        before = (catalog.collection("c"), catalog.images("c", Filter(), 100), catalog.search("c", vector_of(7)))
    with open_catalog(tmp_path, small=10) as catalog:
        after = (catalog.collection("c"), catalog.images("c", Filter(), 100), catalog.search("c", vector_of(7)))
        assert [after[0], after[1], after[2].matches] == [before[0], before[1], before[2].matches]
        assert catalog.verify() == []


def test_what_is_committed_is_published_though_nothing_can_be_read_any_more(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
        assert isinstance(catalog._store, SqliteStore)
        with no_reading_after_a_commit(catalog._store._database, tmp_path):
            assert catalog.add([arrival(1)]) == [Outcome.CREATED]
            with pytest.raises(DataFolderError):
                catalog.image("c", image_id(1))
        found = catalog.search("c", vector_of(1))
        assert (ids(found), found.generation) == ([image_id(1)], catalog.collection("c").generation)


@contextmanager
def no_reading_after_a_commit(database: Database, folder: Path) -> Iterator[None]:
    """From the next commit on the database has no readers, and finds no file to open new ones on."""

    def spoil(statement: str) -> None:
        if statement == "COMMIT":
            database._idle.clear()
            database._path = folder / "nowhere" / "catalog.db"

    database._writer.set_trace_callback(spoil)
    yield
    database._writer.set_trace_callback(None)
    database._path = folder / "catalog.db"


def test_a_folder_serves_one_catalog_at_a_time(tmp_path: Path) -> None:
    with open_catalog(tmp_path), pytest.raises(DataFolderError, match="in use"):
        open_catalog(tmp_path)
    open_catalog(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError):
        open_catalog(tmp_path / "file")


def test_a_failed_start_frees_the_folder(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"no database" * 1_000)
    for _ in range(2):
        with pytest.raises(DataFolderError, match="cannot be used"):
            open_catalog(tmp_path)


def test_a_closed_catalog_says_so(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    catalog.create_collection("c")
    catalog.close()
    catalog.close()
    with pytest.raises(ShuttingDown):
        catalog.search("c", vector_of(1))
    with pytest.raises(ShuttingDown):
        catalog.create_collection("d")


def test_nothing_deleted_stays_on_disk(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path, small=10)
    catalog.create_collection("c")
    catalog.add([arrival(number) for number in range(100)])
    catalog.settle(30)
    catalog.close()
    catalog = open_catalog(tmp_path, small=10)
    traces = [vector_of(number).tobytes() for number in (5, 6)]
    rounded = [halved(vector_of(number)).tobytes() for number in (5, 6)]
    assert all(len(files_with(tmp_path, trace)) == 2 for trace in traces)  # database and graph
    assert all(len(files_with(tmp_path, trace)) == 1 for trace in rounded)
    catalog.delete_images("c", [image_id(5)])
    assert [path.suffix for path in files_with(tmp_path, traces[0])] == [".graph"]  # the database: at once
    catalog.close()
    assert files_with(tmp_path, traces[0]) == files_with(tmp_path, rounded[0]) == []
    assert len(files_with(tmp_path, traces[1])) == 2
    with open_catalog(tmp_path, small=10, rewrite_after=0) as catalog:
        catalog.delete_images("c", [image_id(6)])
        assert catalog.settle(30)
        assert files_with(tmp_path, traces[1]) == files_with(tmp_path, rounded[1]) == []  # snapshots: soon
        catalog.add([arrival(6)])
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.delete_collection("c")
        assert files_with(tmp_path, traces[1]) == []


def files_with(folder: Path, trace: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and trace in path.read_bytes()]

"""From one generation of vectors to the next: staged beside those in use, and then whole or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import (
    DIM,
    MODEL,
    MODELS,
    OTHER,
    OTHER_DIM,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    sighting,
    tamper,
    vector_of,
    written,
)
from tests.rpc.conftest import full_disk

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.generations import ModelSwitched
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.store import Entry
from lookalike_server.errors import (
    BadPageToken,
    CollectionNotFound,
    DimensionMismatch,
    DiskFull,
    ImageNotFound,
    ModelMismatch,
    ReembedIncomplete,
)
from lookalike_server.records import Arrival, Content, Filter, Outcome, Scene

LACKING = Filter(not_embedded_by=OTHER)
COUNT = 30


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A collection of 30 images, with a graph, of the first of two models."""
    with open_catalog(tmp_path, models=MODELS, small=5) as opened:
        opened.create_collection("c")
        opened.add([arrival(number, path=f"/{number}") for number in range(COUNT)])
        assert opened.settle(30)
        yield opened


def stage_all(catalog: Catalog) -> None:
    assert catalog.stage([restaged(number) for number in range(COUNT)]) == [None] * COUNT


def lacking(catalog: Catalog) -> list[str]:
    return ids(catalog.images("c", LACKING, 100)[0])


def shelf(catalog: Catalog) -> Shelf:
    return catalog._shelves.find(catalog._store.collection("c"))


def test_staged_vectors_change_nothing_but_what_lacks_them(catalog: Catalog) -> None:
    before = catalog.collection("c")
    assert catalog.stage([restaged(number) for number in range(10)]) == [None] * 10
    assert catalog.collection("c") == before
    assert catalog.search("c", vector_of(3), limit=1).matches[0].distance == 0
    assert lacking(catalog) == [image_id(number) for number in range(10, COUNT)]
    assert catalog.unstaged("c", image_id(10), OTHER)
    assert not catalog.unstaged("c", image_id(9), OTHER)
    assert catalog.verify() == []


def test_what_lacks_a_vector_is_listed_in_pages_and_nothing_lacks_one_of_its_own_model(catalog: Catalog) -> None:
    catalog.stage([restaged(number) for number in range(0, COUNT, 2)])
    first, token = catalog.images("c", LACKING, 10)
    second, end = catalog.images("c", LACKING, 10, token)
    assert ids(first) + ids(second) == [image_id(number) for number in range(1, COUNT, 2)]
    assert end == ""
    assert catalog.images("c", Filter(not_embedded_by=MODEL), 10) == ([], "")
    with pytest.raises(BadPageToken):
        catalog.images("c", Filter(), 10, token)


def test_the_switch_gives_the_collection_to_the_other_model(catalog: Catalog) -> None:
    before, old = catalog.collection("c"), catalog._store.collection("c").uuid
    stage_all(catalog)
    after, dropped = catalog.switch_model("c", OTHER)
    assert (after, dropped) == (catalog.collection("c"), 0)
    assert (after.model_id, after.dim, after.image_count) == (OTHER, OTHER_DIM, COUNT)
    assert after.generation == before.generation + 1
    assert catalog._store.collection("c").uuid != old
    for number in range(COUNT):
        (match,) = catalog.search("c", vector_of(number, OTHER_DIM), limit=1, with_vectors=True).matches
        assert (match.image.id, match.distance) == (image_id(number), 0)
        np.testing.assert_array_equal(match.vector, vector_of(number, OTHER_DIM))
    assert lacking(catalog) == []
    assert catalog.verify() == []


def test_the_switched_collection_goes_on_as_any_other(catalog: Catalog) -> None:
    stage_all(catalog)
    catalog.switch_model("c", OTHER)
    assert catalog.add([arrival(99, vector=vector_of(99, OTHER_DIM))]) == [Outcome.CREATED]
    assert ids(catalog.search("c", vector_of(99, OTHER_DIM), limit=1)) == [image_id(99)]
    assert catalog.delete_images("c", [image_id(3)]) == 1
    assert image_id(3) not in ids(catalog.search("c", vector_of(3, OTHER_DIM), limit=100))
    assert catalog.verify() == []


def test_the_switched_collection_is_there_after_a_restart_without_the_old_model(tmp_path: Path) -> None:
    with open_catalog(tmp_path, models=MODELS, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(COUNT)])
        stage_all(catalog)
        catalog.switch_model("c", OTHER)
    with open_catalog(tmp_path, models={OTHER: OTHER_DIM}, small=5) as again:
        assert again.unserved() == []
        assert ids(again.search("c", vector_of(7, OTHER_DIM), limit=1)) == [image_id(7)]
        assert again.verify() == []


def test_until_the_graph_has_caught_up_every_vector_is_compared(tmp_path: Path) -> None:
    with open_catalog(tmp_path, models=MODELS, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(COUNT)])
        stage_all(catalog)
        catalog.settle(30)
        catalog._shelves._indexer.close()  # nothing extends a graph any more
        catalog.switch_model("c", OTHER)
        found = catalog.search("c", vector_of(7, OTHER_DIM), limit=1)
        assert (ids(found), found.exact) == ([image_id(7)], True)


def test_images_without_a_new_vector_stop_the_switch_and_are_counted(catalog: Catalog) -> None:
    catalog.stage([restaged(number) for number in range(COUNT - 2)])
    before = catalog.collection("c")
    with pytest.raises(ReembedIncomplete, match="2 of the 30 images"):
        catalog.switch_model("c", OTHER)
    assert catalog.collection("c") == before
    assert ids(catalog.search("c", vector_of(COUNT - 1), limit=1)) == [image_id(COUNT - 1)]
    assert len(lacking(catalog)) == 2


def test_images_without_a_new_vector_are_dropped_where_that_is_wanted(catalog: Catalog) -> None:
    catalog.stage([restaged(number) for number in range(COUNT - 2)])
    after, dropped = catalog.switch_model("c", OTHER, drop_missing=True)
    assert (after.image_count, dropped) == (COUNT - 2, 2)
    assert catalog.missing("c", [image_id(COUNT - 1)]) == [image_id(COUNT - 1)]
    assert len(catalog.search("c", vector_of(1, OTHER_DIM), limit=100).matches) == COUNT - 2
    assert catalog.verify() == []


def test_all_images_are_never_dropped(catalog: Catalog) -> None:
    before = catalog.collection("c")
    with pytest.raises(ReembedIncomplete, match=r"none of the 30 images .* never all"):
        catalog.switch_model("c", OTHER, drop_missing=True)
    assert catalog.collection("c") == before
    catalog.create_collection("empty")
    assert catalog.switch_model("empty", OTHER, drop_missing=True)[1] == 0


def test_an_error_costs_its_own_vector(catalog: Catalog) -> None:
    catalog.create_collection("d", model_id=OTHER)
    answers = catalog.stage(
        [
            restaged(1),
            restaged(COUNT),
            restaged(2, vector=vector_of(2, DIM)),
            restaged_in("nowhere", 3),
            restaged_in("d", 3),
            restaged(4),
        ]
    )
    wanted = [type(None), ImageNotFound, DimensionMismatch, CollectionNotFound, ModelMismatch, type(None)]
    assert [type(answer) for answer in answers] == wanted
    assert len(lacking(catalog)) == COUNT - 2


def restaged_in(name: str, number: int) -> Arrival:
    return replace(restaged(number), collection=name)


def test_facts_and_scenes_are_those_of_the_new_model(catalog: Catalog) -> None:
    scenes = (Scene("pier", 0.75), Scene("beach", 0.25))
    stage_all(catalog)
    catalog.stage([restaged(5, scenes=scenes)])
    before = catalog.image("c", image_id(5))
    assert (before.width, before.format, before.scenes) == (640, "JPEG", ())
    catalog.switch_model("c", OTHER)
    image = catalog.image("c", image_id(5))
    assert (image.width, image.height, image.size_bytes, image.format) == (320, 240, 2_000, "PNG")
    assert image.scenes == scenes
    assert (image.sources, image.created, image.updated) == (before.sources, before.created, before.updated)
    assert catalog.verify() == []


def test_a_known_time_is_not_lost_to_bytes_that_tell_none(catalog: Catalog) -> None:
    catalog.add([arrival(99, captured=77)])
    stage_all(catalog)
    catalog.stage([restaged(99)])
    catalog.switch_model("c", OTHER)
    assert catalog.image("c", image_id(99)).captured == 77


def test_what_was_imported_meanwhile_lacks_a_vector(catalog: Catalog) -> None:
    stage_all(catalog)
    assert catalog.add([arrival(99)]) == [Outcome.CREATED]
    assert lacking(catalog) == [image_id(99)]
    with pytest.raises(ReembedIncomplete):
        catalog.switch_model("c", OTHER)


def test_a_deletion_takes_the_staged_vector_along(catalog: Catalog, tmp_path: Path) -> None:
    stage_all(catalog)
    assert on_disk(tmp_path, 3)
    catalog.delete_images("c", [image_id(3)])
    assert not on_disk(tmp_path, 3)
    catalog.add([arrival(3)])
    assert lacking(catalog) == [image_id(3)], "it is another image"
    assert on_disk(tmp_path, 4)
    catalog.delete_collection("c")
    assert not on_disk(tmp_path, 4)


def test_the_switch_leaves_nothing_of_the_old_vectors_on_disk(catalog: Catalog, tmp_path: Path) -> None:
    traces = [vector_of(number).tobytes() for number in range(COUNT)]
    shelf(catalog).save()
    assert all(any(trace in content for content in contents(tmp_path)) for trace in traces)
    stage_all(catalog)
    catalog.switch_model("c", OTHER)
    assert not any(trace in content for content in contents(tmp_path) for trace in traces)


def on_disk(folder: Path, number: int) -> bool:
    return any(vector_of(number, OTHER_DIM).tobytes() in content for content in contents(folder))


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_a_model_that_it_belongs_to_already_is_refused(catalog: Catalog) -> None:
    with pytest.raises(ModelMismatch, match="already"):
        catalog.switch_model("c", MODEL)
    with pytest.raises(ModelMismatch, match="already"):
        catalog.unstaged("c", image_id(1), MODEL)
    with pytest.raises(ImageNotFound):
        catalog.unstaged("c", image_id(COUNT), OTHER)


def test_a_search_that_has_begun_finishes_on_the_old_vectors(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    stage_all(catalog)
    found = catalog._shelves.find

    def switched_meanwhile(entry: object) -> Shelf:
        monkeypatch.setattr(catalog._shelves, "find", found)
        old = found(entry)  # type: ignore[arg-type]
        catalog.switch_model("c", OTHER)
        return old

    monkeypatch.setattr(catalog._shelves, "find", switched_meanwhile)
    (match,) = catalog.search("c", vector_of(3), limit=1, with_vectors=True).matches
    assert (match.image.id, match.distance) == (image_id(3), 0)
    np.testing.assert_array_equal(match.vector, vector_of(3))
    assert catalog.collection("c").model_id == OTHER


def test_a_search_between_two_generations_takes_the_new_one(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    stage_all(catalog)
    read = catalog._shelves.entry

    def switched_meanwhile(name: str) -> object:
        monkeypatch.setattr(catalog._shelves, "entry", read)
        old = read(name)
        catalog.switch_model("c", OTHER)
        return old

    monkeypatch.setattr(catalog._shelves, "entry", switched_meanwhile)
    found = catalog.search("c", vector_of(3, OTHER_DIM), limit=1)
    assert (ids(found), found.model_id) == ([image_id(3)], OTHER)


def test_a_vector_of_the_model_before_is_refused_not_compared(catalog: Catalog) -> None:
    stage_all(catalog)
    catalog.switch_model("c", OTHER)
    with pytest.raises(ModelSwitched, match=OTHER):
        catalog.search("c", vector_of(3), model_id=MODEL)
    late = Arrival("c", image_id(99), Content(1, 1, 1, "PNG", None, vector_of(99), model_id=MODEL))
    answer, known = catalog.add([late, sighting(1, path="/seen")])
    assert isinstance(answer, ModelSwitched)
    assert known is Outcome.EXISTED


def test_a_full_disk_leaves_the_old_generation(catalog: Catalog, tmp_path: Path) -> None:
    stage_all(catalog)
    catalog.add([arrival(number) for number in range(COUNT, 600)])
    catalog.stage([restaged(number) for number in range(COUNT, 600)])
    before = catalog._store.collection("c")
    with full_disk(tmp_path), pytest.raises(DiskFull):
        catalog.switch_model("c", OTHER)
    assert catalog._store.collection("c") == before
    assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
    catalog.switch_model("c", OTHER)
    assert catalog.verify() == []


@pytest.mark.parametrize(
    ("statement", "values", "words"),
    [
        ("UPDATE staged SET float32_le = ? WHERE serial = 3", [vector_of(1, 5).tobytes()], "of different lengths"),
        ("UPDATE staged SET float32_le = ? WHERE serial = 3", [b"abc"], "of different lengths"),
        (
            "UPDATE staged SET float32_le = ? WHERE serial = 3",
            [(7 * vector_of(1, OTHER_DIM)).tobytes()],
            "c: 1 staged vectors are not finite, or not of length 1",
        ),
        ("UPDATE staged SET model_id = 'tiny-1' WHERE serial = 3", [], "belongs to already"),
        ("DELETE FROM images WHERE serial = 3", [], "a row of staged belongs to no row of images"),
    ],
)
def test_verify_looks_at_what_is_staged(
    catalog: Catalog, tmp_path: Path, statement: str, values: list[bytes], words: str
) -> None:
    stage_all(catalog)
    assert catalog.verify() == []
    tamper(tmp_path, statement, *values)
    assert any(words in finding for finding in catalog.verify())


def test_between_the_stores_switch_and_memorys_a_search_sees_the_old_generation_whole(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_all(catalog)
    switch, seen = catalog._store.switch, []

    def switched(new: Entry) -> int:
        dropped = switch(new)
        vector = catalog.vectors("c", [image_id(3)])[image_id(3)]
        seen.append(catalog.search("c", vector, limit=1, model_id=MODEL))
        return dropped

    monkeypatch.setattr(catalog._store, "switch", switched)
    catalog.switch_model("c", OTHER)
    assert (ids(seen[0]), seen[0].matches[0].distance) == ([image_id(3)], 0.0)
    assert catalog.vectors("c", [image_id(3)])[image_id(3)].shape == (OTHER_DIM,)


def test_a_search_that_needs_a_vector_that_the_switch_took_begins_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = shelf(catalog).vectors
    vectors.rebase(written(vectors, tmp_path))
    stage_all(catalog)
    found = catalog._shelves.find

    def switched_meanwhile(entry: object) -> Shelf:
        monkeypatch.setattr(catalog._shelves, "find", found)
        old = found(entry)  # type: ignore[arg-type]
        catalog.switch_model("c", OTHER)
        return old

    monkeypatch.setattr(catalog._shelves, "find", switched_meanwhile)
    assert catalog.vectors("c", [image_id(3)])[image_id(3)].shape == (OTHER_DIM,)


def test_between_the_stores_switch_and_memorys_a_search_may_see_the_new_generation_whole(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = shelf(catalog).vectors
    vectors.rebase(written(vectors, tmp_path))
    stage_all(catalog)
    switch, seen = catalog._store.switch, []

    def switched(new: Entry) -> int:
        dropped = switch(new)
        seen.append(catalog.vectors("c", [image_id(3)])[image_id(3)])
        with pytest.raises(ModelSwitched):
            catalog.search("c", vector_of(3), model_id=MODEL)
        with pytest.raises(DimensionMismatch):
            catalog.search("c", vector_of(3))
        return dropped

    monkeypatch.setattr(catalog._store, "switch", switched)
    catalog.switch_model("c", OTHER)
    np.testing.assert_array_equal(seen[0], vector_of(3, OTHER_DIM))

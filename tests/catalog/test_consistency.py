"""A search sees every change that was acknowledged before, whatever goes on; an eventual one sees every deletion."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import MODELS, OTHER, arrival, ids, image_id, open_catalog, restaged, vector_of
from tests.catalog.test_concurrency import together

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.generations import ModelSwitched
from lookalike_server.catalog.shelf import Shelf

HELD = 300


def shelf_of(catalog: Catalog) -> Shelf:
    (shelf,) = catalog._shelves.standing().values()
    return shelf


def test_everyone_sees_what_was_acknowledged_to_anyone_while_graph_and_snapshots_lag(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=20, save_every=40, rewrite_after=0.01) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(HELD)])
        acknowledged, gone = list(range(HELD)), set[int]()

        def write(first: int) -> None:
            for number in range(first, first + 60):
                catalog.add([arrival(number)])
                acknowledged.append(number)
                assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]
                if number % 3 == 0:
                    catalog.delete_images("c", [image_id(number)])
                    gone.add(number)
                    assert image_id(number) not in ids(catalog.search("c", vector_of(number), limit=5))

        def read() -> None:
            latest = acknowledged[-1]
            found = ids(catalog.search("c", vector_of(latest), limit=1))
            assert found == [image_id(latest)] or latest % 3 == 0

        together(lambda: write(1_000), read, read)
        tasks = (lambda: write(2_000), lambda: write(3_000))
        writers = [threading.Thread(target=together, args=(task,)) for task in tasks]
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        left = set(map(image_id, acknowledged)) - set(map(image_id, gone))
        assert set(ids(catalog.search("c", vector_of(1), limit=1_000))) == left
        assert len(acknowledged) == HELD + 180


def test_a_write_is_seen_while_its_collection_is_given_to_another_model(tmp_path: Path) -> None:
    with open_catalog(tmp_path, models=MODELS, small=20) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(100)])

        def stage() -> None:
            for start in range(0, 100, 10):
                assert catalog.stage([restaged(number) for number in range(start, start + 10)]) == [None] * 10

        numbers = iter(range(1_000, 100_000))

        def write() -> None:
            number = next(numbers)
            catalog.add([arrival(number)])
            assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]

        together(stage, write)
        catalog.switch_model("c", OTHER, drop_missing=True)
        assert len(catalog.search("c", vector_of(1, MODELS[OTHER]), limit=1_000).matches) == 100
        with pytest.raises(ModelSwitched):
            catalog.search("c", vector_of(1), model_id=next(iter(MODELS)))


@pytest.fixture
def lagging(tmp_path: Path) -> Iterator[Catalog]:
    """A graph over the first 300 images, and 50 more that nobody gives to it."""
    with open_catalog(tmp_path, small=20) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(HELD)])
        assert catalog.settle(60)
        catalog._shelves._indexer.close()
        catalog.add([arrival(number) for number in range(1_000, 1_050)])
        assert shelf_of(catalog).lag == 50
        yield catalog


def test_what_the_graph_lacks_is_seen_unless_the_search_is_eventual(lagging: Catalog) -> None:
    strong = lagging.search("c", vector_of(1_007), limit=5)
    eventual = lagging.search("c", vector_of(1_007), limit=5, eventual=True)
    assert ids(strong)[0] == image_id(1_007)
    assert not set(ids(eventual)) & {image_id(number) for number in range(1_000, 1_050)}
    assert len(eventual.matches) == 5
    assert ids(lagging.search("c", vector_of(1_007), limit=1, eventual=True, exact=True)) == [image_id(1_007)]


def test_a_deletion_is_seen_by_an_eventual_search_too(lagging: Catalog) -> None:
    query = vector_of(7)
    assert ids(lagging.search("c", query, limit=1, eventual=True)) == [image_id(7)]
    lagging.delete_images("c", [image_id(7), image_id(1_001)])
    assert image_id(7) not in ids(lagging.search("c", query, limit=100, eventual=True))


def test_an_eventual_search_makes_do_with_no_graph_of_less_than_half(lagging: Catalog) -> None:
    lagging.add([arrival(number) for number in range(2_000, 2_400)])
    assert ids(lagging.search("c", vector_of(2_001), limit=1, eventual=True)) == [image_id(2_001)]

"""Searches, listings and changes from many threads at once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import (
    MODEL,
    MODELS,
    OTHER,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    vector_of,
    written,
)

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.generations import ModelSwitched
from lookalike_server.errors import CollectionNotFound
from lookalike_server.records import Arrival, Content, Filter, Outcome


def together(*tasks: Callable[[], None]) -> None:
    """Runs all until the first is done, and raises what any raised; tasks but the first are repeated."""
    errors, done = list[BaseException](), threading.Event()

    def guard(task: Callable[[], None], once: bool) -> None:
        try:
            task()
            while not once and not done.is_set():
                task()
        except BaseException as error:
            errors.append(error)
        finally:
            if once:
                done.set()

    threads = [threading.Thread(target=guard, args=(task, number == 0)) for number, task in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("index", ["exact", "hnsw"])
def test_searches_while_images_come_and_go(tmp_path: Path, index: str) -> None:
    with open_catalog(tmp_path, index=index, small=20, save_every=200) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number, labels={"odd": str(number % 2)}) for number in range(200)])
        gone: set[str] = set()

        def change() -> None:
            for number in range(200, 400, 10):
                catalog.add([arrival(one, labels={"odd": str(one % 2)}) for one in range(number, number + 10)])
                leaving = [image_id(one) for one in range(number - 150, number - 145)]
                catalog.delete_images("c", leaving)
                gone.update(leaving)

        def search() -> None:
            for wanted in (Filter(), Filter(labels={"odd": "1"})):
                before = set(gone)
                found = ids(catalog.search("c", vector_of(60), limit=50, wanted=wanted))
                assert not before & set(found)
                assert found

        def browse() -> None:
            before = set(gone)
            assert not before & set(ids(catalog.images("c", Filter(path_prefix=""), 1_000)[0]))

        together(change, search, search, browse)
        assert catalog.verify() == []
        assert catalog.collection("c").image_count == 300


def test_everyone_reads_what_he_wrote(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=20) as catalog:
        catalog.create_collection("c")

        def write(first: int) -> None:
            for number in range(first, first + 60):
                assert catalog.add([arrival(number)]) == [Outcome.CREATED]
                assert ids(catalog.search("c", vector_of(number), limit=1)) == [image_id(number)]

        threads = [
            threading.Thread(target=together, args=(lambda first=first: write(first),)) for first in (0, 100, 200)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert catalog.collection("c").image_count == 180
        assert catalog.verify() == []


def test_a_collection_may_vanish_under_a_search(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.create_collection("c")

        def recreate() -> None:
            for _ in range(30):
                catalog.add([arrival(number) for number in range(20)])
                catalog.delete_collection("c")
                catalog.create_collection("c")

        together(recreate, lambda: search_if_there(catalog), lambda: search_if_there(catalog))
        assert catalog.verify() == []


def search_if_there(catalog: Catalog) -> None:
    with suppress(CollectionNotFound):
        assert len(catalog.search("c", vector_of(1), limit=30).matches) <= 20


@pytest.mark.parametrize("halved", [False, True])
def test_searches_while_a_collection_changes_models(tmp_path: Path, halved: bool) -> None:
    def halve() -> None:
        vectors = catalog._shelves.find(catalog._store.collection("c")).vectors
        vectors.rebase(written(vectors, tmp_path))

    with open_catalog(tmp_path, models=MODELS, small=20) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(100)])

        def switch() -> None:
            for _ in range(5):
                if halved:
                    halve()
                catalog.stage([restaged(number) for number in range(100)])
                catalog.switch_model("c", OTHER)
                if halved:
                    halve()
                catalog.stage([replace(one, content=told_by(MODEL, one)) for one in map(arrival, range(100))])
                catalog.switch_model("c", MODEL)

        def search() -> None:
            for model_id, dim in MODELS.items():
                with suppress(ModelSwitched):  # the only error there may be
                    found = catalog.search("c", vector_of(60, dim), limit=3, with_vectors=True, model_id=model_id)
                    assert found.model_id == model_id
                    assert (ids(found)[0], found.matches[0].distance) == (image_id(60), 0)
                    assert {len(match.vector) for match in found.matches if match.vector is not None} == {dim}

        together(switch, search, search)
        assert catalog.settle(30)
        assert catalog.verify() == []


def told_by(model_id: str, arrived: Arrival) -> Content:
    assert arrived.content is not None
    return replace(arrived.content, model_id=model_id)

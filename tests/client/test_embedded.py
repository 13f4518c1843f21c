"""Images that come as ready embeddings, with both clients, to a real server, over wires that break."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.client.faces import Connect
from tests.client.wire import Cut, Wire
from tests.pictures import picture_bytes

from lookalike import Client, Embedded, ImportItem, Location, Scene, Source, StoredImage, errors
from lookalike_server.testing import serve

DIM = 64
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def image_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def embedded(number: int, **fields: Any) -> Embedded:
    vector = np.random.default_rng(number).standard_normal(DIM).astype(np.float32)
    return Embedded(**{"image_id": image_id(number), "vector": vector, **fields})


def test_what_is_brought_over_bears_what_came_with_it(looks: Client, collection: str) -> None:
    scenes = (Scene("pier", 0.75), Scene("beach", 0.125))
    whole = embedded(1, scenes=scenes, source=Source("/old/1.jpg", NOW), labels={"case": "17"})
    done = list(looks.import_embedded([whole], collection=collection, model_id="tiny-1", labels={"by": "me"}))
    assert [(str(each.outcome), each.path, each.image_id) for each in done] == [("created", "/old/1.jpg", image_id(1))]
    assert (done[0].done, done[0].total, done[0].sent_bytes) == (1, 1, 4 * DIM)
    record = looks.image(image_id(1), collection=collection)
    assert (record.width, record.height, record.size_bytes, record.format) == (0, 0, 0, "")
    assert (record.scenes, record.sources, record.captured) == (scenes, (Source("/old/1.jpg", NOW),), NOW)
    assert record.labels == {"case": "17", "by": "me"}
    (match,) = looks.search(7 * np.asarray(whole.vector), collection=collection)
    assert match.image == record
    assert match.distance == pytest.approx(0, abs=1e-6)


def test_what_is_known_of_the_picture_comes_along(looks: Client, collection: str) -> None:
    lisbon = Location(38.7223, -9.1393)
    facts = {"width": 4_032, "height": 3_024, "size_bytes": 2_500_000, "format": "JPEG", "captured": NOW}
    later = Source("/old/1.jpg", datetime(2025, 1, 1, tzinfo=UTC))
    whole = embedded(1, source=later, location=lisbon, **facts)
    (done,) = looks.import_embedded([whole], collection=collection, model_id="tiny-1")
    record = looks.image(image_id(1), collection=collection)
    assert {name: getattr(record, name) for name in facts} == facts
    assert (done.error, record.location) == (None, lisbon)


def test_further_sources_follow_in_their_order(looks: Client, target: str, collection: str) -> None:
    sources = [Source(f"/{number}", NOW) for number in range(70)]
    given = [embedded(n, source=sources[0] if n % 2 else None, more_sources=sources[n % 2 :]) for n in range(6)]
    done = list(looks.import_embedded(given, collection=collection, model_id="tiny-1"))
    assert sorted((str(each.outcome), each.index, each.path) for each in done) == sorted(
        ("created", number, "/0" if number % 2 else None) for number in range(6)
    )
    assert [each.done for each in done] == list(range(1, 7))
    for number in range(6):
        record = looks.image(image_id(number), collection=collection)
        assert record.sources == tuple(sources)
        assert record.captured == (NOW if number % 2 else None)
    again = looks.import_embedded(
        [embedded(1, more_sources=[Source("/late")])], collection=collection, model_id="tiny-1"
    )
    assert [str(each.outcome) for each in again] == ["existed"]
    assert looks.image(image_id(1), collection=collection).sources == (*sources, Source("/late"))


def test_further_sources_survive_a_cut_wire(connect: Connect, target: str, collection: str) -> None:
    given = [embedded(n, more_sources=[Source(f"/{n}/{more}") for more in range(5)]) for n in range(200)]
    with Wire(target, Cut(150 * 4 * DIM)) as wire:
        looks = connect(wire.target)
        done = list(looks.import_embedded(given, collection=collection, model_id="tiny-1"))
        assert wire.connections > 1
        assert [each.error for each in done] == [None] * 200
        looks.close()
    assert {len(image.sources) for image in connect(target).images(collection)} == {5}


def test_a_list_of_numbers_and_an_embedding_are_vectors(looks: Client, collection: str) -> None:
    picture = picture_bytes(1)
    made = [
        embedded(1, vector=[1.0, *[0.0] * (DIM - 1)]),
        embedded(2, vector=looks.embed(picture)),
    ]
    assert {each.error for each in looks.import_embedded(made, collection=collection, model_id="tiny-1")} == {None}
    assert looks.search(picture, collection=collection)[0].image.id == image_id(2)


def test_it_meets_the_picture_itself_as_one_image(looks: Client, collection: str) -> None:
    picture = picture_bytes(1)
    (first,) = looks.import_images([ImportItem(picture, "new.png")], collection=collection)
    before = looks.image(first.image_id or "", collection=collection, include_embedding=True)
    again = embedded(5, image_id=first.image_id, source=Source("old.png"), scenes=[Scene("pier", 1)])
    (second,) = looks.import_embedded([again], collection=collection, model_id="tiny-1")
    assert second.outcome == "existed"
    after = looks.image(first.image_id or "", collection=collection, include_embedding=True)
    assert [source.path for source in after.sources] == ["new.png", "old.png"]
    assert (after.format, after.width, after.scenes) == ("PNG", before.width, ())
    assert np.asarray(after.embedding).tolist() == np.asarray(before.embedding).tolist()


REFUSED: list[tuple[dict[str, Any], type[errors.LookalikeError]]] = [
    ({"image_id": "short"}, errors.BadRequest),
    ({"image_id": image_id(1).upper()}, errors.BadRequest),
    ({"image_id": 5}, errors.BadRequest),
    ({"vector": [1.0]}, errors.DimensionMismatch),
    ({"vector": [0.0] * DIM}, errors.DimensionMismatch),
    ({"vector": [float("nan")] * DIM}, errors.DimensionMismatch),
    ({"vector": b"abc"}, errors.BadRequest),
    ({"vector": "pier"}, errors.BadRequest),
    ({"labels": {"": "v"}}, errors.BadRequest),
    ({"source": Source("p" * 4_097)}, errors.BadRequest),
    ({"scenes": [Scene(str(number), 0.1) for number in range(6)]}, errors.BadRequest),
    ({"scenes": [Scene("", 0.5)]}, errors.BadRequest),
    ({"scenes": [Scene("s" * 256, 0.5)]}, errors.BadRequest),
    ({"scenes": [Scene("pier", 1.5)]}, errors.BadRequest),
    ({"scenes": [Scene("pier", float("nan"))]}, errors.BadRequest),
    ({"scenes": [Scene("pier", 0.1), Scene("beach", 0.9)]}, errors.BadRequest),
    ({"scenes": [Scene("pier", 0.1), Scene("pier", 0.1)]}, errors.BadRequest),
    ({"scenes": ["pier"]}, errors.BadRequest),
    ({"width": -1}, errors.BadRequest),
    ({"size_bytes": 2**63}, errors.BadRequest),
    ({"format": "F" * 33}, errors.BadRequest),
    ({"captured": "yesterday"}, errors.BadRequest),
    ({"location": Location(90.5, 0)}, errors.BadRequest),
    ({"location": Location(0, -180.5)}, errors.BadRequest),
    ({"location": Location(float("nan"), 0)}, errors.BadRequest),
    ({"location": "Lisbon"}, errors.BadRequest),
    ({"more_sources": ["/a"]}, errors.BadRequest),
    ({"more_sources": [Source("/a", "yesterday")]}, errors.BadRequest),  # type: ignore[arg-type]
    ({"more_sources": 7}, errors.BadRequest),
]


@pytest.mark.parametrize(("fault", "kind"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_fails_alone(
    looks: Client, collection: str, fault: dict[str, Any], kind: type[errors.LookalikeError]
) -> None:
    given = [embedded(1), embedded(2, **fault), embedded(3)]
    found = {each.index: each for each in looks.import_embedded(given, collection=collection, model_id="tiny-1")}
    assert [found[index].outcome for index in (0, 2)] == ["created", "created"]
    assert type(found[1].error) is kind
    assert looks.collection(collection).image_count == 2


@pytest.mark.parametrize("model_id", ["tiny-2", ""])
def test_another_models_end_the_import(looks: Client, collection: str, model_id: str) -> None:
    looks.create_collection(collection)
    with pytest.raises(errors.ModelMismatch, match="belongs to the model tiny-1"):
        list(looks.import_embedded([embedded(1)], collection=collection, model_id=model_id, create=False))
    assert looks.collection(collection).image_count == 0


def test_no_collection_is_made_for_a_model_that_is_not_served(looks: Client, collection: str) -> None:
    with pytest.raises(errors.BadRequest, match="tiny-2"):
        list(looks.import_embedded([embedded(1)], collection=collection, model_id="tiny-2"))
    with pytest.raises(errors.CollectionNotFound):
        looks.collection(collection)


def test_a_collection_is_made_for_the_model_of_the_embeddings(connect: Connect) -> None:
    with serve(model="tiny:scenes,tiny") as target:
        looks = connect(target)
        (done,) = looks.import_embedded([embedded(1)], collection="old", model_id="tiny-1")
        assert (done.error, looks.collection("old").model_id) == (None, "tiny-1")


def test_a_collection_is_not_made_unasked_for_embeddings(looks: Client, collection: str) -> None:
    with pytest.raises(errors.CollectionNotFound):
        list(looks.import_embedded([embedded(1)], collection=collection, model_id="tiny-1", create=False))


def test_what_is_no_embedded_image_ends_the_import(looks: Client, collection: str) -> None:
    with pytest.raises(TypeError, match="takes Embedded images, not bytes"):
        list(looks.import_embedded([b"picture"], collection=collection, model_id="tiny-1"))  # type: ignore[list-item]


def test_embeddings_survive_a_broken_connection(connect: Connect, target: str, collection: str) -> None:
    def images() -> Iterator[Embedded]:
        yield from (embedded(number, source=Source(f"{number}.jpg")) for number in range(300))

    with Wire(target, Cut(150 * 4 * DIM)) as wire:
        looks = connect(wire.target)
        done = list(looks.import_embedded(images(), collection=collection, model_id="tiny-1"))
        looks.close()
        assert wire.connections > 1
    assert [each.error for each in done] == [None] * 300
    assert [each.done for each in done] == list(range(1, 301))
    assert {each.total for each in done} == {None}
    assert connect(target).collection(collection).image_count == 300


def test_a_second_run_changes_nothing(looks: Client, collection: str) -> None:
    images = [embedded(number, source=Source(f"{number}.jpg"), scenes=[Scene("pier", 0.5)]) for number in range(100)]
    for outcome in ("created", "existed"):
        done = looks.import_embedded(images, collection=collection, model_id="tiny-1")
        assert Counter(str(each.outcome) for each in done) == {outcome: 100}
    assert len(looks.search(StoredImage(image_id(0)), collection=collection, limit=200)) == 99

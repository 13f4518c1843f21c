"""What every store keeps, ours and strangers'."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.catalog_makers import DIM, MODEL, OTHER, OTHER_DIM, arrival, image_id, restaged, sighting, vector_of
from tests.catalog.filter_oracle import PATHS, admits, arrivals, trees

from lookalike_server import plugins
from lookalike_server.catalog.limits import MAX_FILTER_DEPTH, MAX_FILTER_LABELS, MAX_FILTERS
from lookalike_server.catalog.store import Added, Entry, Store, Superseded, Taken, Unseen
from lookalike_server.errors import (
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    ImageNotFound,
    ShuttingDown,
)
from lookalike_server.records import Arrival, Box, Filter, Image, Location, Outcome, Scene, Source

GROUP = "lookalike.stores"


@pytest.fixture(params=plugins.names(GROUP))
def kind(request: pytest.FixtureRequest) -> type[Store]:
    found: type[Store] = plugins.load(GROUP, request.param)
    return found


@pytest.fixture
def store(kind: type[Store], tmp_path: Path) -> Iterator[Store]:
    opened = kind(tmp_path)
    opened.create_collection("c", "", MODEL, DIM)
    yield opened
    opened.close()


def outcomes(*taken: Taken) -> list[Any]:
    results = [one for each in taken for one in each.results]
    return [one.outcome if isinstance(one, Added) else type(one) for one in results]


def numbers(store: Store, wanted: Filter, **how: Any) -> list[int]:
    """Numbers, as `arrival` takes them, of the images that a filter admits."""
    entry = store.collection("c")
    found = store.images(entry, store.admitted(entry, wanted, **how).tolist())
    known = {image_id(number): number for number in range(200)}
    return [known[image.id] for image in found.values()]


def image(store: Store, number: int) -> Image:
    entry = store.collection("c")
    (serial,) = store.serials_of(entry, [image_id(number)]).values()
    return store.images(entry, [serial])[serial]


def test_a_collection_is_made_kept_changed_and_removed(store: Store) -> None:
    made = store.create_collection("d", "first", "m-2", 4)
    assert store.collection("d") == made
    assert (made.record.model_id, made.record.dim, made.record.image_count) == ("m-2", 4, 0)
    changed = store.update_collection("d", "second")
    assert (changed.record.description, changed.key) == ("second", made.key)
    assert changed.record.generation > made.record.generation
    assert store.update_collection("d", "second") == changed
    assert store.delete_collection("d") == changed
    for call in (store.collection, store.delete_collection):
        with pytest.raises(CollectionNotFound):
            call("d")


def test_images_that_were_seen_at_several_places_are_told_from_others(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(n, path=f"/{n}") for n in range(4)] + [arrival(9, collection="d", path="/9")])
    store.add([sighting(n, path="/again") for n in (1, 2)] + [sighting(3, path="/3")])
    store.add([replace(sighting(9, path="/again"), collection="d")])
    entry = store.collection("c")
    serials = store.serials_of(entry, [image_id(n) for n in range(4)])
    every = [*serials.values(), *store.serials_of(store.collection("d"), [image_id(9)]).values()]
    assert store.many_sourced(entry, every).tolist() == [serials[image_id(1)], serials[image_id(2)]]
    assert store.many_sourced(entry, [serials[image_id(2)], serials[image_id(3)]]).tolist() == [serials[image_id(2)]]
    assert store.many_sourced(entry, []).tolist() == []


def test_a_name_is_given_once(store: Store) -> None:
    with pytest.raises(CollectionExists):
        store.create_collection("c", "", MODEL, DIM)


def test_a_collection_made_again_is_another(store: Store) -> None:
    store.add([arrival(1)])
    old = store.delete_collection("c")
    new = store.create_collection("c", "", MODEL, DIM)
    assert new.key != old.key
    assert new.uuid != old.uuid
    assert store.admitted(new, Filter()).size == 0


def test_collections_come_by_name_a_page_at_a_time(store: Store) -> None:
    for name in ("b", "a", "d"):
        store.create_collection(name, "", MODEL, DIM)
    assert [entry.record.name for entry in store.collections("", 2)] == ["a", "b"]
    assert [entry.record.name for entry in store.collections("b", 9)] == ["c", "d"]


def test_what_is_added_comes_back(store: Store) -> None:
    sent = arrival(1, path="/a/b/1.jpg", modified=5, labels={"k": "v"}, captured=7)
    taken = store.add([sent])
    found = image(store, 1)
    assert outcomes(taken) == [Outcome.CREATED]
    assert (found.id, found.collection, found.captured) == (image_id(1), "c", 7)
    assert (found.width, found.height, found.size_bytes, found.format) == (640, 480, 1_001, "JPEG")
    assert found.sources == (Source("/a/b/1.jpg", 5),)
    assert found.labels == {"k": "v"}
    assert found.created == found.updated > 1_600_000_000_000_000


def test_scenes_come_back_in_their_order(store: Store) -> None:
    odds = {"café": float(np.float32(0.7)), 'a "quoted" place': 0.2, "pier": 1e-9}
    store.add([arrival(1, scenes=odds), arrival(2)])
    entry = store.collection("c")
    scenes = tuple(Scene(name, probability) for name, probability in odds.items())
    assert [image(store, number).scenes for number in (1, 2)] == [scenes, ()]
    serials = list(store.serials_of(entry, [image_id(1), image_id(2)]).values())
    assert sorted(store.scenes_of(entry, [*serials, 999]).values()) == [(), scenes]


def test_places_come_back_to_the_digit(store: Store) -> None:
    places = [Location(-33.8567844, 151.2152967), Location(90, -180), Location(0, 0), None]
    store.add([arrival(number, location=place) for number, place in enumerate(places)])
    assert [image(store, number).location for number in range(4)] == places


def test_an_image_that_comes_again_keeps_its_scenes(store: Store) -> None:
    store.add([arrival(1, scenes={"pier": 0.9})])
    before = (store.collection("c"), image(store, 1))
    store.add([arrival(1, scenes={"beach": 0.8}), arrival(1)])
    assert (store.collection("c"), image(store, 1)) == before


def test_vectors_come_by_serial_of_the_generation_that_is_asked_for(store: Store) -> None:
    store.add([arrival(number) for number in range(6)])
    entry = store.collection("c")
    known = store.serials_of(entry, [image_id(number) for number in range(6)])
    asked = np.sort(np.array([known[image_id(number)] for number in (5, 0, 3)] + [9_999]))
    store.delete_images(entry, [image_id(3)], allow_missing=False)
    serials, vectors = store.vectors_at(entry, asked)
    assert serials.tolist() == [known[image_id(0)], known[image_id(5)]]
    np.testing.assert_array_equal(vectors, [vector_of(0), vector_of(5)])
    assert [len(each) for each in store.vectors_at(entry, np.empty(0, np.int64))] == [0, 0]
    with pytest.raises(Superseded):
        store.vectors_at(replace(entry, uuid="another"), asked)
    store.delete_collection("c")
    with pytest.raises(Superseded):
        store.vectors_at(entry, asked)


def test_vectors_come_back_bit_for_bit(store: Store) -> None:
    store.add([arrival(number) for number in range(1_200)])
    entry = store.collection("c")
    found = store.vectors_of(entry, [image_id(3), image_id(5_000)])
    assert found.keys() == {image_id(3)}
    np.testing.assert_array_equal(found[image_id(3)], vector_of(3))
    slices = list(store.vectors(entry))
    rows = np.concatenate([rows for _, rows in slices])
    serials = np.concatenate([serials for serials, _ in slices])
    assert rows.dtype == np.float32
    assert np.all(np.diff(serials) > 0)
    np.testing.assert_array_equal(rows, np.stack([vector_of(number) for number in range(1_200)]))


def test_an_image_is_held_once(store: Store) -> None:
    first = store.add([arrival(1, path="/a"), arrival(1, path="/b"), sighting(1, path="/c")])
    again = store.add([arrival(1, path="/d")])
    assert outcomes(first, again) == [Outcome.CREATED, *[Outcome.EXISTED] * 3]
    assert [source.path for source in image(store, 1).sources] == ["/a", "/b", "/c", "/d"]
    assert store.collection("c").record.image_count == 1


def test_labels_are_merged_and_equal_keys_replaced(store: Store) -> None:
    store.add([arrival(1, labels={"a": "1", "b": "1"}), sighting(1, labels={"b": "2", "c": "2"})])
    assert image(store, 1).labels == {"a": "1", "b": "2", "c": "2"}


def test_a_sighting_that_changes_nothing_changes_nothing(store: Store) -> None:
    store.add([arrival(1, path="/a", modified=5, labels={"k": "v"})])
    before = (store.collection("c"), image(store, 1))
    store.add([arrival(1, path="/a", modified=5, labels={"k": "v"}), sighting(1, path="/a"), sighting(1)])
    assert (store.collection("c"), image(store, 1)) == before


@pytest.mark.parametrize(
    "news", [sighting(1, path="/b"), sighting(1, labels={"k": "w"}), arrival(1, path="/a", modified=6)]
)
def test_every_other_sighting_makes_a_new_generation(store: Store, news: Arrival) -> None:
    store.add([arrival(1, path="/a", modified=5, labels={"k": "v"})])
    before = store.collection("c").record.generation
    store.add([news])
    assert store.collection("c").record.generation > before


def test_the_oldest_thousand_sources_are_kept(store: Store) -> None:
    store.add([arrival(1, path="/0")])
    store.add([sighting(1, path=f"/{number}") for number in range(1, 1_010)])
    assert [source.path for source in image(store, 1).sources] == [f"/{number}" for number in range(1_000)]
    before = store.collection("c")
    store.add([sighting(1, path="/one more")])
    assert store.collection("c") == before


def test_an_error_costs_its_own_arrival(store: Store) -> None:
    full = {str(number): "" for number in range(64)}
    taken = store.add(
        [
            arrival(1, labels=full),
            arrival(2, collection="nowhere"),
            sighting(3),
            sighting(1, path="/lost", labels={"one": "more"}),
            arrival(4),
        ]
    )
    wanted = [Outcome.CREATED, CollectionNotFound, ImageNotFound, BadRequest, Outcome.CREATED]
    assert outcomes(taken) == wanted
    assert image(store, 1).sources == ()
    assert numbers(store, Filter()) == [1, 4]


def test_one_batch_may_serve_several_collections(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(1), arrival(1, collection="d"), arrival(2, collection="d")])
    counts = [store.collection(name).record.image_count for name in ("c", "d")]
    assert counts == [1, 2]


def test_a_batch_tells_what_became_of_the_collections_it_changed(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    assert store.add([arrival(1), arrival(2)]).changed == [store.collection("c")]
    both = store.add([arrival(3), arrival(3, collection="d")]).changed
    assert both == [store.collection("c"), store.collection("d")]
    assert store.add([arrival(1), sighting(2), sighting(9)]).changed == []


def test_labels_are_replaced(store: Store) -> None:
    store.add([arrival(1, labels={"a": "1"})])
    entry = store.collection("c")
    assert store.update_labels(entry, image_id(1), {"b": "2"}).labels == {"b": "2"}
    changed = store.collection("c")
    assert changed.record.generation > entry.record.generation
    store.update_labels(entry, image_id(1), {"b": "2"})
    assert store.collection("c") == changed
    with pytest.raises(ImageNotFound):
        store.update_labels(entry, image_id(2), {})


def told(store: Store, prefix: str = "", after: tuple[str, int] = ("", 0), limit: int = 100) -> list[tuple[str, str]]:
    """Sightings, as path and image id."""
    seen = store.sightings(store.collection("c"), prefix, after, limit)
    return [(one.sighting.source.path, one.sighting.image_id) for one in seen]


def test_sightings_come_by_path_and_of_one_path_as_the_images_came(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(5, path="/b"), arrival(1, path="/b"), arrival(2, path="/a"), arrival(3)])
    store.add([sighting(2, path="/c"), sighting(1, path="/a"), arrival(2, collection="d", path="/elsewhere")])
    every = [("/a", 1), ("/a", 2), ("/b", 5), ("/b", 1), ("/c", 2)]
    assert told(store) == [(path, image_id(number)) for path, number in every]
    serials = store.serials_of(store.collection("c"), [image_id(5)])
    rest = told(store, after=("/b", serials[image_id(5)]), limit=1)
    assert rest == [("/b", image_id(1))]


def test_sightings_tell_what_is_known_of_the_file(store: Store) -> None:
    seen = Source("/a", 5, 77)
    store.add([replace(arrival(1), source=seen), arrival(2, path="/b")])
    known = [one.sighting.source for one in store.sightings(store.collection("c"), "", ("", 0), 9)]
    assert known == [seen, Source("/b")]


@pytest.mark.parametrize("prefix", ["/a", "/a/", "/a/é", "/a%", "/A", "a", "/a\U0010ffff", "\U0010ffff"])
def test_the_prefix_of_sightings_is_taken_letter_for_letter(store: Store, prefix: str) -> None:
    paths = ["/a", "/a/b", "/a/éa", "/a/é", "/a/e", "/a%b", "/a_b", "/A/b", "/b", "/a\U0010ffffx", "\U0010ffff"]
    store.add([arrival(number, path=path) for number, path in enumerate(paths)])
    assert [path for path, _ in told(store, prefix)] == sorted(path for path in paths if path.startswith(prefix))


def test_sources_are_taken_back(store: Store) -> None:
    store.add([arrival(1, path="/a"), arrival(2, path="/a")])
    store.add([sighting(1, path="/b"), sighting(1, path="/c")])
    before = [image(store, number) for number in (1, 2)]
    entry = store.collection("c")
    gone = store.remove_sources(entry, {image_id(1): {"/a", "/c", "/x"}, image_id(9): {"/a"}}, with_images=True)
    assert gone == Unseen(2, [])
    changed = store.collection("c")
    assert (changed.record.generation, changed.record.image_count) == (entry.record.generation + 1, 2)
    lost, other = [image(store, number) for number in (1, 2)]
    assert lost.sources == (Source("/b"),)
    assert lost.updated > before[0].updated
    assert other == before[1]
    assert store.remove_sources(entry, {image_id(1): {"/a"}, image_id(9): {"/a"}}, with_images=True) == Unseen(0, [])
    assert store.collection("c") == changed
    store.add([sighting(1, path="/a")])
    assert [source.path for source in image(store, 1).sources] == ["/b", "/a"]


def test_the_source_that_was_seen_last_stays(store: Store) -> None:
    store.add([arrival(1, path="/b"), arrival(2, path="/b"), arrival(3)])
    store.add([sighting(1, path="/c"), sighting(1, path="/a")])
    entry = store.collection("c")
    asked = {image_id(number): {"/a", "/b", "/c"} for number in (1, 2, 3)}
    assert store.remove_sources(entry, asked, with_images=False) == Unseen(2, [])
    assert told(store) == [("/a", image_id(1)), ("/b", image_id(2))]
    left = store.collection("c"), image(store, 1), image(store, 2)
    assert store.remove_sources(entry, asked, with_images=False) == Unseen(0, [])
    assert (store.collection("c"), image(store, 1), image(store, 2)) == left


def test_images_go_with_their_last_source_from_disk_too(store: Store, tmp_path: Path) -> None:
    path = "/secret/place-4711.jpg"
    store.add([arrival(1, path=path), arrival(2, path=path), arrival(3), *map(arrival, range(4, 100))])
    store.add([sighting(2, path="/b")])
    entry = store.collection("c")
    serials = store.serials_of(entry, [image_id(1)])
    asked = {image_id(number): {path} for number in (1, 2, 3)}
    assert store.remove_sources(entry, asked, with_images=True) == Unseen(2, list(serials.values()))
    assert store.collection("c").record.image_count == 98
    assert numbers(store, Filter())[:2] == [2, 3]
    assert not any(on_disk(tmp_path, trace) for trace in (path.encode(), vector_of(1).tobytes()))


def test_an_image_that_was_left_with_one_source_was_not_seen_at_several_places(store: Store) -> None:
    store.add([arrival(1, path="/a")])
    store.add([sighting(1, path="/b")])
    entry = store.collection("c")
    store.remove_sources(entry, {image_id(1): {"/a"}}, with_images=False)
    assert store.many_sourced(entry, list(store.serials_of(entry, [image_id(1)]).values())).tolist() == []


def test_deleting_is_all_or_none(store: Store) -> None:
    store.add([arrival(1), arrival(2)])
    entry = store.collection("c")
    with pytest.raises(ImageNotFound):
        store.delete_images(entry, [image_id(1), image_id(9)], allow_missing=False)
    assert numbers(store, Filter()) == [1, 2]
    gone = store.delete_images(entry, [image_id(1), image_id(9), image_id(1)], allow_missing=True)
    assert len(gone) == 1
    assert numbers(store, Filter()) == [2]
    assert store.collection("c").record.image_count == 1


def test_serials_are_never_given_twice(store: Store, kind: type[Store], tmp_path: Path) -> None:
    store.add([arrival(1), arrival(2)])
    gone = store.delete_images(store.collection("c"), [image_id(1), image_id(2)], allow_missing=False)
    store.close()
    again = kind(tmp_path)
    (added,) = again.add([arrival(2)]).results
    again.close()
    assert isinstance(added, Added)
    assert added.serial > max(gone)


def test_nothing_deleted_stays_on_disk(store: Store, tmp_path: Path) -> None:
    path, label = "/secret/place-4711.jpg", "topic-0815"
    store.add([arrival(1, path=path, labels={"k": label}), *map(arrival, range(2, 100))])
    traces = [vector_of(1).tobytes(), path.encode(), label.encode(), bytes.fromhex(image_id(1))]
    assert all(on_disk(tmp_path, trace) for trace in traces)
    store.delete_images(store.collection("c"), [image_id(1)], allow_missing=False)
    assert not any(on_disk(tmp_path, trace) for trace in traces)
    assert on_disk(tmp_path, vector_of(2).tobytes())
    store.delete_collection("c")
    assert not on_disk(tmp_path, vector_of(2).tobytes())


def on_disk(folder: Path, trace: bytes) -> bool:
    return any(trace in path.read_bytes() for path in folder.rglob("*") if path.is_file())


ADMITTED = [
    (Filter(), [1, 2, 3, 4]),
    (Filter(labels={"k": "x"}), [1, 2]),
    (Filter(labels={"k": "x", "l": "z"}), [2]),
    (Filter(labels={"k": "X"}), []),
    (Filter(path_prefix="/a/"), [1, 2]),
    (Filter(path_prefix="/A"), []),
    (Filter(path_prefix="/%"), []),
    (Filter(path_prefix="/50%_["), [3]),
    (Filter(captured_from=20), [2, 3]),
    (Filter(captured_before=20), [1]),
    (Filter(captured_from=10, captured_before=21), [1, 2]),
    (Filter(ids=frozenset(map(image_id, (2, 3, 99)))), [2, 3]),
    (Filter(not_ids=frozenset(map(image_id, (2, 3, 99)))), [1, 4]),
    (Filter(not_folders=frozenset(["/a/"])), [3, 4]),
    (Filter(not_folders=frozenset(["/a", ""])), [1, 2, 3, 4]),
    (Filter(ids=frozenset(map(image_id, range(10_000)))), [1, 2, 3, 4]),
    (Filter(not_ids=frozenset(map(image_id, range(2, 10_002)))), [1]),
    (Filter(paths=frozenset(["/a/1", "/a/2", "/a/", "/nowhere"])), [1, 2]),
    (Filter(paths=frozenset(map(str, range(10_000)))), []),
    (Filter(path_prefix="/", labels={"k": "x"}, captured_from=20, not_ids=frozenset([image_id(1)])), [2]),
]


@pytest.mark.parametrize(("wanted", "admitted"), ADMITTED)
def test_filters(store: Store, wanted: Filter, admitted: list[int]) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(number, collection="d", path="/a/0", labels={"k": "x"}, captured=20) for number in range(9)])
    store.add(
        [
            arrival(1, path="/a/1", labels={"k": "x"}, captured=10),
            arrival(2, path="/b/2", labels={"k": "x", "l": "z"}, captured=20),
            arrival(3, path="/50%_[/3", labels={"k": "y"}, captured=30),
            arrival(4),
            sighting(2, path="/a/2"),
        ]
    )
    assert numbers(store, wanted) == admitted
    some = list(store.serials_of(store.collection("c"), [image_id(2), image_id(4)]).values())
    assert numbers(store, wanted, among=some) == [number for number in admitted if number in (2, 4)]


@given(images=arrivals(), again=st.lists(st.tuples(st.integers(0, 8), PATHS)), wanted=st.lists(trees(), min_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_filter_means_what_its_conditions_say(
    store: Store, images: list[Arrival], again: list[tuple[int, str]], wanted: list[Filter]
) -> None:
    for name in ("d", "c"):
        with suppress(CollectionNotFound):
            store.delete_collection(name)
        entry = store.create_collection(name, "", MODEL, DIM)
    sightings = [sighting(number, path=path) for number, path in again if number < len(images)]
    store.add([*images, *(replace(each, collection="d") for each in images), *sightings])
    kept = store.images(entry, store.admitted(entry, Filter()).tolist())
    some = list(kept)[::2]
    for each in wanted:
        admitted = [serial for serial, held in kept.items() if admits(each, held)]
        assert store.admitted(entry, each).tolist() == admitted
        assert store.admitted(entry, each, among=some).tolist() == sorted(set(some) & set(admitted))
        for serial in some[:2]:
            assert (
                store.admitted(entry, each, after=serial, limit=2).tolist()
                == [one for one in admitted if one > serial][:2]
            )


def test_an_empty_filter_admits_everything_wherever_it_stands(store: Store) -> None:
    store.add([arrival(1), arrival(2, labels={"k": "x"})])
    everything, labelled = Filter(), Filter(labels={"k": "x"})
    for wanted, admitted in (
        (Filter(all_of=(everything,)), [1, 2]),
        (Filter(any_of=(everything, labelled)), [1, 2]),
        (Filter(any_of=()), [1, 2]),
        (Filter(none_of=(everything,)), []),
        (Filter(none_of=(Filter(none_of=(everything,)),)), [1, 2]),
    ):
        assert numbers(store, wanted) == admitted
        assert numbers(store, wanted, among=[1, 2]) == admitted


SYDNEY, FIJI, TAVEUNI, POLE = Location(-33.86, 151.2), Location(-17.8, 178), Location(-16.85, -179.97), Location(90, 7)


@pytest.mark.parametrize(
    ("box", "admitted"),
    [
        (Box(-90, -180, 90, 180), [1, 2, 3, 4]),
        (Box(-20, 177, -10, -179), [2, 3]),
        (Box(-20, 177, -10, 180), [2]),
        (Box(-20, -179, -10, 177), []),
        (Box(-17.8, 178, -17.8, 178), [2]),
        (Box(-33.86, 100, 0, 151.2), [1]),
        (Box(-33.85, 100, 0, 151.2), []),
        (Box(80, -60, 90, -50), [4]),
        (Box(80, -60, 89.9, 60), []),
    ],
    ids=str,
)
def test_a_box_has_its_edges_and_goes_around_the_earth(store: Store, box: Box, admitted: list[int]) -> None:
    store.add([arrival(number, location=place) for number, place in enumerate([None, SYDNEY, FIJI, TAVEUNI, POLE])])
    assert numbers(store, Filter(box=box)) == admitted
    assert numbers(store, Filter(box=box), among=range(1, 6)) == admitted


def test_the_180th_meridian_has_two_numbers(store: Store) -> None:
    store.add([arrival(1, location=Location(0, 180)), arrival(2, location=Location(0, -180))])
    for west, east in ((170, 180), (-180, -170), (180, 180), (-180, -180), (179, -179)):
        assert numbers(store, Filter(box=Box(-1, west, 1, east))) == [1, 2]
    assert numbers(store, Filter(box=Box(-1, -179, 1, 179))) == []


def test_the_largest_filters_are_answered(store: Store) -> None:
    store.add([arrival(1, labels={"k": "x"}), arrival(2)])
    other = Filter(paths=frozenset(["nowhere"]), labels={"k": "x"})
    every = any_ = none = Filter(labels={"k": "x"})
    for _ in range(MAX_FILTER_DEPTH - 1):
        every, any_, none = (
            Filter(all_of=(every, Filter())),
            Filter(labels={"k": "x"}, any_of=(other, any_)),
            Filter(none_of=(none, other)),
        )
    labels = {str(number): "" for number in range(MAX_FILTER_LABELS // MAX_FILTERS)}
    broad = Filter(any_of=(*(Filter(labels=labels) for _ in range(MAX_FILTERS - 2)), Filter(labels={"k": "x"})))
    long = Filter(labels={str(number): "" for number in range(MAX_FILTER_LABELS)})
    for wanted, admitted in ((every, [1]), (any_, [1]), (none, [2]), (broad, [1]), (long, [])):
        assert numbers(store, wanted) == admitted
        assert numbers(store, wanted, among=[1, 2]) == admitted


def test_listing_goes_on_after_a_serial(store: Store) -> None:
    store.add([arrival(number, labels={"k": "x"}) for number in range(10)])
    entry = store.collection("c")
    for wanted in (Filter(), Filter(labels={"k": "x"})):
        first = store.admitted(entry, wanted, limit=4)
        assert numbers(store, wanted, limit=4) == [0, 1, 2, 3]
        assert numbers(store, wanted, after=int(first[-1]), limit=4) == [4, 5, 6, 7]


@given(
    paths=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=6), unique=True),
    prefix=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=3),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_prefix_is_taken_letter_for_letter(store: Store, paths: list[str], prefix: str) -> None:
    store.delete_collection("c")
    store.create_collection("c", "", MODEL, DIM)
    store.add([arrival(number, path=path) for number, path in enumerate(paths)])
    wanted = [number for number, path in enumerate(paths) if path.startswith(prefix)]
    assert numbers(store, Filter(path_prefix=prefix)) == wanted


@pytest.mark.parametrize("last", ["\ud7ff", "\U0010ffff"])
def test_a_prefix_may_end_in_the_last_letter_there_is(store: Store, last: str) -> None:
    store.add([arrival(1, path=f"/{last}x"), arrival(2, path="/x"), arrival(3, path="/\ue000")])
    assert numbers(store, Filter(path_prefix=f"/{last}")) == [1]
    store.add([arrival(4, path=f"{last}x")])
    assert numbers(store, Filter(path_prefix=last)) == [4]


def test_all_is_there_after_a_restart(store: Store, kind: type[Store], tmp_path: Path) -> None:
    store.add([arrival(1, path="/a", labels={"k": "v"}), arrival(2)])
    before: tuple[Entry, Image] = (store.collection("c"), image(store, 1))
    store.close()
    again = kind(tmp_path)
    assert (again.collection("c"), image(again, 1)) == before
    again.close()


def test_a_sound_store_has_no_findings(store: Store) -> None:
    store.add([arrival(number, path=f"/{number}", labels={"k": "v"}) for number in range(20)])
    store.delete_images(store.collection("c"), [image_id(3)], allow_missing=False)
    assert store.check() == []


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(ShuttingDown):
        store.collection("c")
    with pytest.raises(ShuttingDown):
        store.add([arrival(1)])


def test_what_is_staged_waits_until_the_switch(store: Store) -> None:
    store.add([arrival(1), arrival(2), arrival(3)])
    old = store.collection("c")
    assert [type(one) for one in store.stage([restaged(1), restaged(9), restaged(3)])] == [
        type(None),
        ImageNotFound,
        type(None),
    ]
    assert store.collection("c") == old
    assert numbers(store, Filter(not_embedded_by=OTHER)) == [2]
    assert store.lacking(old, OTHER) == 1
    new = Entry(old.key, "another", replace(old.record, model_id=OTHER, dim=OTHER_DIM, generation=9))
    slices = list(store.staged(new))
    np.testing.assert_array_equal(slices[0][1], [vector_of(1, OTHER_DIM), vector_of(3, OTHER_DIM)])
    assert store.switch(new) == 1
    found = store.collection("c")
    assert (found.uuid, found.record.model_id, found.record.dim) == ("another", OTHER, OTHER_DIM)
    assert (found.record.generation, found.record.image_count) == (9, 2)
    assert numbers(store, Filter()) == [1, 3]
    np.testing.assert_array_equal(store.vectors_of(found, [image_id(3)])[image_id(3)], vector_of(3, OTHER_DIM))
    assert list(store.staged(new)) == []
    assert store.check() == []


def test_a_switch_brings_places_and_keeps_those_that_the_bytes_do_not_tell(store: Store) -> None:
    here, there = Location(1.5, 2.5), Location(-3.5, 4.5)
    store.add([arrival(1), arrival(2, location=there), arrival(3, location=there)])
    store.stage([restaged(1, location=here), restaged(2), restaged(3, location=here)])
    old = store.collection("c")
    store.switch(replace(old, record=replace(old.record, model_id=OTHER, dim=OTHER_DIM)))
    assert [image(store, number).location for number in (1, 2, 3)] == [here, there, here]


def test_the_last_word_of_a_model_holds(store: Store) -> None:
    store.add([arrival(1)])
    store.stage([restaged(1, vector=vector_of(7, OTHER_DIM))])
    store.stage([restaged(1)])
    old = store.collection("c")
    new = replace(old, record=replace(old.record, model_id=OTHER, dim=OTHER_DIM))
    ((_, rows),) = store.staged(new)
    np.testing.assert_array_equal(rows, [vector_of(1, OTHER_DIM)])


def test_a_switch_touches_one_collection_only(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(1), arrival(1, collection="d")])
    store.stage([restaged(1), replace(restaged(1), collection="d")])
    old, other = store.collection("c"), store.collection("d")
    store.switch(replace(old, record=replace(old.record, model_id=OTHER, dim=OTHER_DIM)))
    assert store.collection("d") == other
    np.testing.assert_array_equal(store.vectors_of(other, [image_id(1)])[image_id(1)], vector_of(1))
    assert store.lacking(other, OTHER) == 0


def test_serials_come_without_vectors_and_vectors_from_where_they_are_asked(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    store.add([arrival(1), arrival(1, collection="d"), arrival(2), arrival(3)])
    store.delete_images(store.collection("c"), [image_id(2)], allow_missing=False)
    entry = store.collection("c")
    first, last = store.serials(entry).tolist()
    assert first < last
    ((found, rows),) = store.vectors(entry, after=first)
    assert found.tolist() == [last]
    np.testing.assert_array_equal(rows, [vector_of(3)])


def test_the_newest_marks_are_kept_though_the_clock_be_set_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = store.collection("c")
    first = store.mark(entry)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 10**15)
    later = [store.mark(entry) for _ in range(12)]
    assert store.marked(entry, later[-1])
    assert not store.marked(entry, first)


def test_a_mark_is_known_to_its_collection_only(store: Store) -> None:
    store.create_collection("d", "", MODEL, DIM)
    entry, other = store.collection("c"), store.collection("d")
    mark = store.mark(entry)
    assert mark != store.mark(entry)
    assert store.marked(entry, mark)
    assert not store.marked(other, mark)
    assert not store.marked(entry, "another")


def test_a_copy_from_before_a_mark_does_not_know_it(kind: type[Store], store: Store, tmp_path: Path) -> None:
    entry = store.collection("c")
    before = store.mark(entry)
    store.forget()
    shutil.copytree(tmp_path, tmp_path.parent / "copy")
    after = store.mark(entry)
    copy = kind(tmp_path.parent / "copy")
    assert copy.marked(entry, before)
    assert not copy.marked(entry, after)
    assert copy.mark(entry) != after
    copy.close()


def test_the_last_marks_are_kept(store: Store) -> None:
    entry = store.collection("c")
    marks = [store.mark(entry) for _ in range(20)]
    assert [store.marked(entry, mark) for mark in (marks[0], *marks[-4:])] == [False, True, True, True, True]


def test_what_is_gone_or_not_there_yet_is_not_marked(store: Store) -> None:
    entry = store.collection("c")
    with pytest.raises(CollectionNotFound):
        store.mark(replace(entry, uuid="another"))
    store.delete_collection("c")
    with pytest.raises(CollectionNotFound):
        store.mark(entry)
    assert not store.marked(entry, "")

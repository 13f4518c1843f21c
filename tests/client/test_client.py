"""What both clients do, against a real server."""

import io
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.client.faces import Connect
from tests.pictures import picture_bytes

from lookalike import Client, Examples, Filter, ImportItem, Region, StoredImage, errors, types
from lookalike_server.testing import serve


@pytest.fixture
def filled(looks: Client, collection: str, photos: Path) -> dict[str, str]:
    """The collection with all photos in it: each image's id by its file's name."""
    done = list(looks.import_folder(photos, collection=collection, labels={"who": "me"}))
    assert [each.error for each in done] == [None] * 10
    return {Path(each.path or "").name: each.image_id or "" for each in done}


def test_a_server_says_what_it_is(looks: Client) -> None:
    info = looks.server_info()
    assert info.ready
    assert info.models[0].name == "tiny"
    assert info.limits.max_image_bytes > 0
    assert "numpy" in info.versions


def test_an_embedding_is_a_unit_vector(looks: Client, photos: Path) -> None:
    embedding = looks.embed(photos / "0000.png")
    assert embedding.vector.shape == (looks.server_info().models[0].dim,)
    assert embedding.vector.dtype == np.float32
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-5)
    assert (embedding.width, embedding.height) == (200, 150)
    assert embedding.model_id == looks.server_info().models[0].id


def test_a_region_is_embedded_for_itself(looks: Client, photos: Path) -> None:
    whole = looks.embed(photos / "0000.png")
    part = looks.embed(photos / "0000.png", region=Region(0, 0, 0.5, 0.5))
    assert not np.array_equal(whole.vector, part.vector)


def test_the_photo_itself_is_its_nearest_match(
    looks: Client, collection: str, photos: Path, filled: dict[str, str]
) -> None:
    found = looks.search(photos / "0003.png", collection=collection, limit=4)
    assert [match.rank for match in found] == [1, 2, 3, 4]
    assert found[0].distance == pytest.approx(0, abs=1e-3)
    assert found[0].image.path == (photos / "0003.png").as_posix()
    assert found[0].image.id == filled["0003.png"]
    assert [match.distance for match in found] == sorted(match.distance for match in found)
    assert found[0].embedding is None
    assert found.timings.total > 0


@pytest.mark.parametrize("form", ["path", "bytes", "file", "vector", "list", "embedding", "examples"])
def test_every_form_of_a_query_finds_the_same(
    looks: Client, collection: str, photos: Path, filled: dict[str, str], form: str
) -> None:
    path = photos / "0003.png"
    embedding = looks.embed(path)
    queries: dict[str, types.Query] = {
        "path": str(path),
        "bytes": path.read_bytes(),
        "file": io.BytesIO(path.read_bytes()),
        "vector": embedding.vector,
        "list": [float(value) for value in embedding.vector],
        "embedding": embedding,
        "examples": Examples([path]),
    }
    assert looks.search(queries[form], collection=collection)[0].image.id == filled["0003.png"]


def test_a_stored_image_is_left_out_of_its_own_matches(looks: Client, collection: str, filled: dict[str, str]) -> None:
    by_id = looks.search(StoredImage(filled["0003.png"]), collection=collection)
    by_record = looks.search(looks.image(filled["0003.png"], collection=collection), collection=collection)
    assert len(by_id) == 9
    assert filled["0003.png"] not in {match.image.id for match in by_id}
    assert [match.image.id for match in by_record] == [match.image.id for match in by_id]
    assert filled["0003.png"] in {match.image.id for match in looks.search(by_id[0], collection=collection)}


def test_search_options_reach_the_server(looks: Client, collection: str, photos: Path, filled: dict[str, str]) -> None:
    path = photos / "0003.png"
    near = looks.search(path, collection=collection, max_distance=0.01)
    assert [match.image.id for match in near] == [filled["0003.png"]]
    assert looks.search(path, collection=collection, exact=True).exact
    only = Filter(image_ids=[filled["0005.png"]], labels={"who": "me"})
    assert [match.image.id for match in looks.search(path, collection=collection, filter=only)] == only.image_ids
    with_vectors = looks.search(path, collection=collection, include_embeddings=True)
    assert np.linalg.norm(np.asarray(with_vectors[0].embedding)) == pytest.approx(1, abs=1e-5)
    elsewhere = looks.search(path, collection=collection, filter=Filter(not_same_folder=True))
    assert len(elsewhere) == 0


def test_many_searches_each_get_their_answer_and_a_bad_one_only_itself(
    looks: Client, collection: str, photos: Path, filled: dict[str, str]
) -> None:
    paths = sorted(photos.iterdir()) * 10
    queries: list[types.Query] = [*paths[:50], b"no picture", "missing.png", StoredImage("0" * 64), *paths[50:]]
    answers = list(looks.search_many(queries, collection=collection, limit=1))
    assert Counter(map(str, (query for query, _ in answers))) == Counter(map(str, queries))
    for query, answer in answers:
        if isinstance(query, Path):
            assert isinstance(answer, types.SearchResult)
            assert answer[0].image.id == filled[query.name]
    failed = {type(answer) for _, answer in answers if isinstance(answer, errors.LookalikeError)}
    assert failed == {errors.ImageUndecodable, errors.ImageUnreadable, errors.ImageNotFound}


def test_many_searches_can_be_left_early(looks: Client, collection: str, photos: Path, filled: dict[str, str]) -> None:
    answers = looks.search_many(sorted(photos.iterdir()) * 10, collection=collection)
    next(answers)
    answers.close()
    assert looks.server_info().ready


def test_no_queries_have_no_answers(looks: Client) -> None:
    assert list(looks.search_many([])) == []


def test_records_are_read_listed_and_filtered(
    looks: Client, collection: str, photos: Path, filled: dict[str, str]
) -> None:
    record = looks.image(filled["0001.png"], collection=collection, include_embedding=True)
    assert record.path == (photos / "0001.png").as_posix()
    assert record.sources[0].modified == datetime.fromtimestamp((photos / "0001.png").stat().st_mtime, UTC)
    assert record.labels == {"who": "me"}
    assert (record.width, record.height, record.format) == (200, 150, "PNG")
    assert record.size_bytes == (photos / "0001.png").stat().st_size
    assert record.embedding is not None
    listed = list(looks.images(collection, page_size=3))
    assert sorted(each.id for each in listed) == sorted(filled.values())
    first = Filter(path_prefix=(photos / "0001").as_posix())
    assert [each.id for each in looks.images(collection, filter=first)] == [filled["0001.png"]]


def test_a_listing_gives_each_image_its_embedding(looks: Client, collection: str, filled: dict[str, str]) -> None:
    assert {each.embedding for each in looks.images(collection)} == {None}
    listed = list(looks.images(collection, page_size=3, include_embeddings=True))
    assert len(listed) == len(filled)
    for each in listed:
        alone = looks.image(each.id, collection=collection, include_embedding=True)
        assert np.asarray(each.embedding).tolist() == np.asarray(alone.embedding).tolist()


def test_labels_are_replaced(looks: Client, collection: str, filled: dict[str, str]) -> None:
    changed = looks.update_image(filled["0001.png"], labels={"place": "here"}, collection=collection)
    assert changed.labels == {"place": "here"}
    assert looks.image(filled["0001.png"], collection=collection).labels == {"place": "here"}


def test_images_go_and_are_missing(looks: Client, collection: str, filled: dict[str, str]) -> None:
    gone, kept = filled["0001.png"], filled["0002.png"]
    assert looks.delete_images([gone], collection=collection) == 1
    assert looks.missing_images([kept, gone], collection=collection) == [gone]
    assert looks.missing_images([gone] * 2_500, collection=collection)
    assert looks.delete_images(gone, collection=collection, allow_missing=True) == 0
    with pytest.raises(errors.ImageNotFound):
        looks.delete_images(gone, collection=collection)
    with pytest.raises(errors.ImageNotFound):
        looks.image(gone, collection=collection)


def seen(looks: Client, collection: str, **options: Any) -> list[tuple[str, str]]:
    return [(each.source.path, each.image_id) for each in looks.sources(collection, **options)]


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_sources_come_by_path(looks: Client, collection: str, photos: Path, filled: dict[str, str], size: int) -> None:
    path = photos / "0003.png"
    list(
        looks.import_images([ImportItem(path.read_bytes(), path="/b/\N{SNOWMAN}", size_bytes=5)], collection=collection)
    )
    every = [("/b/\N{SNOWMAN}", filled["0003.png"])] + [
        (f"{photos.as_posix()}/{name}", filled[name]) for name in filled
    ]
    assert seen(looks, collection, page_size=size) == sorted(every)
    assert seen(looks, collection, page_size=size, path_prefix="/b/") == every[:1]
    (one,) = looks.sources(collection, path_prefix=path.as_posix())
    assert (one.source.size_bytes, one.source) == (
        path.stat().st_size,
        looks.image(one.image_id, collection=collection).sources[0],
    )


def test_sources_are_taken_back_and_images_with_their_last_where_that_is_asked_for(
    looks: Client, collection: str, photos: Path, filled: dict[str, str]
) -> None:
    moved, lost = [filled[name] for name in ("0001.png", "0002.png")]
    list(looks.import_images([ImportItem((photos / "0001.png").read_bytes(), path="/new")], collection=collection))
    asked = [
        each for each in looks.sources(collection) if each.image_id in (moved, lost) and each.source.path != "/new"
    ]
    assert looks.remove_sources(asked, collection=collection) == types.SourcesRemoved(1, 0)
    assert [source.path for source in looks.image(moved, collection=collection).sources] == ["/new"]
    assert looks.image(lost, collection=collection).path == asked[1].source.path
    assert looks.remove_sources(iter(asked), collection=collection, remove_images=True) == types.SourcesRemoved(1, 1)
    assert looks.missing_images([moved, lost], collection=collection) == [lost]
    assert looks.remove_sources([], collection=collection) == types.SourcesRemoved(0, 0)
    with pytest.raises(errors.BadRequest):
        looks.remove_sources([types.Sighting("no id", types.Source("/a"))], collection=collection)


def test_any_number_of_sightings_is_taken_back_and_the_last_one_stays(
    looks: Client, collection: str, photos: Path, filled: dict[str, str]
) -> None:
    """They travel in several calls, and those of one image in one: else each call would see a last one of its own."""
    ids = [filled["0001.png"], filled["0002.png"]]
    content = {image_id: (photos / name).read_bytes() for name, image_id in filled.items()}
    more = [ImportItem(content[image_id], path=f"/more/{n:03}") for n in range(800) for image_id in ids]
    assert not any(each.error for each in looks.import_images(more, collection=collection))
    held = {image_id: looks.image(image_id, collection=collection).sources for image_id in ids}
    asked = [types.Sighting(image_id, source) for image_id, sources in held.items() for source in reversed(sources)]
    assert looks.remove_sources(asked, collection=collection) == types.SourcesRemoved(1_600, 0)
    for image_id, sources in held.items():
        assert looks.image(image_id, collection=collection).sources == sources[-1:]


def test_collections_come_change_and_go(looks: Client, collection: str) -> None:
    made = looks.create_collection(collection, description="first words")
    assert (made.name, made.description, made.image_count) == (collection, "first words", 0)
    assert looks.update_collection(collection, description="better words").description == "better words"
    assert looks.collection(collection).description == "better words"
    assert collection in {each.name for each in looks.collections(page_size=1)}
    with pytest.raises(errors.CollectionExists):
        looks.create_collection(collection)
    assert looks.delete_collection(collection) == 0
    with pytest.raises(errors.CollectionNotFound):
        looks.collection(collection)


def test_a_deleted_collection_says_how_many_images_went(looks: Client, collection: str, filled: dict[str, str]) -> None:
    assert looks.delete_collection(collection) == len(filled)


# East of Greenwich, the first hours of year 1 are none in UTC.
BEFORE_TIME = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))

MISTAKES: list[tuple[type[errors.LookalikeError], types.Query, dict[str, Any]]] = [
    (errors.ImageUndecodable, b"no picture", {}),
    (errors.ImageUnreadable, "missing.png", {}),
    (errors.DimensionMismatch, [1.0, 2.0], {}),
    (errors.BadRegion, picture_bytes(1), {"region": Region(0.5, 0, 0.5, 1)}),
    (errors.BadRequest, picture_bytes(1), {"limit": 100_000}),
    (errors.BadRequest, picture_bytes(1), {"limit": -1}),
    (errors.BadRequest, picture_bytes(1), {"limit": 2**40}),
    (errors.BadRequest, picture_bytes(1), {"collection": "\udcff"}),
    (errors.BadRequest, StoredImage(5), {}),  # type: ignore[arg-type]
    (errors.BadFilter, picture_bytes(1), {"filter": Filter(not_same_folder=True)}),
    (errors.BadFilter, picture_bytes(1), {"filter": Filter(captured_from=BEFORE_TIME)}),
    (errors.BadFilter, picture_bytes(1), {"filter": Filter(labels={"f": "\udcff"})}),
    (errors.CollectionNotFound, picture_bytes(1), {"collection": "nowhere"}),
    (errors.ImageNotFound, StoredImage("0" * 64), {}),
    (errors.BadRequest, Examples([]), {}),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[0].__name__)
@pytest.mark.usefixtures("filled")
def test_each_mistake_has_its_error(
    looks: Client, collection: str, mistake: tuple[type[errors.LookalikeError], types.Query, dict[str, Any]]
) -> None:
    expected, query, options = mistake
    with pytest.raises(expected) as caught:
        looks.search(query, **{"collection": collection, **options})
    assert type(caught.value) is expected
    assert caught.value.message


@pytest.mark.parametrize("size", [-1, 2**40])
def test_a_page_of_no_possible_size_is_refused(looks: Client, collection: str, size: int) -> None:
    with pytest.raises(errors.BadRequest, match=f"page_size runs from 1 to .*; {size} does not"):
        next(iter(looks.images(collection, page_size=size)))
    with pytest.raises(errors.BadRequest, match="page_size"):
        next(iter(looks.collections(page_size=size)))
    with pytest.raises(errors.BadRequest, match="page_size"):
        next(iter(looks.sources(collection, page_size=size)))


@pytest.mark.usefixtures("filled")
def test_a_querys_own_values_fail_it_alone(looks: Client, collection: str) -> None:
    good, closed = picture_bytes(1), io.BytesIO()
    closed.close()
    queries: list[types.Query] = [good, StoredImage("\udcff"), StoredImage(5), [10**400, 0.0], closed, good]  # type: ignore[arg-type]
    answers = list(looks.search_many(queries, collection=collection))
    failed = [type(answer) for _, answer in answers if isinstance(answer, errors.LookalikeError)]
    assert failed == [errors.BadRequest] * 3 + [errors.ImageUnreadable]
    assert len(answers) == len(queries)


def test_a_store_with_times_that_python_has_none_for_can_be_read(connect: Connect, tmp_path: Path) -> None:
    with serve(data=tmp_path) as target:
        list(connect(target).import_images([picture_bytes(1)]))
    with closing(sqlite3.connect(next(tmp_path.glob("*.db")))) as store, store:
        store.execute("UPDATE images SET captured = ?", (10**18,))
    with serve(data=tmp_path) as target:
        looks = connect(target)
        (listed,) = looks.images()
        (match,) = looks.search(picture_bytes(1))
    assert listed.captured is None
    assert match.image == listed


@pytest.mark.parametrize("query", [None, 5, {"a": 1}])
def test_what_can_be_no_query_is_a_mistake_of_the_program(looks: Client, query: Any) -> None:
    with pytest.raises(TypeError, match=f"a query is a picture.* not {type(query).__name__}"):
        looks.search(query)
    answers = looks.search_many([query])
    with pytest.raises(TypeError, match="a query is a picture"):
        next(answers)


def test_what_is_no_picture_is_a_mistake_of_the_program(looks: Client, collection: str) -> None:
    things: list[Any] = [5, ImportItem(None), io.StringIO("text")]  # type: ignore[arg-type]
    for thing in things:
        with pytest.raises(TypeError, match="a picture is a path, bytes or a binary file, not"):
            list(looks.import_images([thing], collection=collection))
    with pytest.raises(TypeError, match="not int"):
        looks.embed(5)  # type: ignore[arg-type]


def test_a_picture_over_the_limit_is_not_sent(connect: Connect) -> None:
    with serve(max_image_bytes=2_000) as target:
        looks = connect(target)
        with pytest.raises(errors.ImageTooLarge, match=r"2,000 bytes"):
            looks.search(b"x" * 2_001, collection="nowhere")
        with pytest.raises(errors.ImageUndecodable):
            looks.embed(b"x" * 2_000)


def test_an_item_says_what_the_file_cannot(looks: Client, collection: str) -> None:
    taken = datetime(2020, 5, 17, 12, tzinfo=UTC)
    item = ImportItem(picture_bytes(77), path="camera://1", labels={"roll": "3"}, modified=taken)
    (done,) = looks.import_images([item], collection=collection, labels={"who": "me"})
    record = looks.image(done.image_id or "", collection=collection)
    assert record.sources == (types.Source("camera://1", taken),)
    assert record.labels == {"roll": "3", "who": "me"}

"""Ranges, groups, consistency and measured recall as a user meets them, with both clients."""

from collections.abc import Iterator

import pytest
from PIL import ImageOps
from tests.catalog.catalog_makers import units
from tests.client.faces import Connect
from tests.pictures import encoded, picture, picture_bytes

from lookalike import Client, Consistency, Embedded, Examples, Region, ScenePreference, StoredImage, errors, types
from lookalike_server.config import filled
from lookalike_server.testing import BackgroundServer, serve

DIM, NAME = 64, "graphed"


@pytest.fixture
def looks(connect: Connect, target: str) -> Client:
    return connect(target)


@pytest.fixture
def stored(looks: Client, collection: str) -> list[str]:
    """Eight pictures."""
    done = list(looks.import_images([picture_bytes(seed) for seed in range(8)], collection=collection))
    assert {each.error for each in done} == {None}
    return [each.image_id or "" for each in sorted(done, key=lambda each: each.index)]


def test_a_range_says_whether_more_lie_within(looks: Client, collection: str, stored: list[str]) -> None:
    query = StoredImage(stored[0])
    bound = looks.search(query, collection=collection)[3].distance + 1e-6
    assert not looks.search(query, collection=collection, limit=4, max_distance=bound).more_within
    cut = looks.search(query, collection=collection, limit=3, max_distance=bound)
    assert (len(cut), cut.more_within) == (3, True)


def test_near_duplicates_stand_with_the_best_of_them(looks: Client, collection: str, stored: list[str]) -> None:
    query = StoredImage(stored[0])
    plain = looks.search(query, collection=collection)
    (only,) = looks.search(query, collection=collection, group_distance=2)
    assert [only.image.id, *(each.image.id for each in only.similar)] == [match.image.id for match in plain]
    assert [each.distance for each in only.similar] == [match.distance for match in plain[1:]]
    assert not any(match.similar for match in plain)
    ((_, many),) = looks.search_many([query], collection=collection, group_distance=2)
    assert isinstance(many, types.SearchResult)
    assert [len(match.similar) for match in many] == [6]
    with pytest.raises(errors.BadRequest, match="group_distance"):
        looks.search(query, collection=collection, group_distance=3)


TURNS = [(degrees, mirrored) for mirrored in (False, True) for degrees in (0, 90, 180, 270)]


def turned(degrees: int, mirrored: bool) -> bytes:
    """A picture mirrored, or not, and then turned clockwise."""
    image = ImageOps.mirror(picture(3)) if mirrored else picture(3)
    return encoded(image.rotate(-degrees, expand=True))


def turn(match: types.Match) -> tuple[int, bool]:
    return match.turned, match.mirrored


@pytest.mark.parametrize(("degrees", "mirrored"), TURNS)
def test_a_picture_is_found_however_it_was_turned(
    looks: Client, collection: str, stored: list[str], degrees: int, mirrored: bool
) -> None:
    query = turned(degrees, mirrored)
    found = looks.search(query, collection=collection, tta=True)
    assert found[0].image.id == stored[3]
    assert found[0].distance == pytest.approx(0, abs=1e-6)
    back = (degrees if mirrored else -degrees % 360, mirrored)  # a mirrored picture is turned the other way
    assert turn(found[0]) == back
    plain = looks.search(query, collection=collection)
    distances = {match.image.id: match.distance for match in plain}
    assert all(match.distance <= distances[match.image.id] + 1e-6 for match in found)
    assert {turn(match) for match in plain} == {(0, False)}
    ((_, many),) = looks.search_many([query], collection=collection, tta=True)
    assert isinstance(many, types.SearchResult)
    assert many.matches == found.matches


def test_each_match_says_how_the_query_was_turned(looks: Client, collection: str) -> None:
    done = looks.import_images([turned(*each) for each in TURNS], collection=collection)
    names = {each.image_id: TURNS[each.index] for each in done}
    found = looks.search(picture_bytes(3), collection=collection, tta=True, include_embeddings=True)
    assert {match.image.id: turn(match) for match in found} == names
    assert [match.distance for match in found] == pytest.approx([0] * 8, abs=1e-6)
    assert [match.image.id for match in found] == sorted(match.image.id for match in found)
    (group,) = looks.search(picture_bytes(3), collection=collection, tta=True, group_distance=2)
    assert {match.image.id: turn(match) for match in (group, *group.similar)} == names


def test_a_part_of_a_picture_is_turned(looks: Client, collection: str) -> None:
    corner = ImageOps.mirror(picture(3).crop((0, 0, 100, 75))).rotate(-90, expand=True)
    list(looks.import_images([encoded(corner), picture_bytes(3)], collection=collection))
    (part, _) = looks.search(picture_bytes(3), collection=collection, tta=True, region=Region(0, 0, 0.5, 0.5))
    assert turn(part) == (90, True)
    assert part.distance == pytest.approx(0, abs=1e-6)


def test_only_a_picture_can_be_turned(looks: Client, collection: str, stored: list[str]) -> None:
    for query in (StoredImage(stored[0]), looks.embed(picture_bytes(0)), Examples([picture_bytes(0)])):
        with pytest.raises(errors.BadRequest, match="only a picture"):
            looks.search(query, collection=collection, tta=True)


def test_a_turned_query_shows_the_scenes_of_the_picture_as_it_is(connect: Connect) -> None:
    with serve(model="tiny:scenes") as target:
        looks = connect(target)
        list(looks.import_images([picture_bytes(1)]))
        found = looks.search(picture_bytes(3), tta=True, prefer=ScenePreference(same_as_query=True))
        assert found.query_scenes == looks.search(picture_bytes(3)).query_scenes != ()
        assert found[0].scene_agreement is not None


def test_consistency_goes_by_its_name(looks: Client, collection: str, stored: list[str]) -> None:
    query = StoredImage(stored[0])
    strong = looks.search(query, collection=collection)
    for consistency in (Consistency.EVENTUAL, "eventual", "strong"):
        found = looks.search(query, collection=collection, consistency=consistency)
        assert found.matches == strong.matches
    with pytest.raises(errors.BadRequest, match="strong or eventual, not 'soon'"):
        looks.search(query, collection=collection, consistency="soon")


def test_examples_of_every_kind_in_both_lists(looks: Client, collection: str, stored: list[str]) -> None:
    def kinds(first: int) -> list[object]:
        vector = looks.image(stored[first + 1], collection=collection, include_embedding=True).embedding
        return [StoredImage(stored[first]), vector, picture_bytes(first + 2)]

    found = looks.search(Examples(kinds(0), kinds(3)), collection=collection)  # type: ignore[arg-type]
    ranks = {match.image.id: match.rank for match in found}
    assert set(ranks) == set(stored) - {stored[0], stored[3]}
    assert max(ranks[stored[1]], ranks[stored[2]]) < min(ranks[stored[4]], ranks[stored[5]])


@pytest.fixture(scope="module")
def graphed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a collection that is large enough for a graph, and was measured."""
    data = tmp_path_factory.mktemp("data")
    server = BackgroundServer(filled({"data": data, "address": "127.0.0.1:0", "model": "tiny", "recall_target": 0.9}))
    server.start()
    images = [Embedded(f"{number:064x}", row) for number, row in enumerate(units(2_100, DIM))]
    with Client(server.address) as looks:
        model_id = looks.server_info().models[0].id
        assert all(not p.error for p in looks.import_embedded(images, collection=NAME, model_id=model_id))
    assert server.app._parts is not None
    # Asking the server again and again would take its time from the measurement, which gives way to everything.
    assert server.app._parts.catalog._tuner.settle(120)
    yield server.address
    server.stop()


def test_an_answer_states_the_recall_that_was_measured(connect: Connect, graphed: str) -> None:
    looks = connect(graphed)
    (index,) = looks.server_info().indexes
    assert index.sample_size
    assert (index.collection, index.image_count, index.indexed_count) == (NAME, 2_100, 2_100)
    assert index.recall_target == pytest.approx(0.9)
    assert index.measured_recall is not None
    assert index.measured_recall >= 0.9
    assert index.measured is not None
    query = units(1, DIM, seed=3)[0]
    assert looks.search(query, collection=NAME).measured_recall == index.measured_recall
    assert looks.search(query, collection=NAME, exact=True).measured_recall is None

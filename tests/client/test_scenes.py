"""Scenes as a user meets them, with both clients, on a model that tells scenes by colour."""

from collections.abc import Iterator

import pytest
from PIL import Image, ImageEnhance
from tests.client.faces import Connect
from tests.pictures import encoded, picture

from lookalike import (
    Client,
    Embedded,
    Examples,
    Filter,
    ImportItem,
    Scene,
    ScenePreference,
    Source,
    StoredImage,
    errors,
    types,
)
from lookalike_server.testing import serve

SCENES = ("night", "snow", "sea", "forest", "desert", "street")


@pytest.fixture(scope="module")
def telling() -> Iterator[str]:
    """A server whose model tells scenes."""
    with serve(model="tiny:scenes") as address:
        yield address


@pytest.fixture
def looks(connect: Connect, telling: str) -> Client:
    return connect(telling)


def shaded(seed: int, brightness: float) -> bytes:
    """The same view in another light: near in the embedding, which knows no brightness, and of another scene."""
    return encoded(ImageEnhance.Brightness(picture(seed)).enhance(brightness))


def painted(seed: int, colour: str) -> bytes:
    """A view of its own, mostly of one colour."""
    return encoded(Image.blend(picture(seed), Image.new("RGB", (200, 150), colour), 0.85))


@pytest.fixture
def stored(looks: Client, collection: str) -> dict[str, str]:
    """Ids by path: views by night and at sea."""
    items = [ImportItem(painted(seed, "black"), f"night/{seed}.png") for seed in range(10, 14)]
    items += [ImportItem(painted(seed, "#285ac8"), f"sea/{seed}.png") for seed in range(20, 24)]
    done = list(looks.import_images(items, collection=collection))
    assert {each.error for each in done} == {None}
    return {each.path or "": each.image_id or "" for each in done}


def paths(found: types.SearchResult) -> set[str]:
    return {match.image.path or "" for match in found}


NIGHTS, SEAS = {f"night/{seed}.png" for seed in range(10, 14)}, {f"sea/{seed}.png" for seed in range(20, 24)}


def test_pictures_tell_the_models_scenes(looks: Client, collection: str, stored: dict[str, str]) -> None:
    image = looks.image(stored["sea/20.png"], collection=collection)
    embedding = looks.embed(painted(20, "#285ac8"))
    assert looks.server_info().models[0].scenes == SCENES
    assert image.scenes == embedding.scenes
    assert (len(image.scenes), image.scenes[0].name) == (5, "sea")
    probabilities = [scene.probability for scene in image.scenes]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0.5 < sum(probabilities) <= 1


def test_where_the_model_tells_no_scenes_there_are_none(connect: Connect, target: str, collection: str) -> None:
    looks = connect(target)
    (done,) = looks.import_images([painted(1, "blue")], collection=collection)
    assert looks.server_info().models[0].scenes == ()
    assert looks.image(done.image_id or "", collection=collection).scenes == ()
    assert looks.embed(painted(1, "blue")).scenes == ()
    for wanted in (Filter(same_scene=True), Filter(scenes=[""])):
        found = looks.search(painted(1, "blue"), collection=collection, filter=wanted)
        assert (len(found), found.query_scenes) == (1, ())
    preferred = looks.search(
        painted(1, "blue"), collection=collection, prefer=ScenePreference(same_as_query=True, weight=1)
    )
    assert preferred[0].scene_agreement == 0


def test_a_filter_admits_by_the_most_likely_scene(looks: Client, collection: str, stored: dict[str, str]) -> None:
    query = painted(30, "white")
    assert paths(looks.search(query, collection=collection, filter=Filter(scenes=["sea"]))) == SEAS
    assert paths(looks.search(query, collection=collection, filter=Filter(scenes="sea"))) == SEAS
    both = looks.search(query, collection=collection, filter=Filter(scenes=["sea", "night", "unheard of"]))
    assert paths(both) == SEAS | NIGHTS
    assert {each.path for each in looks.images(collection, filter=Filter(scenes=["sea"]))} == SEAS


def test_the_same_scene_is_that_of_the_picture_or_the_stored_image(
    looks: Client, collection: str, stored: dict[str, str]
) -> None:
    same = Filter(same_scene=True)
    by_picture = looks.search(painted(30, "black"), collection=collection, filter=same)
    assert (paths(by_picture), by_picture.query_scenes[0].name) == (NIGHTS, "night")
    by_id = looks.search(StoredImage(stored["sea/20.png"]), collection=collection, filter=same)
    assert paths(by_id) == SEAS - {"sea/20.png"}
    assert by_id.query_scenes == looks.image(stored["sea/20.png"], collection=collection).scenes


def test_the_same_scene_and_scenes_hold_together(looks: Client, collection: str, stored: dict[str, str]) -> None:
    query = painted(30, "black")
    for scenes, found in ((["sea"], set()), (["sea", "night"], NIGHTS)):
        wanted = Filter(scenes=scenes, same_scene=True)
        assert paths(looks.search(query, collection=collection, filter=wanted)) == found


def test_not_the_same_source_leaves_out_that_path_alone(looks: Client, collection: str, stored: dict[str, str]) -> None:
    # The same path held other bytes once: another image, which is no answer to what lies there now.
    list(looks.import_images([ImportItem(painted(40, "white"), "sea/20.png")], collection=collection))
    elsewhere = looks.search(
        StoredImage(stored["sea/20.png"]), collection=collection, filter=Filter(not_same_source=True), limit=100
    )
    assert paths(elsewhere) == (SEAS | NIGHTS) - {"sea/20.png"}


def test_a_classifier_that_errs_hides_the_true_match_from_a_filter_and_not_from_a_preference(
    looks: Client, collection: str, stored: dict[str, str]
) -> None:
    """The investigator's case: the scene of the true match was told wrongly."""
    (done,) = looks.import_images([shaded(1, 0.25)], collection=collection)
    query, true = shaded(1, 1.0), done.image_id or ""
    told = looks.image(true, collection=collection).scenes[0].name
    plain = looks.search(query, collection=collection)
    assert plain.query_scenes[0].name != told
    assert plain[0].image.id == true
    filtered = looks.search(query, collection=collection, filter=Filter(same_scene=True))
    assert true not in {match.image.id for match in filtered}
    for prefer in (ScenePreference(same_as_query=True), ScenePreference(["sea"])):
        preferred = looks.search(query, collection=collection, prefer=prefer)
        assert preferred[0].image.id == true
        assert preferred[0].distance == plain[0].distance
        assert len(preferred) == len(plain)


def test_a_preference_ranks_by_distance_and_agreement(looks: Client, collection: str, stored: dict[str, str]) -> None:
    query = painted(30, "white")
    plain = looks.search(query, collection=collection, limit=100)
    preferred = looks.search(query, collection=collection, limit=100, prefer=ScenePreference(["night"], weight=2))
    costs = [match.distance + 2 * (1 - (match.scene_agreement or 0)) for match in preferred]
    assert costs == sorted(costs)
    assert paths(preferred) == paths(plain)
    assert [match.image.path for match in preferred] != [match.image.path for match in plain]
    assert {match.image.path for match in preferred[:4]} == NIGHTS
    assert {match.image.id: match.distance for match in preferred} == {
        match.image.id: match.distance for match in plain
    }
    for match in preferred:
        told = {scene.name: scene.probability for scene in match.image.scenes}
        assert match.scene_agreement == pytest.approx(told.get("night", 0))
    assert {match.scene_agreement for match in plain} == {None}


def test_the_querys_own_scenes_are_preferred_and_those_named_on_top(
    looks: Client, collection: str, stored: dict[str, str]
) -> None:
    query = StoredImage(stored["night/10.png"])
    same = looks.search(query, collection=collection, prefer=ScenePreference(same_as_query=True, weight=2))
    shown = {scene.name: scene.probability for scene in same.query_scenes}
    for match in same:
        expected = sum((shown.get(each.name, 0) * each.probability) ** 0.5 for each in match.image.scenes)
        assert match.scene_agreement == pytest.approx(min(1, expected), abs=1e-6)
    both = looks.search(query, collection=collection, prefer=ScenePreference(["sea"], same_as_query=True, weight=2))
    assert all((match.scene_agreement or 0) > 0.9 for match in both if match.image.path in SEAS)
    assert all((match.scene_agreement or 0) < 0.5 for match in same if match.image.path in SEAS)


def test_many_searches_prefer_too(looks: Client, collection: str, stored: dict[str, str]) -> None:
    queries = [painted(seed, "white") for seed in (30, 31)]
    answers = looks.search_many(queries, collection=collection, limit=4, prefer=ScenePreference("sea", weight=2))
    for _, found in answers:
        assert isinstance(found, types.SearchResult)
        assert paths(found) == SEAS


def test_what_shows_nothing_has_no_scene(looks: Client, collection: str, stored: dict[str, str]) -> None:
    vector = looks.embed(painted(30, "black"))
    for query in (vector, Examples([StoredImage(stored["sea/20.png"])])):
        with pytest.raises(errors.BadFilter, match="same_scene needs a query that shows a scene"):
            looks.search(query, collection=collection, filter=Filter(same_scene=True))
        with pytest.raises(errors.BadRequest, match="prefer what the query shows"):
            looks.search(query, collection=collection, prefer=ScenePreference(same_as_query=True))
        named = looks.search(query, collection=collection, prefer=ScenePreference(["sea"]))
        assert named.query_scenes == ()
        assert named[0].scene_agreement is not None


def test_images_that_came_as_embeddings_are_found_by_the_scenes_that_came_with_them(
    looks: Client, collection: str
) -> None:
    embedding = looks.embed(painted(30, "black"))
    scenes = [Scene("hotel room", 0.5), Scene("bedroom", 0.25)]
    image = Embedded("ab" * 32, embedding.vector, scenes, Source("old.jpg"))
    list(looks.import_embedded([image], collection=collection, model_id=embedding.model_id))
    found = looks.search(embedding, collection=collection, filter=Filter(scenes=["hotel room"]))
    assert found[0].image.scenes == tuple(scenes)
    preferred = looks.search(embedding, collection=collection, prefer=ScenePreference(["bedroom", "hotel room"]))
    assert preferred[0].scene_agreement == 0.75


@pytest.mark.parametrize("weight", [-0.1, 2.1, float("nan")])
def test_a_weight_outside_its_range_is_refused(looks: Client, collection: str, weight: float) -> None:
    with pytest.raises(errors.BadRequest, match="weight runs from 0 to 2"):
        looks.search([1.0] * 64, collection=collection, prefer=ScenePreference(["sea"], weight=weight))

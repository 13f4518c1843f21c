"""Ranges, groups, consistency and measured recall as a user meets them, with both clients."""

import time
from collections.abc import Iterator

import pytest
from tests.catalog.catalog_makers import units
from tests.client.faces import Connect
from tests.pictures import picture_bytes

from lookalike import Client, Consistency, Embedded, Examples, StoredImage, errors, types
from lookalike_server.testing import serve

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
def graphed() -> Iterator[str]:
    """A server with a collection that is large enough for a graph."""
    with serve(recall_target=0.9) as address:
        images = [Embedded(f"{number:064x}", row) for number, row in enumerate(units(2_100, DIM))]
        with Client(address) as looks:
            model_id = looks.server_info().models[0].id
            assert all(not p.error for p in looks.import_embedded(images, collection=NAME, model_id=model_id))
        yield address


def test_an_answer_states_the_recall_that_was_measured(connect: Connect, graphed: str) -> None:
    looks = connect(graphed)
    deadline = time.monotonic() + 120
    while not (index := looks.server_info().indexes[0]).sample_size:  # which is no search, and disturbs no measurement
        assert time.monotonic() < deadline
    assert (index.collection, index.image_count, index.indexed_count) == (NAME, 2_100, 2_100)
    assert index.recall_target == pytest.approx(0.9)
    assert index.measured_recall is not None
    assert index.measured_recall >= 0.9
    assert index.measured is not None
    query = units(1, DIM, seed=3)[0]
    assert looks.search(query, collection=NAME).measured_recall == index.measured_recall
    assert looks.search(query, collection=NAME, exact=True).measured_recall is None

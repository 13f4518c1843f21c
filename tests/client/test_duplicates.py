"""Duplicates of a collection, by both clients, against a real server."""

from io import BytesIO
from itertools import islice

import pytest
from PIL import Image
from tests.client.faces import Connect
from tests.pictures import encoded, picture_bytes

from lookalike import Client, Filter, ImportItem, types
from lookalike.errors import BadFilter, BadRequest, CollectionNotFound, DeadlineExceeded, ServerUnavailable
from lookalike_server.catalog import linking


def brighter(content: bytes) -> bytes:
    """The picture's near-duplicate."""
    with Image.open(BytesIO(content)) as opened:
        return encoded(opened.convert("RGB").point(lambda value: min(255, value + 1)))


@pytest.fixture
def filled(looks: Client, collection: str) -> str:
    """Three pictures, a near-duplicate of the second and a copy of the third."""
    items = [ImportItem(picture_bytes(seed), path=f"/{seed}.png", labels={"kind": "first"}) for seed in range(3)]
    items += [
        ImportItem(brighter(picture_bytes(1)), path="/near.png"),
        ImportItem(picture_bytes(2), path="/copy.png"),
    ]
    for item in items:  # one after the other: the order in which they come is told
        assert next(iter(looks.import_images([item], collection=collection))).error is None
    return collection


def test_exact_ones_progress_groups_and_the_summary_come_in_this_order(looks: Client, filled: str) -> None:
    exact, *steps, group, summary = looks.duplicates(filled, max_distance=0.2)
    assert isinstance(exact, types.ExactDuplicates)
    assert exact.paths == ("/2.png", "/copy.png")
    assert steps[-1] == types.DuplicateProgress(4, 4)
    assert {type(step) for step in steps} == {types.DuplicateProgress}
    assert isinstance(group, types.DuplicateGroup)
    assert [image.path for image in group.images] == ["/1.png", "/near.png"]
    assert group.distances[0] == 0 < group.distances[1] < 0.2
    assert group.image_count == 2
    assert isinstance(summary, types.DuplicateSummary)
    assert (summary.image_count, summary.group_count, summary.grouped_count) == (4, 1, 2)
    assert (summary.many_sources_count, summary.random_pairs, summary.random_pairs_within) == (1, 6, 1)
    assert summary.max_distance == pytest.approx(0.2)
    assert summary.false_positive_rate == pytest.approx(1 / 6)


def test_without_a_distance_it_is_the_servers(looks: Client, filled: str) -> None:
    *_, summary = looks.duplicates(filled)
    assert isinstance(summary, types.DuplicateSummary)
    assert 0 < summary.max_distance < 1
    *_, nothing = looks.duplicates(filled, max_distance=0)
    assert isinstance(nothing, types.DuplicateSummary)
    assert (nothing.max_distance, nothing.group_count) == (0, 0)


def test_a_filter_narrows_what_is_looked_at(looks: Client, filled: str) -> None:
    found = list(looks.duplicates(filled, filter=Filter(labels={"kind": "first"})))
    assert not [each for each in found if isinstance(each, types.DuplicateGroup)]
    assert isinstance(found[-1], types.DuplicateSummary)
    assert found[-1].image_count == 3


def test_who_has_seen_enough_may_leave(looks: Client, filled: str) -> None:
    found = looks.duplicates(filled)
    assert len(list(islice(found, 1))) == 1
    found.close()
    assert looks.collection(filled).image_count == 4


def test_what_cannot_be_done_is_said(looks: Client, filled: str, connect: Connect, free_port: int) -> None:
    with pytest.raises(CollectionNotFound):
        list(looks.duplicates("nowhere"))
    with pytest.raises(BadRequest, match="0 to 2"):
        list(looks.duplicates(filled, max_distance=3))
    with pytest.raises(BadFilter):
        list(looks.duplicates(filled, filter=Filter(same_scene=True)))
    with pytest.raises(ServerUnavailable):
        list(connect(f"127.0.0.1:{free_port}").duplicates(filled))


def test_a_timeout_is_for_all_of_it(looks: Client, collection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "_MULTIPLICATIONS", 64)  # an image with an image: 45,000 steps
    list(looks.import_images(map(picture_bytes, range(300)), collection=collection))
    with pytest.raises(DeadlineExceeded):
        list(looks.duplicates(collection, timeout=0.3))

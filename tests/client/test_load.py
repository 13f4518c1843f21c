import pytest
from tests.client.faces import Connect
from tests.pictures import picture_bytes

from lookalike import Client
from lookalike.errors import CollectionNotFound, Unauthenticated
from lookalike.load import Histogram, Lane
from lookalike_server.testing import serve


def test_a_servers_load_tells_what_it_has_done(connect: Connect) -> None:
    with serve(model="tiny,tiny:32") as target:
        looks = connect(target)
        looks.create_collection("counted")
        before = looks.server_load()
        list(looks.import_images([picture_bytes(1), picture_bytes(2), b"broken"], collection="counted"))
        looks.search(picture_bytes(1), collection="counted")
        with pytest.raises(CollectionNotFound):
            looks.collection("none")
        after = looks.server_load()
        served = looks.server_info().models
    assert before.answered("Search") == 0
    assert (after.answered("Search"), after.answered("ImportImages/item")) == (1, 3)
    failed = {(each.method, each.reason): each.count for each in after.requests if each.code != "OK"}
    assert failed["ImportImages/item", "IMAGE_UNDECODABLE"] == 1
    assert failed["GetCollection", "COLLECTION_NOT_FOUND"] == 1
    assert after.request_seconds("Search").count == 1
    assert after.stage_seconds("embed", Lane.BULK).count == 2
    assert after.stage_seconds("index", Lane.INTERACTIVE).count == 1
    used, unused = after.models
    assert [(each.model_id, each.engine) for each in after.models] == [(each.id, each.engine) for each in served]
    assert {each.lane: each.embedded for each in used.lanes} == {Lane.INTERACTIVE: 1, Lane.BULK: 2}
    assert sum(each.rows.sum for each in used.batches) == 3
    assert not any(each.rows.count for each in unused.batches)
    assert (after.images, after.unindexed, after.held_bytes) == (2, 0, 0)
    assert after.started == before.started
    assert after.uptime > before.uptime
    assert after.cpu_seconds > before.cpu_seconds
    assert after.memory_bytes > 10_000_000


def test_the_load_is_for_those_who_bear_the_token(connect: Connect) -> None:
    with serve(token="secret") as target:  # noqa: S106
        with pytest.raises(Unauthenticated):
            connect(target).server_load()
        assert connect(target, token="secret").server_load().images == 0  # noqa: S106


BOUNDS = (1.0, 2.0, 4.0)


def test_a_quantile_is_found_between_the_bounds_of_its_range() -> None:
    histogram = Histogram(BOUNDS, (0, 10, 10, 0), 45.0)
    assert histogram.quantile(0.0) == 1.0
    assert histogram.quantile(0.25) == 1.5
    assert histogram.quantile(0.5) == 2.0
    assert histogram.quantile(0.75) == 3.0
    assert histogram.quantile(1.0) == 4.0
    assert histogram.mean == 2.25


def test_what_lies_beyond_the_last_bound_counts_as_the_last_bound() -> None:
    assert Histogram(BOUNDS, (1, 0, 0, 9), 100.0).quantile(0.99) == 4.0


def test_where_nothing_was_measured_there_is_neither_quantile_nor_mean() -> None:
    for empty in (Histogram(), Histogram(BOUNDS, (0, 0, 0, 0))):
        assert empty.quantile(0.5) is None
        assert empty.mean is None


def test_histograms_are_added_and_what_came_between_two_is_their_difference() -> None:
    early, late = Histogram(BOUNDS, (1, 0, 0, 0), 0.5), Histogram(BOUNDS, (1, 2, 0, 1), 12.5)
    assert late - early == Histogram(BOUNDS, (0, 2, 0, 1), 12.0)
    assert (late - early) + early == late
    assert late - Histogram() == late + Histogram() == Histogram() + late == late
    with pytest.raises(ValueError, match="other ranges"):
        late - Histogram((1.0,), (1, 1), 2.0)


def test_the_guide_of_the_module_holds() -> None:
    with serve() as target, Client(target) as looks:
        before = looks.server_load()
        for _ in range(5):
            looks.embed(picture_bytes(1))
        after = looks.server_load()
    rate = (after.answered("Embed") - before.answered("Embed")) / (after.uptime - before.uptime)
    assert rate > 0
    middle = (after.request_seconds("Embed") - before.request_seconds("Embed")).quantile(0.5)
    assert middle is not None
    assert 0 < middle < 30

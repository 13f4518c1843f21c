"""FindDuplicates on a real server: what a client in any language sees."""

import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc
import pytest
from PIL import Image
from tests.pictures import encoded, picture_bytes
from tests.rpc.conftest import Doors, doors, drain

from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import load_pb2
from lookalike.v1 import types_pb2 as tpb
from lookalike_server import duplicates
from lookalike_server.catalog import linking
from lookalike_server.config import Settings
from lookalike_server.testing import BackgroundServer


def imported(opened: Doors, collection: str, *items: tuple[str, bytes]) -> list[str]:
    requests = (
        ipb.ImportImagesRequest(tag=tag, collection=collection, content=content, source=tpb.Source(path=path))
        for tag, (path, content) in enumerate(items)
    )
    answers = sorted(opened.images.ImportImages(requests, timeout=30), key=lambda answer: answer.tag)
    return [answer.image_id for answer in answers]


def altered(seed: int, level: int) -> bytes:
    """A picture's near-duplicate: its pixels a little brighter."""
    with Image.open(BytesIO(picture_bytes(seed))) as opened:
        return encoded(opened.convert("RGB").point(lambda value: min(255, value + level)))


def found(opened: Doors, **fields: Any) -> list[ipb.FindDuplicatesResponse]:
    return list(opened.images.FindDuplicates(ipb.FindDuplicatesRequest(**fields), timeout=30))


def test_exact_ones_then_progress_then_groups_then_the_summary(shared: Doors) -> None:
    shared.make("duplicates")
    first, second, *_ = imported(
        shared,
        "duplicates",
        ("/a.png", picture_bytes(1)),
        ("/b.png", altered(1, 1)),
        ("/c.png", picture_bytes(2)),
        ("/d.png", picture_bytes(3)),
        ("/copy.png", picture_bytes(2)),
    )
    answers = found(shared, collection="duplicates")
    kinds = [answer.WhichOneof("answer") for answer in answers]
    assert list(dict.fromkeys(kinds)) == ["exact", "progress", "group", "summary"]
    assert {source.path for source in answers[0].exact.sources} == {"/c.png", "/copy.png"}
    progress = answers[kinds.index("group") - 1].progress
    assert (progress.done_count, progress.total_count) == (4, 4)
    group, summary = answers[-2].group, answers[-1].summary
    assert {image.id for image in group.images} == {first, second}
    assert group.distances[0] == 0
    assert 0 < group.distances[1] < 0.25
    assert group.image_count == 2
    assert (summary.image_count, summary.group_count, summary.grouped_count) == (4, 1, 2)
    assert (summary.many_sources_count, summary.random_pairs, summary.random_pairs_within) == (1, 6, 1)
    assert summary.max_distance == pytest.approx(duplicates.DEFAULT_RADIUS)


def test_a_distance_of_zero_is_not_the_default(shared: Doors) -> None:
    shared.make("zero")
    imported(shared, "zero", ("/a.png", picture_bytes(1)), ("/b.png", altered(1, 1)))
    assert [answer.WhichOneof("answer") for answer in found(shared, collection="zero", max_distance=0)][-1] == "summary"
    assert found(shared, collection="zero", max_distance=0)[-1].summary.group_count == 0


def test_a_filter_narrows_what_is_looked_at(shared: Doors) -> None:
    shared.make("filtered")
    imported(shared, "filtered", ("/x/a.png", picture_bytes(1)), ("/y/b.png", altered(1, 1)))
    summary = found(shared, collection="filtered", filter=tpb.Filter(path_prefix="/x"))[-1].summary
    assert (summary.image_count, summary.group_count) == (1, 0)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comparison of two images is a turn of its own."""
    monkeypatch.setattr(duplicates, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(linking, "_MULTIPLICATIONS", 64)


def counted(opened: Doors) -> set[str]:
    """How calls of FindDuplicates ended."""
    load = opened.search.GetServerLoad(load_pb2.GetServerLoadRequest(), timeout=10)
    return {each.code for each in load.requests if each.method == "FindDuplicates"}


def test_who_cancels_ends_the_work(slow: None) -> None:
    with doors() as opened:
        opened.make("large", range(300))
        answers = opened.images.FindDuplicates(ipb.FindDuplicatesRequest(collection="large"))
        next(answers)
        answers.cancel()
        while not (codes := counted(opened)):
            pass
        assert codes == {"CANCELLED"}


def test_who_searches_is_answered_meanwhile(slow: None) -> None:
    with doors() as opened:
        ids = opened.make("large", range(300))
        answers = opened.images.FindDuplicates(ipb.FindDuplicatesRequest(collection="large"))
        next(answers)
        image = opened.images.GetImage(ipb.GetImageRequest(collection="large", image_id=ids[0]), timeout=10)
        assert image.image.id == ids[0]
        assert counted(opened) == set(), "it is still at it"
        answers.cancel()


def test_draining_ends_it_with_a_reason(tmp_path: Path, slow: None) -> None:
    server = BackgroundServer(Settings(data=tmp_path, address="127.0.0.1:0", model=("tiny",)))
    server.start()
    opened = Doors(server.address)
    opened.make("large", range(300))
    answers = opened.images.FindDuplicates(ipb.FindDuplicatesRequest(collection="large"))
    next(answers)
    stopping: threading.Thread = drain(server, opened)
    with pytest.raises(grpc.RpcError) as ended:
        list(answers)
    error: Any = ended.value
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert dict(error.trailing_metadata())["lookalike-reason"] == "SHUTTING_DOWN"
    stopping.join(30)
    opened.channel.close()

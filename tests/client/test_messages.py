import sys
from array import array
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.client.nouns import TIMINGS, image

from lookalike import _messages, types
from lookalike.errors import BadRegion
from lookalike.v1 import search_service_pb2, types_pb2

THREE = [0.6, 0.0, -0.8]
BYTES = np.array(THREE, "<f4").tobytes()
MATCH = types.Match(1, 0.5, 0.9, image(id="cd" * 32))
EMBEDDING = types.Embedding(np.array(THREE, np.float32), "tiny-1", 4, 3, TIMINGS)


@pytest.mark.parametrize(
    "vector",
    [THREE, tuple(THREE), array("f", THREE), np.array(THREE), np.array(THREE, ">f4"), np.array(THREE, "f2"), EMBEDDING],
    ids=["list", "tuple", "array", "float64", "big-endian", "float16", "embedding"],
)
def test_every_form_of_a_vector_travels_as_little_endian_float32(vector: types.Query) -> None:
    sent = np.frombuffer(_messages.query(vector, 0).vector.float32_le, "<f4")
    assert sent == pytest.approx(THREE, abs=1e-3)


def test_a_vector_comes_back_as_a_numpy_array_of_our_own() -> None:
    vector = _messages.vector(types_pb2.Vector(float32_le=BYTES))
    assert vector.dtype == np.float32
    assert vector.tolist() == pytest.approx(THREE)
    vector[0] = 1


def test_a_vector_comes_back_as_an_array_where_numpy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    _messages._numpy.cache_clear()
    try:
        vector = _messages.vector(types_pb2.Vector(float32_le=BYTES))
    finally:
        _messages._numpy.cache_clear()
    assert isinstance(vector, array)
    assert vector.tolist() == pytest.approx(THREE)


@pytest.mark.parametrize("query", [types.StoredImage("cd" * 32), image(id="cd" * 32), MATCH])
def test_a_stored_image_travels_as_its_id(query: types.Query) -> None:
    request = _messages.query(query, 0)
    assert request.WhichOneof("query") == "image_id"
    assert request.image_id == "cd" * 32


def test_a_path_travels_as_bytes_with_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")
    monkeypatch.chdir(tmp_path)
    request = _messages.query("a.jpg", 100)
    assert request.picture.content == b"content"
    assert request.picture.path == f"{tmp_path.as_posix()}/a.jpg"
    assert not request.picture.HasField("region")


def test_bytes_travel_without_a_path_and_with_their_region() -> None:
    request = _messages.query(b"content", 100, types.Region(0.25, 0, 0.5, 1))
    assert request.picture.path == ""
    assert request.picture.region == types_pb2.Region(left=0.25, top=0, right=0.5, bottom=1)


@pytest.mark.parametrize("query", [types.StoredImage("a"), THREE, types.Examples([b"a"])])
def test_a_region_without_a_picture_is_refused(query: types.Query) -> None:
    with pytest.raises(BadRegion):
        _messages.query(query, 100, types.Region(0, 0, 1, 1))


def test_examples_travel_each_in_its_own_form() -> None:
    request = _messages.query(types.Examples([b"content", THREE], [types.StoredImage("a")]), 100)
    assert [each.WhichOneof("example") for each in request.examples.positives] == ["picture", "vector"]
    assert [each.image_id for each in request.examples.negatives] == ["a"]


def test_empty_examples_are_left_to_the_server_to_refuse() -> None:
    assert _messages.query(types.Examples([]), 100).WhichOneof("query") == "examples"


def test_a_filter_travels_whole() -> None:
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    wanted = types.Filter(
        {"who": "me"},
        "/a/",
        start,
        end,
        ["a"],
        ("b", "c"),
        not_same_folder=True,
        scenes=["pier", ""],
        same_scene=True,
        not_same_source=True,
    )
    message = _messages.filter_message(wanted)
    assert message == types_pb2.Filter(
        labels={"who": "me"},
        path_prefix="/a/",
        capture_time=types_pb2.TimeRange(start=Timestamp(seconds=1577836800), end=Timestamp(seconds=1609455600)),
        image_ids=["a"],
        not_image_ids=["b", "c"],
        not_same_folder=True,
        scenes=["pier", ""],
        same_scene=True,
        not_same_source=True,
    )


def test_a_preference_travels_whole() -> None:
    wanted = types.ScenePreference(["pier"], same_as_query=True, weight=0.25)
    sent = search_service_pb2.ScenePreference(scenes=["pier"], same_as_query=True, weight=0.25)
    assert _messages.preference(wanted) == sent
    assert _messages.preference(None) is None


def test_a_filter_may_leave_either_end_of_time_open() -> None:
    message = _messages.filter_message(types.Filter(captured_before=datetime(2020, 1, 1, tzinfo=UTC)))
    assert message is not None
    assert not message.capture_time.HasField("start")
    assert message.capture_time.HasField("end")


def test_no_filter_and_an_empty_one_ask_for_nothing() -> None:
    assert _messages.filter_message(None) is None
    assert _messages.filter_message(types.Filter()) == types_pb2.Filter()


def test_a_time_without_a_zone_is_local() -> None:
    naive = datetime(2024, 7, 1, 12)
    message = _messages.timestamp(naive)
    assert message is not None
    assert message.seconds == naive.timestamp()


def test_an_image_comes_back_whole() -> None:
    message = types_pb2.Image(
        id="a",
        collection="holiday",
        sources=[types_pb2.Source(path="/x.jpg", modify_time=Timestamp(seconds=1)), types_pb2.Source(path="/y.jpg")],
        labels={"who": "me"},
        width=4,
        height=3,
        size_bytes=12,
        format="PNG",
        capture_time=Timestamp(seconds=2, nanos=500_000_000),
        create_time=Timestamp(seconds=3),
        scenes=[types_pb2.Scene(name="pier", probability=0.75), types_pb2.Scene(name="beach", probability=0.125)],
    )
    assert _messages.image(message) == types.Image(
        id="a",
        collection="holiday",
        sources=(types.Source("/x.jpg", datetime.fromtimestamp(1, UTC)), types.Source("/y.jpg", None)),
        labels={"who": "me"},
        width=4,
        height=3,
        size_bytes=12,
        format="PNG",
        captured=datetime.fromtimestamp(2.5, UTC),
        created=datetime.fromtimestamp(3, UTC),
        updated=None,
        scenes=(types.Scene("pier", 0.75), types.Scene("beach", 0.125)),
    )


@pytest.mark.parametrize("seconds", [-(10**12), 10**12])
def test_a_time_that_python_has_none_for_is_left_out_and_the_rest_kept(seconds: int) -> None:
    strange = Timestamp(seconds=seconds)
    source = types_pb2.Source(path="/x.jpg", modify_time=strange)
    read = _messages.image(types_pb2.Image(id="a", sources=[source], capture_time=strange))
    assert (read.id, read.captured, read.sources) == ("a", None, (types.Source("/x.jpg"),))


def test_a_search_result_comes_back_whole() -> None:
    match = search_service_pb2.Match(rank=1, distance=0.5, score=0.875, image=types_pb2.Image(id="a"))
    match.embedding.float32_le = BYTES
    match.scene_agreement = 0.0
    message = search_service_pb2.SearchResponse(
        matches=[match],
        model_id="tiny-1",
        generation=7,
        exact=True,
        timings=types_pb2.Timings(decode_seconds=1, queue_seconds=2, embed_seconds=3, index_seconds=4, total_seconds=9),
        query_scenes=[types_pb2.Scene(name="pier", probability=0.5)],
    )
    result = _messages.search_result(message)
    assert (result.model_id, result.generation, result.exact) == ("tiny-1", 7, True)
    assert result.timings == types.Timings(decode=1, queue=2, embed=3, index=4, total=9)
    assert (result[0].rank, result[0].distance, result[0].score, result[0].image.id) == (1, 0.5, 0.875, "a")
    assert (result.query_scenes, result[0].scene_agreement) == ((types.Scene("pier", 0.5),), 0)
    assert np.asarray(result[0].embedding).tolist() == pytest.approx(THREE)

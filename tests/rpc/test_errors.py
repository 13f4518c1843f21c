"""Every (rpc, error) pair that the protos promise, against a real server."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from PIL import Image
from tests import plugged
from tests.pictures import encoded, picture_bytes
from tests.rpc.conftest import Doors, Failure, doors, drain, failure, full_disk

from lookalike.v1 import collection_service_pb2 as cpb
from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import load_pb2 as lpb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb
from lookalike_server.config import Settings
from lookalike_server.testing import BackgroundServer

PROTOS = Path(__file__).parents[2] / "protos"

GOOD = picture_bytes(1)
MISSING = "0" * 64
NO_PICTURE = b"no picture"
LONG = bytes(1_000_001)
WIDE = encoded(Image.new("1", (2_000, 600)))
OUTSIDE = tpb.Picture(content=GOOD, region=tpb.Region(left=0.5, top=0, right=0.4, bottom=1))

CODES = {
    "BAD_REQUEST": "INVALID_ARGUMENT",
    "BAD_FILTER": "INVALID_ARGUMENT",
    "BAD_REGION": "INVALID_ARGUMENT",
    "BAD_PAGE_TOKEN": "INVALID_ARGUMENT",
    "IMAGE_UNDECODABLE": "INVALID_ARGUMENT",
    "IMAGE_TOO_LARGE": "INVALID_ARGUMENT",
    "DIMENSION_MISMATCH": "INVALID_ARGUMENT",
    "COLLECTION_NOT_FOUND": "NOT_FOUND",
    "IMAGE_NOT_FOUND": "NOT_FOUND",
    "COLLECTION_EXISTS": "ALREADY_EXISTS",
    "MODEL_MISMATCH": "FAILED_PRECONDITION",
    "REEMBED_INCOMPLETE": "FAILED_PRECONDITION",
    "QUEUE_FULL": "RESOURCE_EXHAUSTED",
    "DISK_FULL": "RESOURCE_EXHAUSTED",
    "INTERNAL": "INTERNAL",
}


def search(**fields: Any) -> spb.SearchRequest:
    return spb.SearchRequest(**{"collection": "shared", "picture": tpb.Picture(content=GOOD), **fields})


def without_query(**fields: Any) -> spb.SearchRequest:
    return spb.SearchRequest(collection="shared", **fields)


def vector(*numbers: float) -> tpb.Vector:
    return tpb.Vector(float32_le=np.array(numbers, "<f4").tobytes())


SEARCHES: list[tuple[str, spb.SearchRequest]] = [
    ("BAD_REQUEST", without_query()),
    ("BAD_REQUEST", search(limit=1_001)),
    ("BAD_REQUEST", search(max_distance=-1)),
    ("BAD_REQUEST", search(max_distance=float("nan"))),
    ("BAD_REQUEST", search(group_distance=-0.1)),
    ("BAD_REQUEST", search(group_distance=2.1)),
    ("BAD_REQUEST", search(group_distance=float("nan"))),
    ("BAD_REQUEST", without_query(image_id="not an id")),
    ("BAD_REQUEST", without_query(examples=tpb.Examples(negatives=[tpb.Example(image_id=MISSING)]))),
    ("BAD_REQUEST", without_query(examples=tpb.Examples(positives=[tpb.Example(vector=vector(*[1.0] * 64))] * 33))),
    ("BAD_REQUEST", without_query(examples=tpb.Examples(positives=[tpb.Example()]))),
    ("BAD_REQUEST", without_query(vector=vector(*[1.0] * 64), tta=True)),
    ("BAD_REQUEST", without_query(image_id=MISSING, tta=True)),
    ("BAD_REQUEST", without_query(examples=tpb.Examples(positives=[tpb.Example(image_id=MISSING)]), tta=True)),
    ("IMAGE_UNDECODABLE", search(picture=tpb.Picture(content=b"no picture"), tta=True)),
    ("BAD_FILTER", search(filter=tpb.Filter(not_same_folder=True))),
    ("BAD_FILTER", search(filter=tpb.Filter(not_same_source=True))),
    ("BAD_FILTER", without_query(vector=vector(*[1.0] * 64), filter=tpb.Filter(same_scene=True))),
    ("BAD_FILTER", search(filter=tpb.Filter(scenes=["s" * 256]))),
    ("BAD_FILTER", search(filter=tpb.Filter(scenes=map(str, range(1_001))))),
    ("BAD_REQUEST", without_query(vector=vector(*[1.0] * 64), prefer=spb.ScenePreference(same_as_query=True))),
    ("BAD_REQUEST", search(prefer=spb.ScenePreference(scenes=["s" * 256]))),
    ("BAD_REQUEST", search(prefer=spb.ScenePreference(scenes=map(str, range(1_001))))),
    ("BAD_REQUEST", search(prefer=spb.ScenePreference(weight=2.1))),
    ("BAD_REQUEST", search(prefer=spb.ScenePreference(weight=float("nan")))),
    ("BAD_FILTER", search(filter=tpb.Filter(image_ids=["x"]))),
    ("BAD_FILTER", search(filter=tpb.Filter(labels={"k" * 64: "v"}))),
    ("BAD_REGION", search(picture=OUTSIDE)),
    ("IMAGE_UNDECODABLE", search(picture=tpb.Picture(content=b"no picture"))),
    ("IMAGE_UNDECODABLE", search(picture=tpb.Picture())),
    ("IMAGE_TOO_LARGE", search(picture=tpb.Picture(content=LONG))),
    ("IMAGE_TOO_LARGE", search(picture=tpb.Picture(content=WIDE))),
    ("DIMENSION_MISMATCH", without_query(vector=vector(1, 2, 3))),
    ("DIMENSION_MISMATCH", without_query(vector=tpb.Vector(float32_le=b"abc"))),
    ("DIMENSION_MISMATCH", without_query(vector=vector(*[0.0] * 64))),
    ("DIMENSION_MISMATCH", without_query(vector=vector(*[float("nan")] * 64))),
    ("COLLECTION_NOT_FOUND", search(collection="nowhere")),
    ("IMAGE_NOT_FOUND", without_query(image_id=MISSING)),
]


def period(start: int, end: int) -> tpb.TimeRange:
    made = tpb.TimeRange()
    made.start.seconds, made.end.seconds = start, end
    return made


SEARCHES.append(("BAD_FILTER", search(filter=tpb.Filter(capture_time=period(5, 5)))))


RELATIVE = [tpb.Filter(not_same_folder=True), tpb.Filter(same_scene=True), tpb.Filter(not_same_source=True)]
WITHIN = [
    wanted
    for inner in (*RELATIVE, tpb.Filter(geo_box=tpb.GeoBox(south=1)), tpb.Filter(any_of=[tpb.Filter(image_ids=["x"])]))
    for wanted in (tpb.Filter(all_of=[inner]), tpb.Filter(any_of=[inner]), tpb.Filter(none_of=[inner]))
]
FILTERS = [
    *WITHIN,
    tpb.Filter(geo_box=tpb.GeoBox(north=91)),
    tpb.Filter(geo_box=tpb.GeoBox(east=float("nan"))),
    tpb.Filter(source_paths=["p" * 4_097]),
    tpb.Filter(any_of=[tpb.Filter()] * 64),
]
SEARCHES.extend(("BAD_FILTER", search(filter=wanted)) for wanted in FILTERS)


def sighting(seconds: int, nanos: int = 0) -> tpb.Source:
    source = tpb.Source(path="x")
    source.modify_time.seconds, source.modify_time.nanos = seconds, nanos
    return source


SEARCHES.append(("BAD_FILTER", search(filter=tpb.Filter(capture_time=period(2**60, 2**61)))))

IMPORTS: list[tuple[str, ipb.ImportImagesRequest]] = [
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared")),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", image_id="short")),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, labels={"": "empty key"})),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, source=tpb.Source(path=""))),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, source=tpb.Source(path="x" * 4_097))),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, source=sighting(2**60))),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, source=sighting(-(2**40)))),
    ("BAD_REQUEST", ipb.ImportImagesRequest(collection="shared", content=GOOD, source=sighting(0, -1))),
    ("IMAGE_UNDECODABLE", ipb.ImportImagesRequest(collection="shared", content=b"no picture")),
    ("IMAGE_UNDECODABLE", ipb.ImportImagesRequest(collection="shared", content=b"")),
    ("IMAGE_TOO_LARGE", ipb.ImportImagesRequest(collection="shared", content=LONG)),
    ("IMAGE_TOO_LARGE", ipb.ImportImagesRequest(collection="shared", content=WIDE)),
    ("COLLECTION_NOT_FOUND", ipb.ImportImagesRequest(collection="nowhere", content=GOOD)),
    ("IMAGE_NOT_FOUND", ipb.ImportImagesRequest(collection="shared", image_id=MISSING)),
]


def embedded(**fields: Any) -> ipb.ImportImagesRequest:
    whole = {"image_id": MISSING, "vector": vector(*[1.0] * 64), "model_id": "tiny-1"}
    return ipb.ImportImagesRequest(collection="shared", embedded=ipb.Embedded(**{**whole, **fields}))


SCENES = [tpb.Scene(name=str(number), probability=0.1) for number in range(6)]
IMPORTS += [
    ("BAD_REQUEST", embedded(image_id="short")),
    ("BAD_REQUEST", embedded(scenes=SCENES)),
    ("BAD_REQUEST", embedded(scenes=[tpb.Scene(name="pier", probability=2)])),
    ("MODEL_MISMATCH", embedded(model_id="tiny-2")),
    ("MODEL_MISMATCH", embedded(model_id="")),
    ("DIMENSION_MISMATCH", embedded(vector=vector(1, 2, 3))),
    ("DIMENSION_MISMATCH", embedded(vector=tpb.Vector(float32_le=b"abc"))),
    ("DIMENSION_MISMATCH", embedded(vector=vector(*[0.0] * 64))),
    ("DIMENSION_MISMATCH", embedded(vector=vector(*[float("nan")] * 64))),
]

REEMBEDS: list[tuple[str, ipb.ReembedImagesRequest]] = [
    ("BAD_REQUEST", ipb.ReembedImagesRequest(collection="shared", model="tiny:32")),
    ("BAD_REQUEST", ipb.ReembedImagesRequest(collection="shared", content=GOOD)),
    ("BAD_REQUEST", ipb.ReembedImagesRequest(collection="shared", model="huge", content=GOOD)),
    ("IMAGE_UNDECODABLE", ipb.ReembedImagesRequest(collection="damaged", model="tiny:32", content=NO_PICTURE)),
    ("IMAGE_TOO_LARGE", ipb.ReembedImagesRequest(collection="damaged", model="tiny:32", content=LONG)),
    ("COLLECTION_NOT_FOUND", ipb.ReembedImagesRequest(collection="nowhere", model="tiny:32", content=GOOD)),
    ("IMAGE_NOT_FOUND", ipb.ReembedImagesRequest(collection="shared", model="tiny:32", content=b"changed")),
    ("MODEL_MISMATCH", ipb.ReembedImagesRequest(collection="shared", model="tiny", content=GOOD)),
]

SEEN = ipb.Sighting(image_id=MISSING, source=tpb.Source(path="/a"))
TOO_MANY = [f"{number:064x}" for number in range(10_001)]

SAME_SCENE, BAD_LABEL = tpb.Filter(same_scene=True), tpb.Filter(labels={"k" * 64: "v"})

CALLS: list[tuple[str, str, Any]] = [
    *(("Search", reason, request) for reason, request in SEARCHES),
    ("Embed", "BAD_REQUEST", spb.EmbedRequest()),
    ("Embed", "BAD_REGION", spb.EmbedRequest(picture=OUTSIDE)),
    ("Embed", "IMAGE_UNDECODABLE", spb.EmbedRequest(picture=tpb.Picture(content=b"no picture"))),
    ("Embed", "IMAGE_TOO_LARGE", spb.EmbedRequest(picture=tpb.Picture(content=LONG))),
    ("FindMissingImages", "BAD_REQUEST", ipb.FindMissingImagesRequest(collection="shared", image_ids=["x"])),
    ("FindMissingImages", "BAD_REQUEST", ipb.FindMissingImagesRequest(collection="shared", image_ids=TOO_MANY)),
    ("FindMissingImages", "COLLECTION_NOT_FOUND", ipb.FindMissingImagesRequest(collection="nowhere")),
    ("GetImage", "COLLECTION_NOT_FOUND", ipb.GetImageRequest(collection="nowhere", image_id=MISSING)),
    ("GetImage", "IMAGE_NOT_FOUND", ipb.GetImageRequest(collection="shared", image_id=MISSING)),
    ("GetImage", "BAD_REQUEST", ipb.GetImageRequest(collection="shared", image_id="x")),
    ("ListImages", "BAD_REQUEST", ipb.ListImagesRequest(collection="shared", page_size=1_001)),
    ("ListImages", "BAD_PAGE_TOKEN", ipb.ListImagesRequest(collection="shared", page_token="made up")),  # noqa: S106
    ("ListImages", "BAD_FILTER", ipb.ListImagesRequest(collection="shared", filter=tpb.Filter(not_same_folder=True))),
    ("ListImages", "BAD_FILTER", ipb.ListImagesRequest(collection="shared", filter=tpb.Filter(same_scene=True))),
    ("ListImages", "BAD_FILTER", ipb.ListImagesRequest(collection="shared", filter=tpb.Filter(not_same_source=True))),
    ("ListImages", "COLLECTION_NOT_FOUND", ipb.ListImagesRequest(collection="nowhere")),
    ("UpdateImage", "BAD_REQUEST", ipb.UpdateImageRequest()),
    ("UpdateImage", "BAD_REQUEST", ipb.UpdateImageRequest(image=tpb.Image(collection="shared", id="x"))),
    ("UpdateImage", "COLLECTION_NOT_FOUND", ipb.UpdateImageRequest(image=tpb.Image(collection="nowhere", id=MISSING))),
    ("UpdateImage", "IMAGE_NOT_FOUND", ipb.UpdateImageRequest(image=tpb.Image(collection="shared", id=MISSING))),
    ("DeleteImages", "BAD_REQUEST", ipb.DeleteImagesRequest(collection="shared")),
    ("DeleteImages", "BAD_REQUEST", ipb.DeleteImagesRequest(collection="shared", image_ids=TOO_MANY)),
    ("DeleteImages", "COLLECTION_NOT_FOUND", ipb.DeleteImagesRequest(collection="nowhere", image_ids=[MISSING])),
    ("DeleteImages", "IMAGE_NOT_FOUND", ipb.DeleteImagesRequest(collection="shared", image_ids=[MISSING])),
    ("ListSources", "BAD_REQUEST", ipb.ListSourcesRequest(collection="shared", page_size=1_001)),
    ("ListSources", "BAD_REQUEST", ipb.ListSourcesRequest(collection="shared", path_prefix="p" * 4_097)),
    ("ListSources", "BAD_PAGE_TOKEN", ipb.ListSourcesRequest(collection="shared", page_token="made up")),  # noqa: S106
    ("ListSources", "COLLECTION_NOT_FOUND", ipb.ListSourcesRequest(collection="nowhere")),
    ("RemoveSources", "BAD_REQUEST", ipb.RemoveSourcesRequest(collection="shared")),
    ("RemoveSources", "BAD_REQUEST", ipb.RemoveSourcesRequest(collection="shared", sightings=[ipb.Sighting()])),
    ("RemoveSources", "BAD_REQUEST", ipb.RemoveSourcesRequest(collection="shared", sightings=[SEEN] * 10_001)),
    ("RemoveSources", "COLLECTION_NOT_FOUND", ipb.RemoveSourcesRequest(collection="nowhere", sightings=[SEEN])),
    ("CreateCollection", "BAD_REQUEST", cpb.CreateCollectionRequest()),
    ("CreateCollection", "BAD_REQUEST", cpb.CreateCollectionRequest(collection=cpb.Collection(name="../up"))),
    ("CreateCollection", "COLLECTION_EXISTS", cpb.CreateCollectionRequest(collection=cpb.Collection(name="shared"))),
    ("GetCollection", "COLLECTION_NOT_FOUND", cpb.GetCollectionRequest(name="a" * 1_000_000)),
    ("UpdateImage", "BAD_REQUEST", ipb.UpdateImageRequest(update_mask={"paths": ["x" * 200_000]})),
    ("GetCollection", "COLLECTION_NOT_FOUND", cpb.GetCollectionRequest(name="nowhere")),
    ("ListCollections", "BAD_REQUEST", cpb.ListCollectionsRequest(page_size=1_001)),
    ("ListCollections", "BAD_PAGE_TOKEN", cpb.ListCollectionsRequest(page_token="made up")),  # noqa: S106
    ("UpdateCollection", "BAD_REQUEST", cpb.UpdateCollectionRequest()),
    (
        "UpdateCollection",
        "COLLECTION_NOT_FOUND",
        cpb.UpdateCollectionRequest(collection=cpb.Collection(name="nowhere")),
    ),
    ("DeleteCollection", "COLLECTION_NOT_FOUND", cpb.DeleteCollectionRequest(name="nowhere")),
    ("Embed", "BAD_REQUEST", spb.EmbedRequest(picture=tpb.Picture(content=GOOD), model="huge")),
    ("CreateCollection", "BAD_REQUEST", cpb.CreateCollectionRequest(collection=cpb.Collection(name="c"), model="huge")),
    ("ListImages", "BAD_REQUEST", ipb.ListImagesRequest(collection="shared", not_embedded_by="huge")),
    ("FindDuplicates", "BAD_REQUEST", ipb.FindDuplicatesRequest(collection="shared", max_distance=-0.1)),
    ("FindDuplicates", "BAD_REQUEST", ipb.FindDuplicatesRequest(collection="shared", max_distance=2.1)),
    ("FindDuplicates", "BAD_REQUEST", ipb.FindDuplicatesRequest(collection="shared", max_distance=float("nan"))),
    ("FindDuplicates", "BAD_FILTER", ipb.FindDuplicatesRequest(collection="shared", filter=SAME_SCENE)),
    ("FindDuplicates", "BAD_FILTER", ipb.FindDuplicatesRequest(collection="shared", filter=BAD_LABEL)),
    ("FindDuplicates", "COLLECTION_NOT_FOUND", ipb.FindDuplicatesRequest(collection="nowhere")),
    ("SwitchModel", "BAD_REQUEST", cpb.SwitchModelRequest(name="shared")),
    ("SwitchModel", "BAD_REQUEST", cpb.SwitchModelRequest(name="shared", model="huge")),
    ("SwitchModel", "COLLECTION_NOT_FOUND", cpb.SwitchModelRequest(name="nowhere", model="tiny:32")),
    ("SwitchModel", "REEMBED_INCOMPLETE", cpb.SwitchModelRequest(name="shared", model="tiny:32")),
    ("SwitchModel", "MODEL_MISMATCH", cpb.SwitchModelRequest(name="shared", model="tiny")),
]

STREAMED = {"SearchStream": {*dict(SEARCHES)}, "ImportImages": {*dict(IMPORTS)}, "ReembedImages": {*dict(REEMBEDS)}}
ABOUT_THE_SERVER = ("GetServerInfo", "GetServerLoad")
DISK_WRITERS = (
    "ImportImages",
    "UpdateImage",
    "DeleteImages",
    "RemoveSources",
    "CreateCollection",
    "UpdateCollection",
    "DeleteCollection",
    "ReembedImages",
    "SwitchModel",
)


def method(opened: Doors, name: str) -> Callable[..., Any]:
    services = (opened.search, opened.images, opened.collections)
    found: Callable[..., Any] = next(getattr(service, name) for service in services if hasattr(service, name))
    return found


@pytest.mark.parametrize(("name", "reason", "request_"), CALLS)
def test_unary_calls_fail_as_promised(shared: Doors, name: str, reason: str, request_: Any) -> None:
    failed = failure(partial(answered, method(shared, name), request_))
    assert (failed.code.name, failed.reason) == (CODES[reason], reason)
    assert len(failed.message) > 15, "a sentence"
    assert failed.retry_after_ms is None


def test_searches_of_a_stream_fail_alone_as_promised(shared: Doors) -> None:
    requests = [spb.SearchStreamRequest(tag=tag, search=request) for tag, (_, request) in enumerate(SEARCHES)]
    requests.append(spb.SearchStreamRequest(tag=1_000, search=search()))
    answers = {answer.tag: answer for answer in shared.search.SearchStream(iter(requests), timeout=30)}
    assert [answers[tag].error.reason for tag in range(len(SEARCHES))] == [reason for reason, _ in SEARCHES]
    assert answers[1_000].result.matches[0].distance == 0


def test_pictures_of_an_import_fail_alone_as_promised(shared: Doors) -> None:
    ids = shared.make("import-errors")
    assert ids == []
    requests = [*(request for _, request in IMPORTS), ipb.ImportImagesRequest(collection="import-errors", content=GOOD)]
    for tag, request in enumerate(requests):
        request.tag = tag
    answers = {answer.tag: answer for answer in shared.images.ImportImages(iter(requests), timeout=30)}
    assert [answers[tag].status.reason for tag in range(len(IMPORTS))] == [reason for reason, _ in IMPORTS]
    for tag, (reason, _) in enumerate(IMPORTS):
        assert answers[tag].status.code == grpc.StatusCode[CODES[reason]].value[0]
        assert answers[tag].outcome == ipb.ImportImagesResponse.OUTCOME_UNSPECIFIED
    assert answers[len(IMPORTS)].outcome == ipb.ImportImagesResponse.OUTCOME_CREATED


def test_pictures_of_a_re_embedding_fail_alone_as_promised(shared: Doors) -> None:
    embedded = [
        ipb.Embedded(image_id=sha256(content).hexdigest(), vector=vector(*[1.0] * 64), model_id="tiny-1")
        for content in (NO_PICTURE, LONG)
    ]
    shared.make("damaged")
    sent = (ipb.ImportImagesRequest(collection="damaged", embedded=each) for each in embedded)
    assert {answer.status.code for answer in shared.images.ImportImages(sent, timeout=30)} == {0}
    requests = [
        *(request for _, request in REEMBEDS),
        ipb.ReembedImagesRequest(collection="shared", model="tiny:32", content=GOOD),
    ]
    for tag, request in enumerate(requests):
        request.tag = tag
    answers = {answer.tag: answer for answer in shared.images.ReembedImages(iter(requests), timeout=30)}
    assert [answers[tag].status.reason for tag in range(len(REEMBEDS))] == [reason for reason, _ in REEMBEDS]
    for tag, (reason, _) in enumerate(REEMBEDS):
        assert answers[tag].status.code == grpc.StatusCode[CODES[reason]].value[0]
    assert answers[len(REEMBEDS)].status.code == 0
    assert answers[len(REEMBEDS)].image_id == sha256(GOOD).hexdigest()


def test_masks_name_only_what_can_change(shared: Doors) -> None:
    image = ipb.UpdateImageRequest(image=tpb.Image(collection="shared", id=MISSING))
    image.update_mask.paths.append("width")
    assert failure(lambda: shared.images.UpdateImage(image, timeout=10)).reason == "BAD_REQUEST"
    collection = cpb.UpdateCollectionRequest(collection=cpb.Collection(name="shared"))
    collection.update_mask.paths.append("dim")
    assert failure(lambda: shared.collections.UpdateCollection(collection, timeout=10)).reason == "BAD_REQUEST"


def stream_error(answers: Iterator[Any]) -> tpb.ItemStatus:
    answer = next(iter(answers))
    status: tpb.ItemStatus = answer.error if isinstance(answer, spb.SearchStreamResponse) else answer.status
    return status


def fail_of(opened: Doors, name: str, request: Any) -> Failure:
    """How one request fails, whether it travels alone or on a stream."""
    if name not in STREAMED:
        return failure(partial(answered, method(opened, name), request))
    status = stream_error(method(opened, name)(iter([request]), timeout=10))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return Failure(code, status.reason, status.message, status.retry_after_ms or None)


def asks(collection: str) -> dict[str, Any]:
    """One request for each rpc that computes."""
    content = picture_bytes(77)
    request = search(collection=collection, picture=tpb.Picture(content=content))
    return {
        "Search": request,
        "SearchStream": spb.SearchStreamRequest(search=request),
        "Embed": spb.EmbedRequest(picture=tpb.Picture(content=content)),
        "ImportImages": ipb.ImportImagesRequest(collection=collection, content=content),
        "ReembedImages": ipb.ReembedImagesRequest(collection=collection, model="gated", content=content),
    }


COMPUTING = ("Search", "SearchStream", "Embed", "ImportImages", "ReembedImages")
OF_ONE_MODEL = ("Search", "SearchStream", "ImportImages", "FindDuplicates")


@pytest.mark.parametrize("name", OF_ONE_MODEL)
def test_a_collection_of_another_model(tmp_path: Path, gated: None, name: str) -> None:
    with doors(data=tmp_path / "data") as opened:
        opened.make("old", range(2))
    with doors(data=tmp_path / "data", model="gated") as opened:
        asked = {**asks("old"), "FindDuplicates": ipb.FindDuplicatesRequest(collection="old")}
        failed = fail_of(opened, name, asked[name])
        assert (failed.code.name, failed.reason) == ("FAILED_PRECONDITION", "MODEL_MISMATCH")
        assert "tiny" in failed.message, "the message names the model that made the collection"
        assert len(opened.images.ListImages(ipb.ListImagesRequest(collection="old")).images) == 2


@pytest.mark.parametrize("name", ["Search", "SearchStream", "Embed"])
def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(gated: None, name: str) -> None:
    with doors(model="gated,tiny", max_waiting_images=1, max_batch=1) as opened:
        opened.make("busy")
        refused = threading.Event()
        with plugged.computing.shut():
            calls = [opened.search.Embed.future(asks("busy")["Embed"])]
            assert plugged.computing.reached.wait(10)
            # One is computed; of these two one may wait and the other is refused: then the room is full.
            for _ in range(2):
                calls.append(opened.search.Embed.future(asks("busy")["Embed"]))
                calls[-1].add_done_callback(lambda _: refused.set())
            assert refused.wait(10)
            failed = fail_of(opened, name, asks("busy")[name])
        assert (failed.code.name, failed.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
        assert failed.retry_after_ms
        codes = sorted(call.code().name for call in calls)
        assert codes == ["OK", "OK", "RESOURCE_EXHAUSTED"]


@pytest.mark.parametrize("name", COMPUTING)
def test_an_engine_error_tells_nothing_of_itself(gated: None, name: str) -> None:
    poison = encoded(Image.new("RGB", (32, 32), plugged.POISON))
    with doors(model="gated,tiny") as opened:
        ids = opened.make("ill", range(1))
        made_by_tiny(opened, poison)
        asked = asks("ill")
        asked["ReembedImages"] = ipb.ReembedImagesRequest(collection="tinys", model="gated", content=poison)
        asked["Search"].picture.content = asked["SearchStream"].search.picture.content = poison
        asked["Embed"].picture.content = asked["ImportImages"].content = poison
        failed = fail_of(opened, name, asked[name])
        assert (failed.code.name, failed.reason) == ("INTERNAL", "INTERNAL")
        assert "poison" not in failed.message
        assert opened.search.Search(without_query_in("ill", ids[0]), timeout=10) is not None, "the server lives on"


def made_by_tiny(opened: Doors, content: bytes) -> None:
    """A collection `tinys`, of the model `tiny`, that holds this picture."""
    request = cpb.CreateCollectionRequest(collection=cpb.Collection(name="tinys"), model="tiny")
    opened.collections.CreateCollection(request, timeout=10)
    sent = iter([ipb.ImportImagesRequest(collection="tinys", content=content)])
    assert [answer.status.code for answer in opened.images.ImportImages(sent, timeout=10)] == [0]


def without_query_in(collection: str, image_id: str) -> spb.SearchRequest:
    return spb.SearchRequest(collection=collection, image_id=image_id)


@pytest.mark.parametrize("name", DISK_WRITERS)
def test_a_full_disk_loses_nothing(tmp_path: Path, name: str) -> None:
    with doors(data=tmp_path, model="tiny,tiny:32") as opened:
        ids = opened.make("kept", range(3))
        renewed = [
            ipb.ReembedImagesRequest(collection="kept", model="tiny:32", content=picture_bytes(n)) for n in range(3)
        ]
        if name == "SwitchModel":
            assert {answer.status.code for answer in opened.images.ReembedImages(iter(renewed), timeout=10)} == {0}
        seen = [ipb.Sighting(image_id=ids[0], source=tpb.Source(path="/a"))]
        if name == "RemoveSources":
            again = ipb.ImportImagesRequest(collection="kept", image_id=ids[0], source=seen[0].source)
            assert {answer.status.code for answer in opened.images.ImportImages(iter([again]), timeout=10)} == {0}
        image = tpb.Image(collection="kept", id=ids[0], labels={f"k{n}": "v" * 1_000 for n in range(60)})
        collection = cpb.Collection(name="kept", description="d" * 1_000)
        request = {
            "ImportImages": ipb.ImportImagesRequest(collection="kept", content=picture_bytes(9)),
            "UpdateImage": ipb.UpdateImageRequest(image=image),
            "DeleteImages": ipb.DeleteImagesRequest(collection="kept", image_ids=ids[:1]),
            "RemoveSources": ipb.RemoveSourcesRequest(collection="kept", sightings=seen, remove_images=True),
            "CreateCollection": cpb.CreateCollectionRequest(collection=cpb.Collection(name="new")),
            "UpdateCollection": cpb.UpdateCollectionRequest(collection=collection),
            "DeleteCollection": cpb.DeleteCollectionRequest(name="kept"),
            "ReembedImages": renewed[0],
            "SwitchModel": cpb.SwitchModelRequest(name="kept", model="tiny:32"),
        }[name]
        with full_disk(tmp_path):
            failed = fail_of(opened, name, request)
        assert (failed.code.name, failed.reason) == ("RESOURCE_EXHAUSTED", "DISK_FULL")
        assert failed.retry_after_ms
        listed = opened.images.ListImages(ipb.ListImagesRequest(collection="kept"), timeout=10).images
        assert {image.id: dict(image.labels) for image in listed} == {image_id: {} for image_id in ids}
        assert len(opened.search.Search(without_query_in("kept", ids[0]), timeout=10).matches) == 2
        if name in STREAMED:
            retried = list(method(opened, name)(iter([request]), timeout=10))
            assert retried[0].status.code == 0
        else:
            method(opened, name)(request, timeout=10)


def asked_of_every_rpc() -> dict[str, Any]:
    """A well-formed request for each rpc of the three services."""
    image = tpb.Image(collection="c", id=MISSING)
    return {
        **asks("c"),
        "GetServerInfo": spb.GetServerInfoRequest(),
        "GetServerLoad": lpb.GetServerLoadRequest(),
        "FindMissingImages": ipb.FindMissingImagesRequest(collection="c"),
        "GetImage": ipb.GetImageRequest(collection="c", image_id=MISSING),
        "ListImages": ipb.ListImagesRequest(collection="c"),
        "UpdateImage": ipb.UpdateImageRequest(image=image),
        "DeleteImages": ipb.DeleteImagesRequest(collection="c", image_ids=[MISSING]),
        "ListSources": ipb.ListSourcesRequest(collection="c"),
        "RemoveSources": ipb.RemoveSourcesRequest(collection="c", sightings=[SEEN]),
        "FindDuplicates": ipb.FindDuplicatesRequest(collection="c"),
        "CreateCollection": cpb.CreateCollectionRequest(collection=cpb.Collection(name="c")),
        "GetCollection": cpb.GetCollectionRequest(name="c"),
        "ListCollections": cpb.ListCollectionsRequest(),
        "UpdateCollection": cpb.UpdateCollectionRequest(collection=cpb.Collection(name="c")),
        "DeleteCollection": cpb.DeleteCollectionRequest(name="c"),
        "SwitchModel": cpb.SwitchModelRequest(name="c", model="tiny"),
    }


def test_every_rpc_is_asked() -> None:
    names = {name for path in PROTOS.rglob("*_service.proto") for name in re.findall(r"rpc (\w+)\(", path.read_text())}
    assert asked_of_every_rpc().keys() == names


def test_every_rpc_asks_for_the_token() -> None:
    with doors(token="secret") as opened:  # noqa: S106
        for name, request in asked_of_every_rpc().items():
            stream = iter([request]) if name in STREAMED else request
            failed = failure(partial(answered, method(opened, name), stream))
            assert (failed.code.name, failed.reason) == ("UNAUTHENTICATED", "UNAUTHENTICATED"), name


def answered(call: Callable[..., Any], request: Any) -> Any:
    """The answer; a stream is read to its end, so that its error shows."""
    answer = call(request, timeout=10)
    return list(answer) if hasattr(answer, "__next__") else answer


def test_every_rpc_but_those_about_the_server_waits_for_the_model(tmp_path: Path, gated: None) -> None:
    server = BackgroundServer(Settings(data=tmp_path / "data", address="127.0.0.1:0", model=("gated",)))
    with plugged.loading.shut():
        starting = threading.Thread(target=server.start)
        starting.start()
        assert plugged.loading.reached.wait(10)
        opened = Doors(server.address)
        assert general_reasons(opened) == {"MODEL_LOADING"}
        load = opened.search.GetServerLoad(lpb.GetServerLoadRequest(), timeout=10)
        assert not load.models
        assert "MODEL_LOADING" in {count.reason for count in load.requests}
    starting.join(30)
    server.stop()


def test_every_rpc_but_those_about_the_server_refuses_newcomers_while_draining(tmp_path: Path, gated: None) -> None:
    server = BackgroundServer(Settings(data=tmp_path / "data", address="127.0.0.1:0", model=("gated",)))
    server.start()
    opened = Doors(server.address)
    with plugged.computing.shut():
        running = opened.search.Embed.future(asks("c")["Embed"])
        assert plugged.computing.reached.wait(10)
        stopping = drain(server, opened)
        streams = [failure(partial(answered, method(opened, name), iter([asks("c")[name]]))) for name in STREAMED]
        assert {failed.reason for failed in streams} == {"SHUTTING_DOWN"}
        assert general_reasons(opened, without=frozenset(STREAMED)) == {"SHUTTING_DOWN"}
    running.result(10)
    stopping.join(30)


def general_reasons(opened: Doors, without: frozenset[str] = frozenset()) -> set[str]:
    """The reasons why all rpcs but those about the server fail now, each with a word on when to come back."""
    fails = {
        name: fail_of(opened, name, request)
        for name, request in asked_of_every_rpc().items()
        if name not in (*ABOUT_THE_SERVER, *without)
    }
    assert all(failed.code is grpc.StatusCode.UNAVAILABLE and failed.retry_after_ms for failed in fails.values())
    return {failed.reason for failed in fails.values()}


def test_our_limit_on_bytes_speaks_before_the_transports() -> None:
    limit = 9 * 2**20
    with doors(max_image_bytes=limit) as opened:
        for size, reason in ((limit, "IMAGE_UNDECODABLE"), (limit + 1, "IMAGE_TOO_LARGE")):
            request = spb.EmbedRequest(picture=tpb.Picture(content=bytes(size)))
            assert fail_of(opened, "Embed", request).reason == reason


def test_streams_read_ahead_within_the_bytes_that_they_share(gated: None) -> None:
    with doors(model="gated", max_waiting_bytes=10) as opened:
        opened.make("slim")
        plugged.computed.clear()
        requests = (ipb.ImportImagesRequest(collection="slim", content=picture_bytes(seed)) for seed in range(6))
        answers = list(opened.images.ImportImages(requests, timeout=30))
        assert {answer.status.code for answer in answers} == {0}, "nothing is refused: the sender waits"
        assert [len(batch) for batch in plugged.computed] == [1] * 6, "one at a time"


@pytest.mark.parametrize(
    ("setting", "door"),
    [({"max_waiting_bytes": 10}, plugged.preparing), ({"max_wait_seconds": 0.0}, plugged.computing)],
)
def test_each_bound_on_waiting_refuses(gated: None, setting: dict[str, float], door: plugged.Door) -> None:
    refused = threading.Event()
    with doors(model="gated", max_batch=1, threads=1, **setting) as opened, door.shut():
        calls = [opened.search.Embed.future(asks("c")["Embed"]) for _ in range(3)]
        for call in calls:
            call.add_done_callback(lambda _: refused.set())
        assert refused.wait(10)
        assert grpc.StatusCode.RESOURCE_EXHAUSTED in {call.code() for call in calls if call.done()}
        assert 'lookalike_dropped_total{lane="interactive",reason="queue_full"}' in opened.metrics()


COVERED = {
    *((name, reason) for name, reason, _ in CALLS),
    *((name, reason) for name, reasons in STREAMED.items() for reason in reasons),
    *((name, "QUEUE_FULL") for name in COMPUTING),
    *((name, "INTERNAL") for name in COMPUTING),
    *((name, "MODEL_MISMATCH") for name in OF_ONE_MODEL),
    *((name, "DISK_FULL") for name in DISK_WRITERS),
}


def promised() -> set[tuple[str, str]]:
    """Every reason that stands in the comment above an rpc."""
    pairs = set()
    for path in PROTOS.rglob("*_service.proto"):
        for comment, name in re.findall(r"((?:^ *//.*\n)+) *rpc (\w+)\(", path.read_text(), re.MULTILINE):
            pairs |= {(name, reason) for reason in CODES if re.search(rf"\b{reason}\b", comment)}
    searched = {reason for name, reason in pairs if name == "Search"}
    return pairs | {("SearchStream", reason) for reason in searched}


def test_every_promised_pair_is_tested() -> None:
    assert len(promised()) > 50
    assert promised() - COVERED == set()

"""Re-embedding as the server does it: what is under way when the models change, and what a drain or a kill leaves."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import plugged
from tests.pictures import picture_bytes, write_pictures
from tests.rpc.conftest import Doors, doors

from lookalike import Client
from lookalike.v1 import collection_service_pb2 as cpb
from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb
from lookalike_server.process import ServerProcess, running

SEEDS = range(5)
MODELS = ("--model", "tiny", "--model", "tiny:32")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """A server whose first model waits at a door."""
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with doors(model="gated,tiny:32") as served:
        served.make("c", SEEDS)
        plugged.computed.clear()
        yield served


def stage(opened: Doors) -> list[tpb.ItemStatus]:
    requests = (ipb.ReembedImagesRequest(collection="c", model="tiny:32", content=picture_bytes(n)) for n in SEEDS)
    return [answer.status for answer in opened.images.ReembedImages(requests, timeout=30)]


def switch(opened: Doors) -> cpb.SwitchModelResponse:
    request = cpb.SwitchModelRequest(name="c", model="tiny:32")
    answer: cpb.SwitchModelResponse = opened.collections.SwitchModel(request, timeout=30)
    return answer


def test_an_import_under_way_at_the_switch_is_embedded_for_the_new_model(opened: Doors) -> None:
    assert {status.code for status in stage(opened)} == {0}
    with plugged.computing.shut():
        late = iter([ipb.ImportImagesRequest(collection="c", content=picture_bytes(77))])
        answers = opened.images.ImportImages(late, timeout=30)
        assert plugged.computing.reached.wait(10)
        assert switch(opened).collection.dim == 32
    assert [answer.status.code for answer in answers] == [0]
    request = spb.SearchRequest(collection="c", picture=tpb.Picture(content=picture_bytes(77)), limit=1)
    found = opened.search.Search(request, timeout=10)
    assert (found.model_id, found.matches[0].distance) == ("tiny-32-1", 0)


def test_a_search_under_way_at_the_switch_is_answered(opened: Doors) -> None:
    stage(opened)
    with plugged.computing.shut():
        request = spb.SearchRequest(collection="c", picture=tpb.Picture(content=picture_bytes(3)), limit=1)
        searching = opened.search.Search.future(request, timeout=30)
        assert plugged.computing.reached.wait(10)
        switch(opened)
    found = searching.result()
    assert (found.model_id, found.matches[0].distance) == ("tiny-32-1", 0)


def test_searches_go_on_while_images_are_embedded_again(opened: Doors) -> None:
    """By the model at the door: the other one's searches do not wait for it."""
    stage(opened)
    switch(opened)
    with plugged.computing.shut():
        request = ipb.ReembedImagesRequest(collection="c", model="gated", content=picture_bytes(1))
        answers = opened.images.ReembedImages(iter([request]), timeout=30)
        assert plugged.computing.reached.wait(10)
        search = spb.SearchRequest(collection="c", picture=tpb.Picture(content=picture_bytes(3)), limit=1)
        assert opened.search.Search(search, timeout=10).matches[0].distance == 0
    assert [answer.status.code for answer in answers] == [0]


def test_what_has_its_vector_is_not_computed_again(opened: Doors) -> None:
    stage(opened)
    switch(opened)
    requests = [ipb.ReembedImagesRequest(collection="c", model="gated", content=picture_bytes(1))] * 2
    for request in requests:
        assert [each.status.code for each in opened.images.ReembedImages(iter([request]), timeout=10)] == [0]
    assert len(plugged.computed) == 1


def test_its_pictures_are_counted_as_items_of_the_bulk_lane(opened: Doors) -> None:
    stage(opened)
    assert 'lookalike_requests_total{code="OK",method="ReembedImages/item",reason=""} 5.0' in opened.metrics()
    assert 'lookalike_stage_seconds_count{lane="bulk",stage="embed"}' in opened.metrics()


@pytest.mark.parametrize("kill_after", [pytest.param(1, marks=pytest.mark.slow), 30])
def test_killed_in_mid_reembedding_it_goes_on_where_it_stopped(tmp_path: Path, kill_after: int) -> None:
    write_pictures(tmp_path / "photos", range(60))
    data = tmp_path / "data"
    server = ServerProcess(data, *MODELS)
    staged: list[str] = []
    with Client(server.target) as looks:
        list(looks.import_folder(tmp_path / "photos", collection="c"))
        for step in looks.reembed("c", model="tiny:32"):
            staged.append(step.image_id)
            if len(staged) == kill_after:
                server.kill()
                break
    assert verified(data) == []
    with running(data, *MODELS) as again, Client(again.target) as looks:
        assert looks.search(picture_bytes(3), collection="c").model_id == "tiny-1"
        lacking = {image.id for image in looks.images("c", not_embedded_by="tiny:32")}
        assert not lacking & set(staged), "what was acknowledged is there"
        assert len(list(looks.reembed("c", model="tiny:32"))) == len(lacking)
        result = looks.search(picture_bytes(3), collection="c")
        assert (result.model_id, result[0].distance) == ("tiny-32-1", 0)
    assert verified(data) == []


def test_a_server_killed_under_the_sdk_is_waited_for(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos", range(100))
    data = tmp_path / "data"
    server = ServerProcess(data, *MODELS)
    with Client(server.target) as looks:
        list(looks.import_folder(tmp_path / "photos", collection="c"))
        steps = looks.reembed("c", model="tiny:32")
        first = next(steps)
        server.kill()
        again: list[ServerProcess] = []
        flags = (*MODELS, "--address", server.target)
        starting = threading.Thread(target=lambda: again.append(ServerProcess(data, *flags)))
        starting.start()
        rest = list(steps)
        starting.join()
        assert {step.error for step in (first, *rest)} == {None}
        assert looks.collection("c").model_id == "tiny-32-1"
    again[0].terminate()
    assert verified(data) == []


def verified(data: Path) -> list[str]:
    line = [sys.executable, "-m", "lookalike_server", "verify", "--data", str(data), *MODELS]
    findings: list[str] = json.loads(subprocess.run(line, capture_output=True, check=False).stdout)["findings"]
    return findings

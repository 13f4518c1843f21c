"""A server's life as its clients see it: loading, serving, deadlines, leaving, a dead engine, draining."""

import asyncio
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from PIL import Image
from tests import plugged
from tests.pictures import encoded, picture_bytes
from tests.rpc.conftest import Doors, doors, drain, failure

from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb
from lookalike_server.app import SERVICES, App
from lookalike_server.config import ConfigError, Settings, filled
from lookalike_server.errors import DataFolderError
from lookalike_server.testing import BackgroundServer, serve

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def embed_request(seed: int = 1) -> spb.EmbedRequest:
    return spb.EmbedRequest(picture=tpb.Picture(content=picture_bytes(seed)))


def health_of(channel: grpc.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status
    return answer


def settings(folder: Path, **others: Any) -> Settings:
    return filled({"data": folder, "address": "127.0.0.1:0", "model": "gated", "drain_seconds": 5.0, **others})


def test_a_loading_server_says_so_and_tells_what_it_is(tmp_path: Path, gated: None) -> None:
    server = BackgroundServer(settings(tmp_path / "data"))
    with plugged.loading.shut():
        starting = threading.Thread(target=server.start)
        starting.start()
        assert plugged.loading.reached.wait(10)
        opened = Doors(server.address)
        assert health_of(opened.channel) == NOT_SERVING
        failed = failure(lambda: opened.search.Embed(embed_request(), timeout=10))
        assert (failed.code.name, failed.reason) == ("UNAVAILABLE", "MODEL_LOADING")
        assert failed.retry_after_ms
        info = opened.search.GetServerInfo(spb.GetServerInfoRequest(), timeout=10)
        assert not info.ready
        assert info.limits.max_limit == 1_000
    starting.join(10)
    assert [health_of(opened.channel, service) for service in ("", *SERVICES)] == [SERVING] * 4
    assert opened.search.GetServerInfo(spb.GetServerInfoRequest(), timeout=10).ready
    opened.channel.close()
    server.stop()


def test_serving_means_warm(gated: None) -> None:
    with doors(model="gated"):
        assert [len(batch) for batch in plugged.computed] == [1, 2], "a pass of each kind came before SERVING"


def test_people_go_before_imports(gated: None) -> None:
    def grey(value: int) -> bytes:
        return encoded(Image.new("RGB", (32, 32), (value, value, value)))

    with doors(model="gated", max_batch=1) as opened:
        opened.make("lanes")
        plugged.computed.clear()
        with plugged.computing.shut():
            imports = (ipb.ImportImagesRequest(collection="lanes", content=grey(value)) for value in range(1, 9))
            stream = opened.images.ImportImages(imports)
            assert plugged.computing.reached.wait(10)
            until_waiting(opened, 7)
            person = opened.search.Search.future(
                spb.SearchRequest(collection="lanes", picture=tpb.Picture(content=grey(99)))
            )
            until_waiting(opened, 8)
        person.result(10)
        assert len(list(stream)) == 8
        assert [batch[0] for batch in plugged.computed].index(99) <= 2


def until_waiting(opened: Doors, count: int) -> None:
    """Return when so many pictures are in the waiting room, as the server tells."""
    while opened.waiting() != count:
        pass


def test_reflection_lists_the_services(shared: Doors) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(shared.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(stub.ServerReflectionInfo(iter([request]), timeout=10))
    names = {service.name for service in answer.list_services_response.service}
    assert {*SERVICES, "grpc.health.v1.Health"} <= names


def test_past_its_deadline_a_picture_is_dropped_not_computed(gated: None) -> None:
    with doors(model="gated", max_batch=1) as opened:
        plugged.computed.clear()
        with plugged.computing.shut():
            running = opened.search.Embed.future(embed_request())
            assert plugged.computing.reached.wait(10)
            failed = failure(lambda: opened.search.Embed(embed_request(2), timeout=0.3))
            assert failed.code == grpc.StatusCode.DEADLINE_EXCEEDED
            until_the_server_knows(opened)
        running.result(10)
        opened.search.Embed(embed_request(3), timeout=10)
        assert len(plugged.computed) == 2


def until_the_server_knows(opened: Doors) -> None:
    """Return when it has counted the caller that is gone: the client's clock may have been the first to ring."""
    gone, give_up = 'code="CANCELLED",method="Embed",reason="CANCELLED"} 1.0', time.monotonic() + 20
    while gone not in opened.metrics():
        assert time.monotonic() < give_up, "the server never gave the caller up"


def test_streams_that_are_left_are_no_errors_of_ours(shared: Doors, caplog: pytest.LogCaptureFixture) -> None:
    for seed in range(30):
        requests = (ipb.ImportImagesRequest(tag=n, collection="shared", content=picture_bytes(0)) for n in range(200))
        answers = shared.images.ImportImages(requests)
        for _ in range(seed):
            next(answers)
        answers.cancel()
    until_nobody_waits(shared)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def until_nobody_waits(opened: Doors) -> None:
    """Return when the server has seen the cancellations: it answers in order, and those came before this call."""
    for _ in range(3):
        opened.search.GetServerInfo(spb.GetServerInfoRequest(), timeout=10)


def test_a_dead_engine_turns_health_and_fails_who_waits(gated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fatal(BaseException):
        pass

    def die() -> None:
        raise Fatal

    with doors(model="gated") as opened:
        monkeypatch.setattr(plugged.computing, "pass_through", die)
        assert failure(lambda: opened.search.Embed(embed_request(), timeout=10)).code == grpc.StatusCode.INTERNAL
        watch: Any = health_pb2_grpc.HealthStub(opened.channel).Watch  # type: ignore[attr-defined]
        states = watch(health_pb2.HealthCheckRequest(), timeout=10)
        assert any(answer.status == NOT_SERVING for answer in states)
        assert failure(lambda: opened.search.Embed(embed_request(), timeout=10)).code == grpc.StatusCode.INTERNAL


def test_draining_answers_what_was_read_and_ends_streams_with_a_reason(tmp_path: Path, gated: None) -> None:
    server = BackgroundServer(settings(tmp_path / "data"))
    server.start()
    opened = Doors(server.address)
    opened.make("drained")
    done = threading.Event()

    def requests() -> Any:
        yield ipb.ImportImagesRequest(tag=1, collection="drained", content=picture_bytes(1))
        done.wait(30)  # a sender with more to send

    with plugged.computing.shut():
        answers = opened.images.ImportImages(requests())
        assert plugged.computing.reached.wait(10)
        stopping = drain(server, opened)
    assert next(answers).status.code == 0
    with pytest.raises(grpc.RpcError) as ended:
        next(answers)
    done.set()
    error: Any = ended.value
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert dict(error.trailing_metadata())["lookalike-reason"] == "SHUTTING_DOWN"
    stopping.join(30)
    opened.channel.close()
    with doors(data=tmp_path / "data", model="gated") as again:
        assert len(again.images.ListImages(ipb.ListImagesRequest(collection="drained")).images) == 1


def test_newcomers_while_draining_are_told(tmp_path: Path, gated: None) -> None:
    server = BackgroundServer(settings(tmp_path / "data"))
    server.start()
    opened = Doors(server.address)
    with plugged.computing.shut():
        running = opened.search.Embed.future(embed_request())
        assert plugged.computing.reached.wait(10)
        stopping = drain(server, opened)
        failed = failure(lambda: opened.search.Embed(embed_request(2), timeout=10))
        assert (failed.code.name, failed.reason) == ("UNAVAILABLE", "SHUTTING_DOWN")
        assert failed.retry_after_ms
    assert running.result(10).model_id == "gated-tiny-1"
    stopping.join(30)
    opened.channel.close()


def test_a_token_is_asked_for_everywhere_but_at_health(tmp_path: Path) -> None:
    with doors(token="secret") as opened:  # noqa: S106
        info = spb.GetServerInfoRequest()
        for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "secret"),)):
            failed = failure(partial(opened.search.GetServerInfo, info, metadata=metadata, timeout=10))
            assert (failed.code.name, failed.reason) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
        stream = opened.images.ImportImages(iter([]), timeout=10)
        assert failure(lambda: list(stream)).reason == "UNAUTHENTICATED"
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(opened.channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        assert failure(lambda: list(reflection.ServerReflectionInfo(iter([request])))).reason == "UNAUTHENTICATED"
        assert health_of(opened.channel) == SERVING
        right = (("authorization", "Bearer secret"),)
        assert opened.search.GetServerInfo(info, metadata=right, timeout=10).ready


def test_a_request_id_is_kept_and_given_back(shared: Doors) -> None:
    request = spb.SearchRequest(collection="nowhere", image_id="0" * 64)
    with pytest.raises(grpc.RpcError) as raised:
        shared.search.Search(request, metadata=(("x-request-id", "case-42"),), timeout=10)
    error: Any = raised.value
    assert dict(error.trailing_metadata())["lookalike-request-id"] == "case-42"


async def start_and_stop(made: Settings) -> None:
    app = App(made)
    try:
        await app.start()
    finally:
        await app.stop()


def test_a_taken_metrics_port_is_told(tmp_path: Path) -> None:
    with serve() as target, pytest.raises(ConfigError, match="another --metrics-address"):
        asyncio.run(start_and_stop(settings(tmp_path / "other", metrics_address=target, model="tiny")))


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with serve() as target, pytest.raises(ConfigError, match="choose another --address"):
        asyncio.run(start_and_stop(settings(tmp_path / "other", address=target, model="tiny")))


def test_a_data_folder_is_for_one_server(tmp_path: Path) -> None:
    with serve(data=tmp_path), pytest.raises(DataFolderError):
        asyncio.run(start_and_stop(settings(tmp_path, model="tiny")))


@pytest.mark.parametrize("address", ["50051", "localhost", "localhost:", "localhost:x", ":1", "localhost:70000"])
def test_an_address_is_host_and_port(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        asyncio.run(start_and_stop(settings(tmp_path, address=address, model="tiny")))

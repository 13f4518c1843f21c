"""A real server with more work than it can do, and with clients that leave or do not read."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from benchmarks.metrics import memory
from benchmarks.processor import seconds
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests import plugged
from tests.pictures import picture_bytes
from tests.rpc.conftest import Doors, doors, failure

from lookalike.v1 import collection_service_pb2 as cpb
from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb
from lookalike_server.process import running

MAX_BATCH = 4


@pytest.fixture(autouse=True)
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the model `gated` known."""
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@contextmanager
def busy(**settings: Any) -> Iterator[tuple[Doors, list[Any]]]:
    """A server whose engine holds one picture, and the calls that are to be answered once it goes on: at the end."""
    with doors(**{"model": "gated", "max_batch": MAX_BATCH, **settings}) as opened:
        opened.make("c")
        plugged.computed.clear()
        with plugged.computing.shut():
            calls = [opened.search.Embed.future(embed(0))]
            assert plugged.computing.reached.wait(10)
            yield opened, calls
        for call in calls:
            call.result(10)


def embed(seed: int) -> spb.EmbedRequest:
    return spb.EmbedRequest(picture=tpb.Picture(content=picture_bytes(seed)))


def search(seed: int) -> spb.SearchRequest:
    return spb.SearchRequest(collection="c", picture=tpb.Picture(content=picture_bytes(seed)))


def until(opened: Doors, *lines: str) -> None:
    """Return when the metrics have all these lines."""
    asked_until(lambda: all(f"\n{line}\n" in opened.metrics() for line in lines))


def until_waiting(opened: Doors, count: int) -> None:
    asked_until(lambda: opened.waiting() == count)


def asked_until(holds: Callable[[], bool]) -> None:
    """Ask the server again and again until it is so."""
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up, "the server never came to it"


def dropped(reason: str, count: int, lane: str = "interactive") -> str:
    return f'lookalike_dropped_total{{lane="{lane}",reason="{reason}"}} {count}.0'


def left(count: int) -> str:
    """What the metrics say once the server knows that so many callers of Embed are gone."""
    return f'lookalike_requests_total{{code="CANCELLED",method="Embed",reason="CANCELLED"}} {count}.0'


def test_of_calls_of_which_half_are_cancelled_only_the_others_are_computed() -> None:
    with busy() as (opened, answered):
        calls = [opened.search.Embed.future(embed(seed)) for seed in range(1, 41)]
        until_waiting(opened, 40)
        for call in calls[::2]:
            call.cancel()
        answered.extend(calls[1::2])
        until(opened, left(20))
    # The first call's batch was its own.
    assert sum(len(batch) for batch in plugged.computed) - 1 - 20 < MAX_BATCH


def test_what_was_cancelled_is_counted_by_reason_and_lane() -> None:
    with doors(model="gated", max_batch=MAX_BATCH) as opened:
        opened.make("c")
        with plugged.computing.shut():
            first = opened.search.Embed.future(embed(0))
            assert plugged.computing.reached.wait(10)
            person = opened.search.Embed.future(embed(1))
            requests = (ipb.ImportImagesRequest(collection="c", content=picture_bytes(seed)) for seed in range(2, 8))
            stream = opened.images.ImportImages(requests)
            until_waiting(opened, 7)
            person.cancel()
            stream.cancel()
            until(opened, 'lookalike_requests_total{code="CANCELLED",method="ImportImages",reason="CANCELLED"} 1.0')
        first.result(10)
        until(opened, dropped("cancelled", 1), dropped("cancelled", 6, "bulk"))


def test_deadlines_that_pass_in_the_queue_are_dropped_and_counted() -> None:
    with doors(model="gated", max_batch=MAX_BATCH) as opened:
        plugged.computed.clear()
        with plugged.computing.shut():
            first = opened.search.Embed.future(embed(0))
            assert plugged.computing.reached.wait(10)
            late = [opened.search.Embed.future(embed(seed), timeout=1.0) for seed in (1, 2, 3)]
            assert {failure(call.result).code for call in late} == {grpc.StatusCode.DEADLINE_EXCEEDED}
            # The server may end them a moment later, as it got to know of them later: by the next one's end it has.
            assert failure(lambda: opened.search.Embed(embed(4), timeout=0.2)).code == grpc.StatusCode.DEADLINE_EXCEEDED
            until(opened, left(4))
        first.result(10)
        opened.search.Embed(embed(5), timeout=10)
        drops = re.findall(r'dropped_total{lane="interactive",reason="deadline"} (\d)', opened.metrics())
        assert drops in (["3"], ["4"]), "whose time was up on the server too, and perhaps the one after them"
        assert sum(len(batch) for batch in plugged.computed) == 2, "the picture before them, and the one after"


def test_who_is_too_many_is_refused_before_decoding_and_while_the_engine_is_stuck() -> None:
    with busy(max_batch=1, max_wait_seconds=0.0) as (opened, calls):
        calls.append(opened.search.Embed.future(embed(1)))
        until_waiting(opened, 1)
        with plugged.preparing.shut():
            refused = failure(lambda: opened.search.Search(search(2), timeout=10))
            assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
            assert refused.retry_after_ms
            items = iter([spb.SearchStreamRequest(tag=7, search=search(3))])
            (item,) = opened.search.SearchStream(items, timeout=10)
            assert (item.tag, item.error.reason) == (7, "QUEUE_FULL")
            assert item.error.retry_after_ms
            assert not plugged.preparing.reached.is_set(), "nothing was decoded for them"


def test_an_import_is_not_refused_for_being_slow_but_waits() -> None:
    with doors(model="gated", max_batch=1, max_wait_seconds=0.0) as opened:
        opened.make("c")
        requests = (ipb.ImportImagesRequest(collection="c", content=picture_bytes(seed)) for seed in range(100))
        with plugged.computing.shut():
            answers = opened.images.ImportImages(requests, timeout=60)
            until_waiting(opened, 63)  # as many as there are places for, and one is in the engine
        assert {answer.status.code for answer in answers} == {0}


def test_a_picture_for_which_there_is_no_memory_is_refused_unread() -> None:
    with doors(model="gated", max_waiting_bytes=10) as opened:
        with plugged.preparing.shut():
            first = opened.search.Embed.future(embed(0))
            assert plugged.preparing.reached.wait(10)
            method = "/lookalike.v1.SearchService/Embed"
            send = opened.channel.stream_unary(method, spb.EmbedRequest.SerializeToString, spb.EmbedResponse.FromString)
            never = threading.Event()

            def silent() -> Iterator[spb.EmbedRequest]:
                """Sends nothing."""
                never.wait()
                yield from ()

            call = send.future(silent(), timeout=10)
            refused = failure(call.result)
            never.set()
            assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
            assert refused.retry_after_ms
            info = opened.search.GetServerInfo(spb.GetServerInfoRequest(), timeout=10)
            assert info.ready, "other calls are served"
        first.result(10)
        assert dropped("queue_full", 1) in opened.metrics()
        opened.search.Embed(embed(1), timeout=10)


def test_imports_do_not_take_the_memory_that_searches_need() -> None:
    with doors(model="gated", max_waiting_bytes=10) as opened:
        opened.make("c")
        with plugged.computing.shut():
            requests = (ipb.ImportImagesRequest(collection="c", content=picture_bytes(seed)) for seed in range(5))
            answers = opened.images.ImportImages(requests, timeout=30)
            assert plugged.computing.reached.wait(10)
            person = opened.search.Search.future(search(9), timeout=30)
            until_waiting(opened, 1)
        person.result(10)
        assert len(list(answers)) == 5


def test_a_reader_that_does_not_read_stalls_only_its_own_stream() -> None:
    with doors(model="tiny") as opened:
        (image_id,) = opened.make("c", range(1))
        sent = threading.Semaphore(0)

        def many() -> Iterator[spb.SearchStreamRequest]:
            """Of searches whose answers are large: the embedding of 4096 numbers that the query itself brings."""
            for tag in range(1, 200_000):
                sent.release()
                yield spb.SearchStreamRequest(
                    tag=tag, search=spb.SearchRequest(collection="c", image_id=image_id, include_embeddings=True)
                )

        deaf = opened.search.SearchStream(many())
        for _ in range(100):
            assert sent.acquire(timeout=10)
        other = (spb.SearchStreamRequest(tag=tag, search=search(tag)) for tag in range(1, 51))
        assert sorted(answer.tag for answer in opened.search.SearchStream(other, timeout=30)) == list(range(1, 51))
        imports = (ipb.ImportImagesRequest(collection="c", content=picture_bytes(seed)) for seed in range(1, 30))
        assert {answer.status.code for answer in opened.images.ImportImages(imports, timeout=30)} == {0}
        assert opened.search.Search(search(1), timeout=10).matches
        deaf.cancel()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_engine_that_dies_fails_all_who_wait_in_every_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fatal(BaseException):
        pass

    def die() -> None:
        raise Fatal

    with doors(model="gated", max_batch=MAX_BATCH) as opened:
        opened.make("c")
        with plugged.computing.shut():
            calls = [opened.search.Embed.future(embed(0))]
            assert plugged.computing.reached.wait(10)
            calls += [opened.search.Embed.future(embed(seed)) for seed in range(1, 6)]
            requests = (ipb.ImportImagesRequest(collection="c", content=picture_bytes(seed)) for seed in range(6, 12))
            stream = opened.images.ImportImages(requests, timeout=30)
            until_waiting(opened, 11)
            monkeypatch.setattr(plugged.computing, "pass_through", die)
        calls[0].result(10)
        assert {failure(call.result).code for call in calls[1:]} == {grpc.StatusCode.INTERNAL}
        assert {answer.status.reason for answer in stream} == {"INTERNAL"}
        health: Any = health_pb2_grpc.HealthStub(opened.channel)
        states = health.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        while next(states).status != health_pb2.HealthCheckResponse.NOT_SERVING:
            pass
        states.cancel()


def cancelled_streams(opened: Doors, collection: str, count: int, content: bytes) -> None:
    """Streams of pictures that are all new, left after their first answer; what they imported is deleted again."""
    opened.make(collection)
    for number in range(count):
        contents = (content + f"{collection} {number} {tag}".encode() for tag in range(1, 20))
        requests = (ipb.ImportImagesRequest(collection=collection, content=each) for each in contents)
        answers = opened.images.ImportImages(requests)
        next(answers)
        answers.cancel()
    opened.collections.DeleteCollection(cpb.DeleteCollectionRequest(name=collection))


@pytest.mark.slow
def test_cancelled_streams_leave_no_memory_and_an_idle_server_does_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--model", "tiny") as server:
        opened = Doors(server.target)
        content = picture_bytes(0, "JPEG")
        grown = []
        for number in range(4):
            before, _ = memory(server.pid)
            cancelled_streams(opened, f"round-{number}", 400, content)
            grown.append(memory(server.pid)[0] - before)
        # A leak grows in every round; memory that is kept for the next round does not.
        assert min(grown) < 3.2, f"8 KB a stream, whose 19 pictures have more than 40 KB; grown MiB by round: {grown}"
        used = seconds(server.pid)
        threading.Event().wait(3)  # idleness itself is what is measured
        assert seconds(server.pid) - used < 0.3
        opened.channel.close()


def test_the_measures_of_a_process_are_those_of_the_system() -> None:
    assert memory(os.getpid())[0] > 10
    assert seconds(os.getpid()) > 0

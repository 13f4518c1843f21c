"""Spans from the SDK's call to the server's stages, with OpenTelemetry's own SDK on both sides."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent import futures
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests import plugged
from tests.client.process import in_a_process
from tests.pictures import picture_bytes

from lookalike import AsyncClient, Client
from lookalike.errors import Cancelled, CollectionNotFound, DeadlineExceeded
from lookalike_server import tracing
from lookalike_server.config import ConfigError
from lookalike_server.process import running
from lookalike_server.testing import serve
from lookalike_server.tracing import exported

SEARCH = "lookalike.v1.SearchService/Search"
IMPORT = "lookalike.v1.ImageService/ImportImages"
STAGES = ("decode", "queue", "embed", "index")


@pytest.fixture(scope="module")
def memory() -> InMemorySpanExporter:
    """Where this process's spans end up; OpenTelemetry takes one provider for a process's life."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(memory: InMemorySpanExporter) -> Iterator["Spans"]:
    memory.clear()
    yield Spans(memory)
    memory.clear()


class Spans:
    """The spans that have ended."""

    def __init__(self, memory: InMemorySpanExporter) -> None:
        self._memory = memory

    def clear(self) -> None:
        self._memory.clear()

    def named(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> list[ReadableSpan]:
        return [span for span in self._memory.get_finished_spans() if (span.name, span.kind) == (name, kind)]

    def one(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> ReadableSpan:
        (span,) = self.named(name, kind)
        return span

    def below(self, parent: ReadableSpan) -> list[ReadableSpan]:
        """Its children, in the order of their starts."""
        children = [each for each in self._memory.get_finished_spans() if is_child(each, parent)]
        return sorted(children, key=lambda span: span.start_time or 0)


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    above, own = span.parent, parent.get_span_context()
    assert own is not None
    return above is not None and (above.trace_id, above.span_id) == (own.trace_id, own.span_id)


def times(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time, span.end_time


def assert_one_after_the_other_within(parent: ReadableSpan, children: list[ReadableSpan]) -> None:
    """To a tenth of a millisecond: stages are told by clocks of several threads."""
    slack = 100_000
    moments = [times(parent)[0], *(moment for child in children for moment in times(child)), times(parent)[1]]
    assert all(later >= earlier - slack for earlier, later in pairwise(moments)), moments


def test_a_search_by_picture_is_a_tree_from_the_callers_span_to_the_stages(spans: Spans) -> None:
    with serve() as target, Client(target) as looks:
        looks.create_collection("seen")
        with trace.get_tracer("application").start_as_current_span("a user's request"):
            looks.search(picture_bytes(1), collection="seen")
    application, client = spans.one("a user's request"), spans.one(SEARCH, SpanKind.CLIENT)
    server = spans.one(SEARCH, SpanKind.SERVER)
    assert is_child(client, application)
    assert is_child(server, client)
    stages = spans.below(server)
    assert [span.name for span in stages] == list(STAGES)
    assert_one_after_the_other_within(server, stages)
    assert times(client)[0] <= times(server)[0] < times(server)[1]
    assert server.attributes is not None
    assert server.attributes["rpc.response.status_code"] == "OK"
    assert client.status.status_code is server.status.status_code is StatusCode.UNSET


async def test_the_async_client_traces_as_well(spans: Spans) -> None:
    with serve() as target:
        async with AsyncClient(target) as looks:
            await looks.create_collection("seen")
            await looks.search(picture_bytes(1), collection="seen")
            [_ async for _ in looks.import_images([picture_bytes(1)], collection="seen")]
    assert is_child(spans.one(SEARCH, SpanKind.SERVER), spans.one(SEARCH, SpanKind.CLIENT))
    assert is_child(spans.one(IMPORT, SpanKind.SERVER), spans.one(IMPORT, SpanKind.CLIENT))


def test_an_import_is_one_span_with_each_picture_below_it(spans: Spans) -> None:
    with serve() as target, Client(target) as looks:
        list(looks.import_images([picture_bytes(2)], collection="seen"))
        spans.clear()
        list(looks.import_images([picture_bytes(1), b"broken"], collection="seen"))
    client, server = spans.one(IMPORT, SpanKind.CLIENT), spans.one(IMPORT, SpanKind.SERVER)
    assert [span.kind for span in spans.below(client)] == [SpanKind.CLIENT, SpanKind.SERVER], "the question, the stream"
    assert is_child(server, client)
    items = spans.below(server)
    assert [span.name for span in items] == ["ImportImages/item"] * 2
    good, bad = sorted(items, key=lambda span: span.status.status_code is StatusCode.ERROR)
    assert [span.name for span in spans.below(good)] == list(STAGES)
    assert_one_after_the_other_within(good, spans.below(good))
    assert bad.attributes is not None
    assert bad.attributes["error.type"] == "IMAGE_UNDECODABLE"
    assert not server.status.description, "one bad picture fails itself alone"


def test_a_call_that_fails_has_failed_spans_on_both_sides(spans: Spans) -> None:
    with serve() as target, Client(target) as looks, pytest.raises(CollectionNotFound):
        looks.search(picture_bytes(1), collection="none")
    for kind in (SpanKind.CLIENT, SpanKind.SERVER):
        span = spans.one(SEARCH, kind)
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes is not None
        assert span.attributes["error.type"] == "COLLECTION_NOT_FOUND"
        assert span.attributes["rpc.response.status_code"] == "NOT_FOUND"


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("gated")
def test_a_call_that_is_given_up_has_failed_spans_on_both_sides(spans: Spans) -> None:
    with serve(model="gated") as target, Client(target) as looks:
        looks.create_collection("seen")
        with plugged.computing.shut(), pytest.raises(DeadlineExceeded):
            looks.search(picture_bytes(1), collection="seen", timeout=0.5)
    for kind, reason in ((SpanKind.CLIENT, "DEADLINE_EXCEEDED"), (SpanKind.SERVER, "CANCELLED")):
        span = spans.one(SEARCH, kind)
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes is not None
        assert span.attributes["error.type"] == reason


@pytest.mark.usefixtures("gated")
async def test_a_task_that_is_cancelled_has_a_failed_span(spans: Spans) -> None:
    with serve(model="gated") as target:
        async with AsyncClient(target) as looks:
            await looks.create_collection("seen")
            with plugged.computing.shut():
                task = asyncio.create_task(looks.search(picture_bytes(1), collection="seen"))
                await asyncio.to_thread(plugged.computing.reached.wait, 10)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
    client = spans.one(SEARCH, SpanKind.CLIENT)
    assert client.status.status_code is StatusCode.ERROR
    assert client.attributes is not None
    assert client.attributes["error.type"] == "CancelledError"


def given_up(steps: Iterator[object]) -> None:
    with pytest.raises(Cancelled):
        next(steps)


@pytest.mark.usefixtures("gated")
def test_pictures_of_an_import_that_is_given_up_have_failed_spans(spans: Spans) -> None:
    with serve(model="gated") as target, Client(target) as looks, plugged.computing.shut():
        steps = looks.import_images([picture_bytes(1)], collection="seen")
        importing = threading.Thread(target=given_up, args=(steps,))
        importing.start()
        assert plugged.computing.reached.wait(10)
        looks.close()
        importing.join(10)
        while not spans.named(IMPORT, SpanKind.SERVER):
            pass
    assert spans.one(IMPORT, SpanKind.SERVER).status.status_code is StatusCode.ERROR
    (item,) = spans.named("ImportImages/item")
    assert item.status.status_code is StatusCode.ERROR


def test_closing_an_imports_iterator_is_no_failure_of_the_client(spans: Spans) -> None:
    with serve() as target, Client(target) as looks:
        steps = looks.import_images([picture_bytes(1), picture_bytes(2)], collection="seen")
        next(steps)
        steps.close()
    assert spans.one(IMPORT, SpanKind.CLIENT).status.status_code is StatusCode.UNSET


def test_what_the_sampler_does_not_want_has_no_spans_on_the_server(spans: Spans) -> None:
    refused = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    with serve() as target, grpc.insecure_channel(target) as channel:
        ask: Any = channel.unary_unary("/lookalike.v1.SearchService/GetServerInfo")
        ask(b"", timeout=10, metadata=tuple(refused.items()))
        assert spans.named("lookalike.v1.SearchService/GetServerInfo", SpanKind.SERVER) == []
        wanted = {"traceparent": refused["traceparent"][:-1] + "1"}
        ask(b"", timeout=10, metadata=tuple(wanted.items()))
    span = spans.one("lookalike.v1.SearchService/GetServerInfo", SpanKind.SERVER)
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"


def test_the_log_names_the_trace(spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "lookalike"), serve() as target, Client(target) as looks:
        looks.server_info()
    (record,) = [each for each in caplog.records if each.message == "GetServerInfo OK"]
    context = spans.one("lookalike.v1.SearchService/GetServerInfo", SpanKind.SERVER).get_span_context()
    assert context is not None
    assert vars(record)["trace_id"] == f"{context.trace_id:032x}"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes what OTLP exporters send."""

    def __init__(self) -> None:
        self.spans: dict[str, list[str]] = {}
        """Names of spans by the name of their service."""

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the rpc's name
        for each in request.resource_spans:
            service = {pair.key: pair.value.string_value for pair in each.resource.attributes}["service.name"]
            names = [span.name for scope in each.scope_spans for span in scope.spans]
            self.spans.setdefault(service, []).extend(names)
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A collector, and the endpoint at which it listens."""
    taken = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    add_taker: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add_taker(taken, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield taken, f"http://127.0.0.1:{port}"
    server.stop(None)


def test_the_standard_variable_sends_a_servers_spans_to_a_collector(
    collector: tuple[Collector, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, endpoint = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    with running(tmp_path / "data", "--model", "tiny") as server, Client(server.target) as looks:
        looks.embed(picture_bytes(1))
        assert server.terminate() == 0
    assert {"lookalike.v1.SearchService/Embed", "decode", "queue", "embed"} <= set(taken.spans["lookalike"])


def test_a_collector_that_is_away_hurts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with running(tmp_path / "data", "--model", "tiny") as server, Client(server.target) as looks:
        looks.embed(picture_bytes(1))
        assert server.terminate() == 0


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_leave_the_server_only_where_a_collector_is_named(environment: dict[str, str], asked: bool) -> None:
    assert tracing.is_asked_for(environment) is asked


BLOCKED = """
    import sys
    sys.modules["opentelemetry"] = None
"""
USE = """
    from lookalike import Client
    from lookalike_server.testing import serve
    from tests.pictures import picture_bytes

    with serve() as target, Client(target) as looks:
        (step,) = looks.import_images([picture_bytes(1)], collection="seen")
        assert step.error is None, step.error
        assert looks.search(picture_bytes(1), collection="seen")[0].distance < 1e-3
"""


SHOW = """
    import sys
    print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_without_the_package_everything_works() -> None:
    done = in_a_process(BLOCKED + USE)
    assert done.returncode == 0, done.stderr


def test_nothing_of_the_package_is_imported_where_nobody_uses_it() -> None:
    done = in_a_process(USE + SHOW)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_a_server_that_is_asked_for_traces_and_has_not_the_package_says_so_and_serves() -> None:
    done = in_a_process(
        BLOCKED
        + """
    import logging, os
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
    logging.basicConfig(format="%(message)s %(by)s")
    from lookalike_server.tracing import exported
    with exported():
        print("served")
    """
    )
    assert done.stdout == "served\n", done.stderr
    assert 'pip install "lookalike[otel]"' in done.stderr


def test_a_variable_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "zip")
    with pytest.raises(ConfigError, match="OTEL_"), exported():
        pass

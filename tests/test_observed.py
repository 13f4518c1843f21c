"""What an operator sees: log lines and metrics of a real server."""

import io
import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.pictures import picture_bytes
from tests.rpc.conftest import free_port

from lookalike import Client
from lookalike.errors import ImageUndecodable, Unauthenticated
from lookalike_server import logs
from lookalike_server.testing import serve


@contextmanager
def logged(style: str) -> Iterator[io.StringIO]:
    """The product's log while the block runs."""
    root = logging.getLogger("lookalike")
    before = root.handlers[:], root.level, root.propagate
    logs.setup(style)
    lines = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines)
    try:
        yield lines
    finally:
        root.handlers[:], root.level, root.propagate = before


def test_one_line_a_request_with_its_stages() -> None:
    with logged("json") as lines, serve() as target, Client(target) as looks:
        list(looks.import_images([picture_bytes(1), picture_bytes(2)], collection="seen"))
        looks.search(picture_bytes(1), collection="seen")
        with pytest.raises(ImageUndecodable):
            looks.search(b"broken", collection="seen")
    entries = [json.loads(line) for line in lines.getvalue().splitlines()]
    searches = [entry for entry in entries if entry["message"].startswith("Search ")]
    assert [entry["message"] for entry in searches] == ["Search OK", "Search INVALID_ARGUMENT"]
    assert searches[1]["reason"] == "IMAGE_UNDECODABLE"
    assert {"request_id", "decode_ms", "queue_ms", "embed_ms", "index_ms", "total_ms"} <= searches[0].keys()
    assert searches[0]["decode_ms"] > 0
    assert searches[0]["request_id"] != searches[1]["request_id"]
    streams = [entry for entry in entries if entry["message"] == "ImportImages OK"]
    assert len(streams) == 1, "a stream is one line"
    assert streams[0]["embed_ms"] > 0, "with its items' stages added up"


def test_a_clients_words_cannot_forge_a_line() -> None:
    with logged("text") as lines:
        logging.getLogger("lookalike.test").info("hello", extra={"path": "x\n2026 INFO forged"})
    assert lines.getvalue().count("\n") == 1


def test_metrics_count_by_stage_lane_and_reason() -> None:
    port = free_port()
    with serve(metrics_address=f"127.0.0.1:{port}") as target, Client(target) as looks:
        list(looks.import_images([picture_bytes(1), b"broken"], collection="counted"))
        looks.search(picture_bytes(1), collection="counted")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    for line in (
        'lookalike_requests_total{code="OK",method="Search",reason=""} 1.0',
        'lookalike_requests_total{code="OK",method="ImportImages/item",reason=""} 1.0',
        'lookalike_requests_total{code="INVALID_ARGUMENT",method="ImportImages/item",reason="IMAGE_UNDECODABLE"} 1.0',
        'lookalike_stage_seconds_count{lane="interactive",stage="decode"} 1.0',
        'lookalike_stage_seconds_count{lane="bulk",stage="embed"}',
        'lookalike_stage_seconds_count{lane="bulk",stage="queue"} 1.0',
        'lookalike_request_seconds_count{method="Search"} 1.0',
        'lookalike_request_seconds_count{method="ImportImages/item"} 1.0',
        'lookalike_batch_rows_count{lanes="interactive",model="',
        'lookalike_batch_seconds_count{lanes="bulk",model="',
        "lookalike_images 1.0",
        "lookalike_unindexed_images 0.0",
        "lookalike_held_bytes 0.0",
        "process_resident_memory_bytes ",
        'lookalike_waiting_images{lane="bulk",model="',
        'lookalike_waiting_bytes{lane="interactive",model="',
    ):
        assert line in text, line


def test_no_metrics_port_unless_asked() -> None:
    port = free_port()
    with serve(), pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)


def test_who_has_no_token_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with (
        caplog.at_level(logging.INFO, "lookalike"),
        serve(metrics_address=f"127.0.0.1:{port}", token="secret") as target,  # noqa: S106
        Client(target) as looks,
    ):
        with pytest.raises(Unauthenticated):
            looks.server_info()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert 'lookalike_requests_total{code="UNAUTHENTICATED"' in answer.read().decode()
    assert "GetServerInfo UNAUTHENTICATED" in caplog.messages

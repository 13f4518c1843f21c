"""Reaching a server, or not: deadlines, tokens, TLS, several servers."""

import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.certificates import certificate
from tests.client.faces import Connect
from tests.pictures import picture_bytes

from lookalike import Client, errors
from lookalike.v1.search_service_pb2 import GetServerInfoResponse, Limits
from lookalike.v1.search_service_pb2_grpc import SearchServiceServicer, add_SearchServiceServicer_to_server
from lookalike_server.testing import serve


def test_a_deadline_that_has_passed_is_exceeded(looks: Client) -> None:
    with pytest.raises(errors.DeadlineExceeded):
        looks.server_info(timeout=-1.0)


def test_nobody_answering_says_how_to_start_a_server(connect: Connect, free_port: int) -> None:
    with pytest.raises(errors.ServerUnavailable, match="lookalike serve"):
        connect(f"127.0.0.1:{free_port}").server_info()


def test_a_client_that_is_closed_says_so(looks: Client) -> None:
    looks.server_info()
    looks.close()
    looks.close()
    with pytest.raises(errors.ClientUnusable, match="closed"):
        looks.server_info()


def test_closing_ends_the_calls_of_other_threads_with_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
        looks = Client(f"127.0.0.1:{listener.getsockname()[1]}")
        call = threads.submit(looks.server_info)
        # Whoever answered here would never say a word.
        with listener.accept()[0]:
            looks.close()
            with pytest.raises(errors.Cancelled):
                call.result()


def test_closing_ends_a_stream_for_good() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
        looks = Client(f"127.0.0.1:{listener.getsockname()[1]}")
        looks._max_image_bytes = 1_000
        answer = threads.submit(next, looks.search_many([b"content"]))
        with listener.accept()[0]:
            looks.close()
            with pytest.raises(errors.Cancelled):
                answer.result()


class Leaving(SearchServiceServicer):
    """A server in the last moments of its drain: it cuts calls off, and gives no reason."""

    def Embed(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the rpc's name
        context.abort(grpc.StatusCode.CANCELLED, "cut off")

    def GetServerInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the rpc's name
        return GetServerInfoResponse(limits=Limits(max_image_bytes=1_000))


def test_a_call_cut_off_by_a_server_that_stops_may_be_tried_again(connect: Connect) -> None:
    server = grpc.server(ThreadPoolExecutor())
    add_SearchServiceServicer_to_server(Leaving(), server)
    looks = connect(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    with pytest.raises(errors.ConnectionBroken, match=r"went away before it answered \(cut off\)"):
        looks.embed(b"content")
    server.stop(grace=None).wait()


def test_a_token_opens_the_server(connect: Connect) -> None:
    token = secrets.token_hex()
    with serve(token=token) as target:
        (done,) = connect(target, token=token).import_images([picture_bytes(1)])
        assert done.outcome == "created"
        for other in (None, secrets.token_hex()):
            with pytest.raises(errors.Unauthenticated):
                connect(target, token=other).server_info()


def test_calls_spread_over_servers_and_survive_the_loss_of_one(connect: Connect) -> None:
    with serve() as staying, ExitStack() as leaving:
        other = leaving.enter_context(serve())
        looks = connect(f"ipv4:{staying},{other}")
        assert looks.server_info().ready
        leaving.close()
        assert all(looks.server_info().ready for _ in range(20))


def test_tls_needs_the_certificate_of_the_server(connect: Connect, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "here", "IP:127.0.0.1")
    with serve(tls_cert=str(cert), tls_key=str(key)) as target:
        assert connect(target, ca=cert).server_info().ready
        with pytest.raises(errors.ServerUnavailable, match="whether it needs TLS"):
            connect(target).server_info()
        with pytest.raises(errors.ServerUnavailable, match="TLS failed: its certificate is from nobody"):
            connect(target, tls=True).server_info()
        with pytest.raises(errors.ServerUnavailable, match="TLS failed: the files of `ca`, `cert` and `key` hold no"):
            connect(target, ca=key).server_info()


def test_a_certificate_for_another_name_is_said_to_be_one(connect: Connect, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "elsewhere", "DNS:elsewhere")
    failed = pytest.raises(errors.ServerUnavailable, match="TLS failed: its certificate is for another name")
    with serve(tls_cert=str(cert), tls_key=str(key)) as target, failed:
        connect(target, ca=cert).server_info()


def test_tls_to_a_server_without_it_says_so(connect: Connect, target: str) -> None:
    with pytest.raises(errors.ServerUnavailable, match="TLS failed: what answers there does not speak TLS"):
        connect(target, tls=True).server_info()


@pytest.mark.parametrize("target", ["", " ", "dns:///"])
def test_a_target_that_names_no_server_is_refused_in_words(connect: Connect, target: str) -> None:
    with pytest.raises(errors.BadRequest, match="give host:port"):
        connect(target)


@pytest.mark.parametrize("alone", ["cert", "key"])
def test_a_certificate_without_its_key_is_refused(connect: Connect, alone: str) -> None:
    with pytest.raises(errors.BadRequest, match="give both"):
        connect("localhost:1", **{alone: __file__})


def test_a_certificate_that_cannot_be_read_fails_at_once(connect: Connect) -> None:
    with pytest.raises(FileNotFoundError):
        connect("localhost:1", ca="missing.pem")

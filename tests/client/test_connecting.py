"""Reaching a server, or not: deadlines, tokens, TLS, several servers."""

import secrets
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.client.faces import Connect
from tests.pictures import picture_bytes

from lookalike import Client, errors
from lookalike_server.testing import serve


def test_a_deadline_that_is_too_short_is_exceeded(looks: Client) -> None:
    with pytest.raises(errors.DeadlineExceeded):
        looks.server_info(timeout=1e-9)


def test_nobody_answering_says_how_to_start_a_server(connect: Connect, free_port: int) -> None:
    with pytest.raises(errors.ServerUnavailable, match="lookalike serve"):
        connect(f"127.0.0.1:{free_port}").server_info()


def test_a_client_that_is_closed_says_so(looks: Client) -> None:
    looks.server_info()
    looks.close()
    looks.close()
    with pytest.raises(errors.ClientUnusable, match="closed"):
        looks.server_info()


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
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", "req", "-x509", *words, "subjectAltName=IP:127.0.0.1", *files]
    subprocess.run(command, check=True, capture_output=True)
    with serve(tls_cert=str(cert), tls_key=str(key)) as target:
        assert connect(target, ca=cert).server_info().ready
        for options in ({"tls": True}, {}):
            with pytest.raises(errors.ServerUnavailable):
                connect(target, **options).server_info()


def test_a_certificate_that_cannot_be_read_fails_at_once(connect: Connect) -> None:
    with pytest.raises(FileNotFoundError):
        connect("localhost:1", ca="missing.pem")

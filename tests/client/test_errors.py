import pickle

import grpc
import pytest

from lookalike import _failures, errors
from lookalike._channel import Lease
from lookalike.errors import LookalikeError
from lookalike.v1 import types_pb2
from lookalike_server import errors as server_errors


class Failed(grpc.RpcError):
    """What gRPC raises, with the trailers that a server sends."""

    def __init__(self, code: grpc.StatusCode, details: str, *trailers: tuple[str, str]) -> None:
        self._parts = code, details, trailers

    def code(self) -> grpc.StatusCode:
        return self._parts[0]

    def details(self) -> str:
        return self._parts[1]

    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]
        return self._parts[2]


def family(root: type[Exception]) -> list[type[Exception]]:
    return [kind for child in root.__subclasses__() for kind in (child, *family(child))]


AT_START_ONLY = {"EngineMissing", "ModelFileError", "DataFolderError"}
SERVER = [
    kind
    for kind in family(server_errors.LookalikeError)
    if kind.__module__ == server_errors.__name__ and kind.__name__ not in AT_START_ONLY
]
OURS = [LookalikeError, *family(LookalikeError)]


@pytest.mark.parametrize("kind", SERVER, ids=lambda kind: kind.__name__)
def test_every_error_of_the_server_has_a_class(kind: type[server_errors.LookalikeError]) -> None:
    raised = errors.error_class(kind.code, kind.reason)
    assert raised.reason == kind.reason
    assert raised.code == kind.code
    assert raised.__name__ in (kind.__name__, "InternalError")


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_errors_survive_pickling(kind: type[LookalikeError]) -> None:
    error = kind("no luck", retry_after=1.5)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert (copy.message, copy.code, copy.reason, copy.retry_after) == ("no luck", kind.code, kind.reason, 1.5)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_the_docstring_draws_every_class(kind: type[LookalikeError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_reasons_are_unique() -> None:
    reasons = [kind.reason for kind in family(LookalikeError) if issubclass(kind, LookalikeError)]
    assert len(reasons) == len(set(reasons))


def test_a_failed_call_becomes_the_class_of_its_reason() -> None:
    failed = Failed(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "come back later",
        ("lookalike-reason", "QUEUE_FULL"),
        ("retry-after-ms", "250"),
    )
    error = _failures.from_rpc(failed, "host:1")
    assert type(error) is errors.QueueFull
    assert (error.code, error.reason, error.message) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL", "come back later")
    assert error.retry_after == 0.25


def test_a_reason_from_the_future_becomes_the_class_of_its_code_and_keeps_its_name() -> None:
    failed = Failed(grpc.StatusCode.NOT_FOUND, "no such album", ("lookalike-reason", "ALBUM_NOT_FOUND"))
    error = _failures.from_rpc(failed, "host:1")
    assert type(error) is errors.NotFound
    assert error.reason == "ALBUM_NOT_FOUND"


def test_a_code_without_a_class_is_still_an_error_of_ours() -> None:
    error = _failures.from_rpc(Failed(grpc.StatusCode.UNIMPLEMENTED, ""), "host:1")
    assert type(error) is LookalikeError
    assert error.code == "UNIMPLEMENTED"
    assert "host:1" in error.message


def test_nobody_answering_names_the_target_and_the_way_to_start_a_server() -> None:
    error = _failures.from_rpc(Failed(grpc.StatusCode.UNAVAILABLE, "connection refused"), "host:1")
    assert type(error) is errors.ServerUnavailable
    assert "host:1" in error.message
    assert "lookalike serve" in error.message


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ("Stream removed (Socket closed)", errors.ConnectionBroken),
        ("recvmsg:Connection reset by peer (104)", errors.ConnectionBroken),
        ("keepalive watchdog timeout", errors.ConnectionBroken),
        ("failed to connect to all addresses; last error: UNKNOWN: Socket closed", errors.ServerUnavailable),
        ("connections to all backends failing; last error: UNKNOWN: Socket closed", errors.ServerUnavailable),
    ],
)
def test_a_connection_that_broke_is_told_from_one_that_never_was(
    details: str, kind: type[errors.LookalikeError]
) -> None:
    assert type(_failures.from_rpc(Failed(grpc.StatusCode.UNAVAILABLE, details), "host:1")) is kind


def test_a_call_that_nobody_here_ended_was_ended_by_a_server_that_went_away() -> None:
    error = _failures.from_rpc(Failed(grpc.StatusCode.CANCELLED, "RST_STREAM"), "host:1")
    assert type(error) is errors.ConnectionBroken
    assert error.code == "UNAVAILABLE"
    assert "host:1 went away" in error.message


def test_a_call_that_this_side_ended_or_that_has_a_reason_stays_cancelled() -> None:
    assert type(_failures.from_rpc(Failed(grpc.StatusCode.CANCELLED, ""), "host:1", closed=True)) is errors.Cancelled
    failed = Failed(grpc.StatusCode.CANCELLED, "", ("lookalike-reason", "CANCELLED"))
    assert type(_failures.from_rpc(failed, "host:1")) is errors.Cancelled


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ("Ssl handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: CERTIFICATE_VERIFY_FAILED", "whom this client"),
        ("Hostname Verification Check failed.", "another name"),
        ("Tls handshake failed: something new", "gRPC says why"),
    ],
)
def test_a_connection_that_fails_at_tls_says_so(details: str, words: str) -> None:
    error = _failures.from_rpc(Failed(grpc.StatusCode.UNAVAILABLE, details), "host:1")
    assert type(error) is errors.ServerUnavailable
    assert "host:1, TLS failed" in error.message
    assert words in error.message
    assert details in error.message


def test_an_items_status_becomes_an_error() -> None:
    status = types_pb2.ItemStatus(code=8, reason="DISK_FULL", message="no room", retry_after_ms=30_000)
    error = _failures.from_status(status)
    assert type(error) is errors.DiskFull
    assert (error.message, error.retry_after) == ("no room", 30.0)


def test_an_items_status_may_come_without_a_time_to_retry() -> None:
    assert _failures.from_status(types_pb2.ItemStatus(code=3, message="no")).retry_after is None


def test_an_items_reason_from_the_future_keeps_its_name() -> None:
    error = _failures.from_status(types_pb2.ItemStatus(code=3, reason="TOO_BLURRED", message="no"))
    assert type(error) is errors.InvalidArgument
    assert error.reason == "TOO_BLURRED"


def test_translated_lets_other_errors_pass() -> None:
    with pytest.raises(KeyError), _failures.translated("host:1", Lease()):
        raise KeyError

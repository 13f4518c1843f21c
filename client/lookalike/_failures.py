"""What came back instead of an answer, as an error of the SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import grpc

from lookalike._channel import Lease
from lookalike.errors import BadRequest, ConnectionBroken, LookalikeError, ServerUnavailable, error_class
from lookalike.v1 import types_pb2

_TLS = (
    ("Hostname Verification", "its certificate is for another name than this address"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is from nobody whom this client trusts; `ca` says whom to trust"),
    ("WRONG_VERSION_NUMBER", "what answers there does not speak TLS"),
    ("security handshaker", "the files of `ca`, `cert` and `key` hold no certificate, or do not belong together"),
    ("handshake failed", "gRPC says why"),
)
"""Words of gRPC's details, and what they say about a connection that failed at TLS; the first that occur hold."""

_NEVER_MADE = ("failed to connect", "connections to all backends")
_BROKEN = ("Stream removed", "Socket closed", "Connection reset", "Broken pipe", "timed out", "watchdog", "GOAWAY")
"""Words of gRPC's details: of a connection that never was, and, without those, of one that was and broke."""

_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def from_rpc(error: grpc.RpcError, target: str, *, closed: bool = False) -> LookalikeError:
    """The error for a call that failed; `closed` says that this side closed its channel."""
    trailers = dict(cast(Any, error.trailing_metadata() or ()))
    code, reason = error.code().name, trailers.get("lookalike-reason", "")
    if code == "UNAVAILABLE" and not reason:
        return _unconnected(target, error.details() or "")
    if code == "CANCELLED" and not reason and not closed:
        # Nobody here ended the call. A server that stops for good cuts off what it cannot finish, without a word.
        return ConnectionBroken(f"the server at {target} went away before it answered ({error.details()})")
    message = error.details() or f"the server at {target} answered {code}"
    return error_class(code, reason)(
        message, code=code, reason=reason, retry_after=_seconds(trailers.get("retry-after-ms"))
    )


def from_status(status: types_pb2.ItemStatus) -> LookalikeError:
    """The error for one item of a stream that failed."""
    code = _CODES.get(status.code, "UNKNOWN")
    wait = status.retry_after_ms if status.HasField("retry_after_ms") else None
    return error_class(code, status.reason)(status.message, code=code, reason=status.reason, retry_after=_seconds(wait))


@contextmanager
def translated(target: str, lease: Lease) -> Iterator[None]:
    """Errors of gRPC leave this block as errors of the SDK."""
    try:
        yield
    except grpc.RpcError as error:
        raise from_rpc(error, target, closed=lease.closed) from None


@contextmanager
def unsendable(kind: type[LookalikeError] = BadRequest, *also: type[Exception]) -> Iterator[None]:
    """What Python raises at values that no message holds, and `also`, leaves this block as an error of this kind."""
    expected: tuple[type[Exception], ...] = (ValueError, OverflowError, *also)
    try:
        yield
    except expected as error:
        raise kind(f"what was given cannot be sent: {error}") from error


def _unconnected(target: str, details: str) -> ServerUnavailable:
    if any(words in details for words in _BROKEN) and not any(words in details for words in _NEVER_MADE):
        return ConnectionBroken(f"the connection to {target} broke before it answered: call again ({details})")
    return ServerUnavailable(_no_connection(target, details))


def _no_connection(target: str, details: str) -> str:
    cause = next((cause for words, cause in _TLS if words in details), None)
    if cause:
        return f"no secure connection to {target}, TLS failed: {cause} ({details})"
    return (
        f"no Lookalike server answers at {target}: start one with `lookalike serve`, or check the address"
        f" and whether it needs TLS ({details})"
    )


def _seconds(milliseconds: str | int | None) -> float | None:
    return None if milliseconds is None else int(milliseconds) / 1000

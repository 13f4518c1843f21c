"""Domain errors as gRPC says them: a canonical code, a sentence, and the reason in trailing metadata."""

import logging

import grpc

from lookalike.v1 import types_pb2
from lookalike_server.errors import DataFolderError, LookalikeError

log = logging.getLogger("lookalike.rpc")

REASON = "lookalike-reason"
RETRY_AFTER = "retry-after-ms"
PUSHBACK = "grpc-retry-pushback-ms"
"""What gRPC's own retry policy reads (gRFC A6): milliseconds, or a negative number for "do not"."""
LONGEST_PUSHBACK_MS = 2000
"""A caller who would wait longer inside one call had better be told."""
REQUEST_ID = "lookalike-request-id"

Trailers = tuple[tuple[str, str], ...]


def status_code(error: LookalikeError) -> grpc.StatusCode:
    """The error's canonical code."""
    return grpc.StatusCode[error.code]


def trailers(error: LookalikeError, request_id: str) -> Trailers:
    """The trailing metadata that tells a client what to do."""
    always = ((REASON, error.reason), (REQUEST_ID, request_id))
    if error.retry_after is None:
        return always
    milliseconds = round(error.retry_after * 1000)
    pushback = milliseconds if milliseconds <= LONGEST_PUSHBACK_MS else -1
    return (*always, (RETRY_AFTER, str(milliseconds)), (PUSHBACK, str(pushback)))


def item_status(error: LookalikeError) -> types_pb2.ItemStatus:
    """The error of one item of a stream."""
    number = status_code(error).value[0]
    status = types_pb2.ItemStatus(code=number, reason=error.reason, message=error.message)
    if error.retry_after is not None:
        status.retry_after_ms = round(error.retry_after * 1000)
    return status


def as_domain(error: Exception, request_id: str) -> LookalikeError:
    """The error itself if the domain knows it; else a generic one, with the detail in the log."""
    if isinstance(error, LookalikeError) and error.reason != LookalikeError.reason:
        return error
    if isinstance(error, DataFolderError):  # its sentence is the detail, and says what to do
        log.error("the data folder cannot be used", extra={"request_id": request_id, "why": str(error)})
        return error
    log.error("internal error", exc_info=error, extra={"request_id": request_id})
    return LookalikeError(f"internal error: the server's log has the detail under request id {request_id}")

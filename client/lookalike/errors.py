"""Everything that can go wrong, one class per reason; no `grpc.RpcError` ever leaves the SDK.

    LookalikeError                 .code .reason .message .retry_after
    |-- InvalidArgument            the call must change before it can work
    |   |-- BadRequest             a field is missing or out of its range
    |   |-- BadFilter              the filter cannot be answered
    |   |-- BadPageToken           the listing has to start again
    |   |-- BadRegion              no box inside the picture, or no picture to cut it from
    |   |-- DimensionMismatch      a vector of the wrong length, or without a direction
    |   |-- ImageUndecodable       not a picture, cut short, or of no accepted format
    |   |-- ImageTooLarge          too many bytes (found before sending) or pixels
    |   `-- ImageUnreadable        the file cannot be read here; nothing was sent
    |-- NotFound
    |   |-- ImageNotFound
    |   |-- CollectionNotFound
    |   `-- SourceVanished         no file lies here where the image was seen
    |-- AlreadyExists
    |   `-- CollectionExists
    |-- FailedPrecondition
    |   |-- ModelMismatch          the collection belongs to a model that is not served, or to the one named already
    |   |-- ReembedIncomplete      images have no vector of the model that the collection shall be given to
    |   |-- SourceChanged          the file where the image was seen holds another picture now, or is being written to
    |   |-- FolderEmpty            no picture lies where many were seen: its disk may not be connected
    |   `-- ClientUnusable         closed, or used in a forked process or another event loop
    |-- ResourceExhausted          worth trying again after `retry_after` seconds
    |   |-- QueueFull
    |   `-- DiskFull
    |-- Unavailable                worth trying again
    |   |-- ModelLoading
    |   |-- ShuttingDown
    |   `-- ServerUnavailable      nobody answers at the target
    |       `-- ConnectionBroken   in mid-call: what was asked may have been done, or not
    |-- DeadlineExceeded
    |-- Cancelled
    |-- Unauthenticated
    `-- InternalError              a fault of the server; its log says more

A reason that this version does not know yet becomes the class of its code, and keeps its name in `reason`.
"""

from collections.abc import Iterator


class LookalikeError(Exception):
    """Base of all errors of the SDK."""

    code: str = "UNKNOWN"
    """Name of the canonical gRPC status code."""
    reason: str = "UNKNOWN"
    """Stable name of what happened, as the server sends it."""
    retry_after: float | None = None
    """Seconds after which the same call may work; None when the server gave none."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        reason: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.reason = reason or self.reason
        self.retry_after = retry_after

    @property
    def message(self) -> str:
        """What happened and what to do about it, for a person."""
        return str(self)


class InvalidArgument(LookalikeError):
    """The call must change before it can work."""

    code = reason = "INVALID_ARGUMENT"


class BadRequest(InvalidArgument):
    """A field is missing or outside the range that is stated for it."""

    reason = "BAD_REQUEST"


class BadFilter(InvalidArgument):
    """A filter that cannot be answered."""

    reason = "BAD_FILTER"


class BadPageToken(InvalidArgument):
    """The listing changed its terms between pages; start it again."""

    reason = "BAD_PAGE_TOKEN"


class BadRegion(InvalidArgument):
    """A region that is no box inside the picture, or that comes without a picture."""

    reason = "BAD_REGION"


class DimensionMismatch(InvalidArgument):
    """A vector of another length than the model's, or one without a direction (zeros, NaN)."""

    reason = "DIMENSION_MISMATCH"


class ImageUndecodable(InvalidArgument):
    """Bytes that are no picture, are cut short (a JPEG by more than half), or of a format that is not read."""

    reason = "IMAGE_UNDECODABLE"


class ImageTooLarge(InvalidArgument):
    """More bytes or pixels than the server accepts (`ServerInfo.limits`)."""

    reason = "IMAGE_TOO_LARGE"


class ImageUnreadable(InvalidArgument):
    """The picture cannot be read on this side; `__cause__` is the operating system's error."""

    reason = "IMAGE_UNREADABLE"


class NotFound(LookalikeError):
    """What the call names is not there."""

    code = reason = "NOT_FOUND"


class ImageNotFound(NotFound):
    """No image of this id in the collection."""

    reason = "IMAGE_NOT_FOUND"


class CollectionNotFound(NotFound):
    """No collection of this name."""

    reason = "COLLECTION_NOT_FOUND"


class SourceVanished(NotFound):
    """No file lies on this machine where the image was seen; nothing was sent."""

    reason = "SOURCE_VANISHED"


class AlreadyExists(LookalikeError):
    """What the call makes is there already."""

    code = reason = "ALREADY_EXISTS"


class CollectionExists(AlreadyExists):
    """The collection's name is taken."""

    reason = "COLLECTION_EXISTS"


class FailedPrecondition(LookalikeError):
    """The call does not fit the state of things."""

    code = reason = "FAILED_PRECONDITION"


class ModelMismatch(FailedPrecondition):
    """The collection belongs to a model that is not served, or already to the one that it shall be given to."""

    reason = "MODEL_MISMATCH"


class ReembedIncomplete(FailedPrecondition):
    """Images of the collection have no vector of the model that it shall be given to; it stays with its own."""

    reason = "REEMBED_INCOMPLETE"


class SourceChanged(FailedPrecondition):
    """The file where the image was seen holds other bytes now, or changes while it is read; nothing was sent."""

    reason = "SOURCE_CHANGED"


class FolderEmpty(FailedPrecondition):
    """A folder holds no picture of those that were seen there: `prune` is refused, as its disk may not be connected."""

    reason = "FOLDER_EMPTY"


class ClientUnusable(FailedPrecondition):
    """The client was closed, or belongs to another process or event loop; make a new one."""

    reason = "CLIENT_UNUSABLE"


class ResourceExhausted(LookalikeError):
    """The server has no room now; try again after `retry_after` seconds."""

    code = reason = "RESOURCE_EXHAUSTED"


class QueueFull(ResourceExhausted):
    """More work waits than the server can do in good time."""

    reason = "QUEUE_FULL"


class DiskFull(ResourceExhausted):
    """The server's disk has no room left; nothing was changed."""

    reason = "DISK_FULL"


class Unavailable(LookalikeError):
    """No answer now, but likely later."""

    code = reason = "UNAVAILABLE"


class ModelLoading(Unavailable):
    """The server has started but its model is not warm yet."""

    reason = "MODEL_LOADING"


class ShuttingDown(Unavailable):
    """The server finishes what it took on and takes nothing new."""

    reason = "SHUTTING_DOWN"


class ServerUnavailable(Unavailable):
    """Nobody answers at the target."""

    reason = "SERVER_UNAVAILABLE"


class ConnectionBroken(ServerUnavailable):
    """The connection broke before the answer was there, or the server left: it may have done what was asked, or not."""

    reason = "CONNECTION_BROKEN"


class DeadlineExceeded(LookalikeError):
    """The call took longer than its timeout."""

    code = reason = "DEADLINE_EXCEEDED"


class Cancelled(LookalikeError):
    """The call was ended before its answer by this side, which closed the client."""

    code = reason = "CANCELLED"


class Unauthenticated(LookalikeError):
    """The server asks for a token and the client has none, or another."""

    code = reason = "UNAUTHENTICATED"


class InternalError(LookalikeError):
    """A fault of the server; its log has the detail."""

    code = reason = "INTERNAL"


def _family(root: type[LookalikeError]) -> Iterator[type[LookalikeError]]:
    for child in root.__subclasses__():
        yield child
        yield from _family(child)


_BY_REASON = {kind.reason: kind for kind in _family(LookalikeError)}


def error_class(code: str, reason: str) -> type[LookalikeError]:
    """The class for a reason, or else for a code, or else the base of all."""
    return _BY_REASON.get(reason) or _BY_REASON.get(code) or LookalikeError

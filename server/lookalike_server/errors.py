"""Everything that can go wrong with a request, as the domain says it; `rpc` turns it into a status.

Each class fixes a canonical gRPC code and a stable reason name, which clients may branch on. The message says what
happened and what to do about it. Which stage raises which:

    request --> admission --> decode ------> batch ---------> catalog
                |             |              |                |
                |             |              |                +-- ImageNotFound, CollectionNotFound, CollectionExists,
                |             |              |                    ModelMismatch, DimensionMismatch, ReembedIncomplete,
                |             |              |                    DiskFull
                |             |              +------------------- DeadlineExceeded, ShuttingDown, EngineFailed
                |             +---------------------------------- ImageUndecodable, ImageTooLarge, BadRegion,
                |                                                 DeadlineExceeded, ShuttingDown
                +------------------------------------------------ QueueFull, DeadlineExceeded
    before any of them:  BadRequest, BadFilter, BadPageToken, ModelLoading, Unauthenticated
"""

from typing import ClassVar

MAX_MESSAGE = 1000
"""Characters; gRPC carries messages in headers, of which 8 KB may be the limit."""


class LookalikeError(Exception):
    """Base of all domain errors."""

    code: ClassVar[str] = "INTERNAL"
    """Name of the canonical gRPC status code."""
    reason: ClassVar[str] = "INTERNAL"
    """Stable name, sent in the trailer `lookalike-reason`."""
    retry_after: float | None = None
    """Seconds after which a retry makes sense; None when it does not."""

    @property
    def message(self) -> str:
        """The sentence for the caller, short enough for any transport whatever a caller's own words do to it."""
        words = str(self)
        return words if len(words) <= MAX_MESSAGE else words[: MAX_MESSAGE - 3] + "..."


class BadRequest(LookalikeError):
    """A field is missing or outside the range that the proto states."""

    code = "INVALID_ARGUMENT"
    reason = "BAD_REQUEST"


class BadFilter(BadRequest):
    """A filter that cannot be answered."""

    reason = "BAD_FILTER"


class BadPageToken(BadRequest):
    """A page token that this server did not give out for this listing."""

    reason = "BAD_PAGE_TOKEN"


class BadRegion(BadRequest):
    """A region that is not a box inside the picture."""

    reason = "BAD_REGION"


class DimensionMismatch(BadRequest):
    """An embedding of the wrong length, or one that holds no direction (zeros, NaN)."""

    reason = "DIMENSION_MISMATCH"


class ImageUndecodable(BadRequest):
    """Bytes that are no picture, are cut short (a JPEG by more than half), or are of a format that is not read."""

    reason = "IMAGE_UNDECODABLE"


class ImageTooLarge(BadRequest):
    """More bytes or pixels than the server accepts."""

    reason = "IMAGE_TOO_LARGE"


class ImageNotFound(LookalikeError):
    """No image of this id in the collection."""

    code = "NOT_FOUND"
    reason = "IMAGE_NOT_FOUND"


class CollectionNotFound(LookalikeError):
    """No collection of this name."""

    code = "NOT_FOUND"
    reason = "COLLECTION_NOT_FOUND"


class CollectionExists(LookalikeError):
    """The name is taken."""

    code = "ALREADY_EXISTS"
    reason = "COLLECTION_EXISTS"


class ModelMismatch(LookalikeError):
    """The collection's vectors were made by another model than those that this server runs, or than the one named."""

    code = "FAILED_PRECONDITION"
    reason = "MODEL_MISMATCH"


class ReembedIncomplete(LookalikeError):
    """Images of the collection have no vector of the model that it shall be given to."""

    code = "FAILED_PRECONDITION"
    reason = "REEMBED_INCOMPLETE"


class QueueFull(LookalikeError):
    """More work waits than can be done in good time."""

    code = "RESOURCE_EXHAUSTED"
    reason = "QUEUE_FULL"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DiskFull(LookalikeError):
    """The data folder's disk has no room left; nothing was changed."""

    code = "RESOURCE_EXHAUSTED"
    reason = "DISK_FULL"
    retry_after = 30.0


class DeadlineExceeded(LookalikeError):
    """The caller's deadline passed while the picture waited: it was dropped before compute."""

    code = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_EXCEEDED"


class ModelLoading(LookalikeError):
    """The server has started but its model is not warm yet."""

    code = "UNAVAILABLE"
    reason = "MODEL_LOADING"
    retry_after = 1.0


class ShuttingDown(LookalikeError):
    """The server is draining: it finishes what it took on and takes nothing new."""

    code = "UNAVAILABLE"
    reason = "SHUTTING_DOWN"
    retry_after = 1.0

    def __init__(self) -> None:
        super().__init__("the server is shutting down: send this to another, or again when it is back")


class Unauthenticated(LookalikeError):
    """The server asks for a token and the call bears none, or another."""

    code = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class EngineFailed(LookalikeError):
    """The network failed on a batch; the log has the detail."""


class EngineMissing(LookalikeError):
    """The engine asked for is not installed; raised at start, never by a request."""


class ModelFileError(LookalikeError):
    """A model's file is missing, damaged or not what it claims to be; raised at start."""


class TrainingDataError(LookalikeError):
    """The pictures given for training or evaluation cannot serve; raised by commands, never by a request."""


class DataFolderError(LookalikeError):
    """The data folder cannot be used: locked by another server, unreadable or damaged; or it vanished meanwhile.

    Raised at start, and by whatever would write to a folder that is gone.
    """


class DamagedCatalog(DataFolderError):
    """What lies in the data folder is damaged; the message names the ways out. Raised at start and by commands."""


class BackupError(LookalikeError):
    """A backup cannot be made or restored; raised by commands, never by a request."""

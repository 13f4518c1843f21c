"""What imports of every kind share: the rpc and its window, what its answers mean, and how far the import has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from lookalike import _failures, _messages, types
from lookalike._exchange import Exchange, Item
from lookalike.errors import BadRequest, CollectionNotFound, LookalikeError, ModelMismatch
from lookalike.v1 import image_service_pb2 as images_pb2

WINDOW = 64
"""Items under way at once, as many as the server reads ahead."""

MAX_ENVELOPE = 1 << 20
"""Bytes that a server accepts around a picture: more would break the stream for every item."""

OWN_FAULTS = (TypeError, AttributeError)
"""What an item's own values raise besides: labels that are no text, a file that is none."""

_OUTCOMES = {
    images_pb2.ImportImagesResponse.OUTCOME_CREATED: types.ImportOutcome.CREATED,
    images_pb2.ImportImagesResponse.OUTCOME_EXISTED: types.ImportOutcome.EXISTED,
}


@dataclass(slots=True, kw_only=True)
class Arriving:
    """An item on its way: its place among those given, and what is known of it."""

    index: int
    source: types.Source | None
    labels: Mapping[str, str]
    image_id: str | None = None


Job = TypeVar("Job", bound=Arriving)


class Arrivals(Exchange[Item, Job, types.ImportProgress]):
    """One import. `total` is the number of items where it is known; `labels` go to every image."""

    rpc = "ImportImages"
    max_items = WINDOW

    def __init__(self, collection: str, labels: Mapping[str, str] | None, total: int | None) -> None:
        super().__init__()
        self._collection = collection
        self._labels = dict(labels or {})
        self._total = total
        self._taken = self._done = self._sent_bytes = 0

    def _envelope(self, tag: int, job: Job) -> images_pb2.ImportImagesRequest:
        """The request without its payload. Raises BadRequest where its labels are too large to be sent."""
        request = images_pb2.ImportImagesRequest(
            tag=tag,
            collection=self._collection,
            source=_messages.source(job.source),
            labels=_messages.labels({**self._labels, **job.labels}),
        )
        if request.ByteSize() > MAX_ENVELOPE:
            raise BadRequest(f"labels and path take {request.ByteSize():,} bytes, and servers accept a megabyte")
        return request

    def _error(self, answer: images_pb2.ImportImagesResponse) -> LookalikeError | None:
        return _failures.from_status(answer.status) if answer.status.code else None

    def _conclude(self, job: Job, answer: images_pb2.ImportImagesResponse, error: LookalikeError | None) -> None:
        if isinstance(error, CollectionNotFound | ModelMismatch):
            # Every other item would fare the same.
            raise error
        if error is not None:
            self._settled.append(self._failure(job, error))
        else:
            self._settled.append(self._progress(job, _OUTCOMES[answer.outcome], answer.image_id, None))

    def _failure(self, job: Job, error: LookalikeError) -> types.ImportProgress:
        return self._progress(job, types.ImportOutcome.FAILED, job.image_id, error)

    def _progress(
        self, job: Job, outcome: types.ImportOutcome, image_id: str | None, error: LookalikeError | None
    ) -> types.ImportProgress:
        self._done += 1
        return types.ImportProgress(
            done=self._done,
            total=self._total,
            index=job.index,
            path=job.source.path if job.source else None,
            outcome=outcome,
            image_id=image_id,
            error=error,
            sent_bytes=self._sent_bytes,
        )

"""Importing images that come as ready embeddings, without their pictures."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lookalike import _failures, _messages, types
from lookalike._arrivals import OWN_FAULTS, Arrivals, Arriving
from lookalike.errors import BadRequest, LookalikeError
from lookalike.v1 import image_service_pb2 as images_pb2


@dataclass(slots=True, kw_only=True)
class Delivery(Arriving):
    """One image on its way: first its embedding, then its further sources one by one, by the id that it has by then."""

    given: types.Embedded
    more: deque[types.Source] = field(default_factory=deque)
    outcome: images_pb2.ImportImagesResponse.Outcome | None = None
    """What became of the embedding; None before that is known."""


class ImportEmbedded(Arrivals[types.Embedded, Delivery]):
    """One import of embeddings that the model of this id has made; `sent_bytes` counts those of vectors."""

    def __init__(self, collection: str, labels: Mapping[str, str] | None, total: int | None, model_id: str) -> None:
        super().__init__(collection, labels, total)
        self._model_id = model_id

    @property
    def room(self) -> int:
        """What the window has room for."""
        return 0 if self._ended else self.max_items - len(self._waiting) - len(self._under_way)

    def _take(self, items: Sequence[types.Embedded]) -> None:
        for item in items:
            if not isinstance(item, types.Embedded):
                raise TypeError(f"import_embedded takes Embedded images, not {type(item).__name__}")
            self._waiting.append(
                Delivery(
                    index=self._taken,
                    source=item.source,
                    labels=item.labels,
                    image_id=item.image_id,
                    given=item,
                )
            )
            self._taken += 1

    @_failures.unsendable(BadRequest, *OWN_FAULTS)
    def _request(self, tag: int, job: Delivery) -> images_pb2.ImportImagesRequest:
        request = self._envelope(tag, job)
        if job.outcome is not None:
            request.image_id = job.given.image_id
            return request
        for source in job.given.more_sources:
            _messages.source(source)  # what cannot be sent fails before anything is
        job.more = deque(job.given.more_sources)
        request.embedded.CopyFrom(_messages.embedded(job.given, self._model_id))
        self._sent_bytes += len(request.embedded.vector.float32_le)
        return request

    def _conclude(self, job: Delivery, answer: images_pb2.ImportImagesResponse, error: LookalikeError | None) -> None:
        if error is None:
            job.outcome = answer.outcome if job.outcome is None else job.outcome
            answer.outcome = job.outcome
            if job.more:
                job.source = job.more.popleft()
                self._waiting.appendleft(job)
                return
        job.source = job.given.source
        super()._conclude(job, answer, error)

"""Importing images that come as ready embeddings, without their pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookalike import _failures, _messages, types
from lookalike._arrivals import OWN_FAULTS, Arrivals, Arriving
from lookalike.errors import BadRequest
from lookalike.v1 import image_service_pb2 as images_pb2


@dataclass(slots=True, kw_only=True)
class Delivery(Arriving):
    """One image on its way."""

    given: types.Embedded


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
                    path=item.source.path if item.source else None,
                    modified=item.source.modified if item.source else None,
                    labels=item.labels,
                    image_id=item.image_id,
                    given=item,
                )
            )
            self._taken += 1

    @_failures.unsendable(BadRequest, *OWN_FAULTS)
    def _request(self, tag: int, job: Delivery) -> images_pb2.ImportImagesRequest:
        request = self._envelope(tag, job)
        request.embedded.CopyFrom(_messages.embedded(job.given, self._model_id))
        self._sent_bytes += len(request.embedded.vector.float32_le)
        return request

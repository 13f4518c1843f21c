"""Importing pictures: their hashes first, then only the bytes that the collection does not hold.

Items come in batches: each picture is hashed, the server is asked which ids it misses, and those go out with their
bytes, the others as their id with source and labels. Where the collection is empty there is nothing to ask, and no
hash is computed. A file is read again when it is sent, so memory holds no more than the window. What was not
acknowledged goes out again: importing twice changes nothing, so an import may also be rerun.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookalike import _calls, _failures, containers, pictures, types
from lookalike._arrivals import OWN_FAULTS, Arrivals, Arriving
from lookalike._parcel import Parcel
from lookalike.errors import BadRequest, ImageNotFound, ImageUnreadable, LookalikeError
from lookalike.v1 import image_service_pb2 as images_pb2

Importable = pictures.Picture | types.ImportItem | types.Sighting
"""A picture, one with what is known of it, or an image that the collection holds and where it was seen besides."""

BATCH = 64
"""Pictures hashed together; their ids travel in one question."""


@dataclass(slots=True, kw_only=True)
class Upload(Arriving):
    """One picture on its way, and whether its bytes have to travel; a sighting has none."""

    picture: pictures.Picture | None
    is_missing: bool = True


class Import(Arrivals[Importable, Upload]):
    """One import of pictures; `sent_bytes` counts theirs. A collection that `is_empty` misses them all."""

    def __init__(
        self,
        collection: str,
        labels: Mapping[str, str] | None,
        total: int | None,
        max_image_bytes: int,
        *,
        is_empty: bool,
    ) -> None:
        super().__init__(collection, labels, total)
        self._max_image_bytes = max_image_bytes
        self._is_empty = is_empty
        self._fresh: list[Upload] = []
        self._hashed: list[Upload] = []

    @property
    def room(self) -> int:
        """A whole batch, as soon as the last one is out."""
        return 0 if self._ended or self._fresh or self._hashed or self._waiting else BATCH

    @property
    def is_done(self) -> bool:
        """Whether every item is settled."""
        return super().is_done and not (self._fresh or self._hashed)

    def question(self) -> _calls.Call[list[str]] | None:
        """Hash what was fed, and ask which of it is missing, unless all is."""
        fresh, self._fresh = self._fresh, []
        for upload in fresh:
            try:
                self._look_at(upload)
            except LookalikeError as error:
                self._settled.append(self._failure(upload, error))
            else:
                self._hashed.append(upload)
        image_ids = [upload.image_id for upload in self._hashed if upload.image_id and upload.picture is not None]
        if not image_ids:
            self._proceed()
        return _calls.find_missing(image_ids, self._collection) if image_ids else None

    def learn(self, answer: list[str]) -> None:
        """These ids have to travel as bytes."""
        missing = set(answer)
        for upload in self._hashed:
            upload.is_missing = upload.picture is not None and upload.image_id in missing
        self._proceed()

    def _look_at(self, upload: Upload) -> None:
        if upload.picture is None:
            return
        with _failures.unsendable(ImageUnreadable, *OWN_FAULTS):
            taken = containers.taken_out(upload.picture, self._max_image_bytes)
            upload.picture = pictures.readable_twice(taken, self._max_image_bytes)
            if not self._is_empty:
                upload.image_id = pictures.fingerprint(upload.picture, self._max_image_bytes)

    def _proceed(self) -> None:
        self._waiting.extend(self._hashed)
        self._hashed.clear()

    def _take(self, items: Sequence[Importable]) -> None:
        for item in items:
            self._fresh.append(_upload(item, self._taken))
            self._taken += 1

    @_failures.unsendable(BadRequest, *OWN_FAULTS)
    def _request(self, tag: int, job: Upload) -> images_pb2.ImportImagesRequest | Parcel:
        request = self._envelope(tag, job)
        if job.picture is None or not job.is_missing:
            request.image_id = job.image_id or ""
            return request
        with _failures.unsendable(ImageUnreadable, *OWN_FAULTS):
            content = pictures.content(job.picture, self._max_image_bytes)
        self._sent_bytes += len(content)
        return Parcel(request, "content", content)

    def _conclude(self, job: Upload, answer: images_pb2.ImportImagesResponse, error: LookalikeError | None) -> None:
        if isinstance(error, ImageNotFound) and job.picture is not None and not job.is_missing:
            # It was deleted after the question: its bytes are needed after all.
            job.is_missing = True
            self._waiting.appendleft(job)
        else:
            super()._conclude(job, answer, error)


def _upload(item: Importable, index: int) -> Upload:
    if isinstance(item, types.Sighting):
        return Upload(
            index=index, picture=None, image_id=item.image_id, source=item.source, labels={}, is_missing=False
        )
    given = item if isinstance(item, types.ImportItem) else types.ImportItem(item)
    return Upload(index=index, picture=pictures.checked(given.picture), source=_source(given), labels=given.labels)


def _source(given: types.ImportItem) -> types.Source | None:
    """Where the picture lies: as given, and else as its file tells, which may hold others too."""
    path = given.path or pictures.location(given.picture)
    if path is None:
        return None
    picture = given.picture
    file = containers.container_of(os.fspath(picture)) if isinstance(picture, str | os.PathLike) else picture
    modified, size_bytes = pictures.modified_and_size(file)
    return types.Source(path, given.modified or modified, given.size_bytes or size_bytes)

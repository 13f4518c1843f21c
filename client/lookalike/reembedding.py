"""Re-embedding: pictures of a collection, read again from where they lie, made into vectors of another model.

Images enter as the server lists them, with their sources, which may lie inside other files; out comes one progress
each. Only bytes whose hash is an image's id travel: whatever lies at a source today, nothing reaches the server but
what it has seen before.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lookalike import _failures, containers, types
from lookalike._channel import StrPath
from lookalike._exchange import Exchange
from lookalike.errors import CollectionNotFound, LookalikeError, ModelMismatch, SourceChanged, SourceVanished
from lookalike.v1 import image_service_pb2 as images_pb2

PAGE = 1_000
"""Images listed at once: those that lack a vector are listed twice, to be counted and to be read."""


class Reembed(Exchange[types.Image, types.Image, types.ReembedProgress]):
    """One round of images that lack a vector of `model`; `done` of `total` counts on from the round before."""

    rpc = "ReembedImages"
    max_items = 64

    def __init__(
        self, collection: str, model: str, *, root: StrPath, done: int, total: int, max_image_bytes: int
    ) -> None:
        super().__init__()
        self._collection = collection
        self._model = model
        self._root = root
        self._done = done
        self._total = total
        self._max_image_bytes = max_image_bytes

    @property
    def room(self) -> int:
        """What the window has room for."""
        return 0 if self._ended else self.max_items - len(self._waiting) - len(self._under_way)

    def _take(self, items: Sequence[types.Image]) -> None:
        self._waiting.extend(items)

    def _request(self, tag: int, job: types.Image) -> images_pb2.ReembedImagesRequest:
        content = read_source(job, self._root, self._max_image_bytes)
        return images_pb2.ReembedImagesRequest(tag=tag, collection=self._collection, model=self._model, content=content)

    def _error(self, answer: images_pb2.ReembedImagesResponse) -> LookalikeError | None:
        return _failures.from_status(answer.status) if answer.status.code else None

    def _conclude(
        self, job: types.Image, answer: images_pb2.ReembedImagesResponse, error: LookalikeError | None
    ) -> None:
        if isinstance(error, CollectionNotFound | ModelMismatch):
            # Every other image would fare the same.
            raise error
        self._settled.append(self._progress(job, error))

    def _failure(self, job: types.Image, error: LookalikeError) -> types.ReembedProgress:
        return self._progress(job, error)

    def _progress(self, job: types.Image, error: LookalikeError | None) -> types.ReembedProgress:
        self._done += 1
        return types.ReembedProgress(self._done, self._total, job.id, job.path, error)


def read_source(image: types.Image, root: StrPath, max_bytes: int) -> bytes:
    """An image's bytes, from the first of its sources that still holds them; relative paths start at `root`.

    Raises SourceVanished where none is there, SourceChanged, ImageUnreadable or ImageTooLarge for one that is there and
    does not serve.
    """
    trouble: LookalikeError = SourceVanished(_vanished(image))
    for source in image.sources:
        path = str(Path(root, source.path))
        try:
            content = containers.read(path, max_bytes)
        except SourceVanished:
            continue
        except LookalikeError as error:
            trouble = error
            continue
        if hashlib.sha256(content).hexdigest() == image.id:
            return content
        trouble = SourceChanged(f"{path} is no longer the picture that was imported: import it again as a new one")
    raise trouble


def _vanished(image: types.Image) -> str:
    if not image.sources:
        return f"{image.id} was imported without a path: nobody knows where it lies"
    places = ", ".join(source.path for source in image.sources[:3])
    return f"there is no file at any place where this image was seen, such as {places}: bring it back, or give its root"

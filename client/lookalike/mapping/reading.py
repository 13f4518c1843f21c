"""What a map needs of a collection: a vector, a path and a group for each image.

Enters: a client. Leaves: an `Atlas`. Vectors go page by page into one array that is made once: 102 MB for 100,000 of
256 numbers; of an image no more is kept than what a map says of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lookalike.mapping.errors import Unmappable
from lookalike.types import Filter, Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lookalike import Client

MOST = 200_000
"""Images on a map: 1 GB of vectors at 1,280 numbers, and more dots than a screen has room for."""
PAGE = 1000
UNKNOWN = "unknown"

Progress = Callable[[int, int], None]
"""Told how many are done, of how many."""


def unheard(done: int, total: int) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a map says of one image: `group` is its scene, or the value of a label."""

    id: str
    path: str
    group: str


@dataclass(frozen=True, slots=True)
class Atlas:
    """A collection as a map sees it."""

    collection: str
    model_id: str
    points: list[Point]
    vectors: "NDArray[np.float32]"
    """[n, dim], L2-normalised, a row a point."""


def read(
    client: "Client",
    collection: str = "default",
    *,
    filter: Filter | None = None,  # noqa: A002 - the word that users know
    label: str = "",
    progress: Progress = unheard,
) -> Atlas:
    """Read the images that the filter admits; the group of each is its most likely scene, or its value of `label`.

    Raises Unmappable for more than `MOST`, CollectionNotFound, BadFilter.
    """
    held = client.collection(collection)
    room = min(held.image_count, MOST)
    vectors = np.empty((room, held.dim), np.float32)
    points: list[Point] = []
    images = client.images(collection, filter=filter, include_embeddings=True, page_size=PAGE)
    for image in islice(images, room):
        vectors[len(points)] = image.embedding
        points.append(Point(image.id, image.path or f"id:{image.id}", _group(image, label)))
        if len(points) % PAGE == 0:
            progress(len(points), held.image_count)
    if held.image_count > MOST and next(images, None) is not None:
        raise Unmappable(f"A map has room for {MOST:,} images: narrow the collection by a label or a path's prefix.")
    progress(len(points), len(points))
    return Atlas(collection, held.model_id, points, vectors[: len(points)])


def _group(image: Image, label: str) -> str:
    if label:
        return image.labels.get(label, UNKNOWN)
    return image.scenes[0].name if image.scenes else UNKNOWN

"""The thumbnails of a map, made of the files on this machine; an image whose file is not here stays a dot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lookalike.mapping.reading import Atlas, Progress
from lookalike.originals import local_file
from lookalike.thumbnails import thumbnail
from lookalike.types import Filter

if TYPE_CHECKING:
    from lookalike import Client

BATCH = 1000
"""Ids in one question to the server."""


def thumbnails(
    client: "Client", atlas: Atlas, numbers: Sequence[int], size: int, progress: Progress
) -> dict[int, bytes]:
    """JPEGs of at most `size` pixels each way, by the numbers of their points."""
    made: dict[int, bytes] = {}
    wanted = {atlas.points[number].id: number for number in numbers}
    ids = list(wanted)
    done = 0
    for start in range(0, len(ids), BATCH):
        chosen = Filter(image_ids=ids[start : start + BATCH])
        for image in client.images(atlas.collection, filter=chosen, page_size=BATCH):
            file, _ = local_file(image)
            jpeg = thumbnail(file, size) if file else None
            if jpeg is not None:
                made[wanted[image.id]] = jpeg
            done += 1
            progress(done, len(ids))
    return made

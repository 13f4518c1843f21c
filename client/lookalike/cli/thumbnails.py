"""Small copies of the pictures of a report, as far as they lie on this machine."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike import thumbnails
from lookalike.cli.contact import shown
from lookalike.cli.progress import progress_bar
from lookalike.originals import GONE, local_file
from lookalike.reports import Answer, Thumbnail
from lookalike.types import Image

if TYPE_CHECKING:
    import lookalike

SIZE = 192
"""Pixels: half as many again as the page shows, for screens that are dense; some 10 kB."""


def of_answers(client: "lookalike.Client", collection: str, answers: Sequence[Answer]) -> dict[str, Thumbnail]:
    """Thumbnails of all queries and matches by their SHA-256.

    A file that was asked with is there; where a match of the same bytes lay it may be gone.
    """
    matches = {image.id: image for answer in answers for image in _matched(answer)}
    asked = {each.sha256: each for answer in answers for each in answer.question.all}
    found: dict[str, Thumbnail] = {}
    with progress_bar(False) as bar:
        for sha256 in bar.track({**asked, **matches}, description="thumbnails"):
            picture = shown(client, collection, asked[sha256]) if sha256 in asked else matches[sha256]
            found[sha256] = thumbnail(picture)
    return found


def thumbnail(picture: Path | Image | None) -> Thumbnail:
    """A small JPEG of a file, or of the file here that has an image's bytes; else why there is none."""
    path, missing = local_file(picture) if isinstance(picture, Image) else (picture, GONE)
    if path is None:
        return Thumbnail(missing=missing)
    jpeg = thumbnails.thumbnail(path, SIZE)
    return Thumbnail(jpeg) if jpeg else Thumbnail(missing="cannot be read here")


def _matched(answer: Answer) -> Iterator[Image]:
    for match in answer.result or ():
        yield from (each.image for each in (match, *match.similar))

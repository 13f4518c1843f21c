"""What a collection knows of its images, without vectors: a row an image for spreadsheets, a line for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lookalike.cli.exported import record
from lookalike.cli.saving import csv_rows, writing
from lookalike.reports.table import IMAGE_COLUMNS, cells, harmless
from lookalike.reports.words import written
from lookalike.types import Image

COLUMNS = (
    "id",
    *IMAGE_COLUMNS,
    "size_bytes",
    "created",
    "updated",
    "latitude",
    "longitude",
)

Write = Callable[[Image], object]
"""Writes one image."""


@contextmanager
def as_csv(path: Path) -> Iterator[Write]:
    """Write a row an image, texts made harmless."""
    with csv_rows(path, COLUMNS) as write:
        yield lambda image: write(harmless([image.id, *cells(image), *_rest(image)]))


@contextmanager
def as_lines(path: Path) -> Iterator[Write]:
    """Write a JSON object an image, as an export's `images.jsonl` has them."""
    with writing(path) as file:
        yield lambda image: file.write(json.dumps(record(image), ensure_ascii=False, default=datetime.isoformat) + "\n")


def _rest(image: Image) -> list[str | int | float | None]:
    place = image.location
    when = (written(image.created), written(image.updated))
    return [image.size_bytes, *when, place.latitude if place else None, place.longitude if place else None]


WRITERS = {"csv": as_csv, "jsonl": as_lines}
MARKS = {"csv": ",".join(COLUMNS[:3]), "jsonl": '{"id": "'}
"""What such a file begins with: another is not replaced."""

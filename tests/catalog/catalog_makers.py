"""Makes what catalog tests put in."""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Arrival, Content, Image, Location, Matches, Scene, Source, Vector

DIM = 8
MODEL = "tiny-1"
OTHER, OTHER_DIM = "tiny-2", 6
MODELS = {MODEL: DIM, OTHER: OTHER_DIM}


def image_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def units(count: int, dim: int = DIM, seed: int = 0) -> Rows:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    normed: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return normed


def clustered(count: int, dim: int) -> Rows:
    """In 40 clusters; at 64 numbers a graph asked for 64 candidates loses a twentieth of 4,000 of these."""
    centres = np.random.RandomState(0).randn(40, dim)
    rows = np.stack([centres[n % 40] + 0.6 * np.random.RandomState(n).randn(dim) for n in range(count)])
    normed: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return normed


def serials(first: int, count: int) -> Serials:
    return np.arange(first, first + count, dtype=np.int64)


def written(matrix: Matrix, folder: Path, upto: int = 2**62) -> Base:
    """A snapshot's rows, of the vectors up to a serial."""
    folder = Path(mkdtemp(dir=folder))
    matrix.write(folder / "rows", folder / "serials", upto)
    return Base.open(folder / "rows", folder / "serials", matrix.dim)


def vector_of(number: int, dim: int = DIM) -> Vector:
    vector: Vector = units(1, dim, seed=number)[0]
    return vector


def arrival(
    number: int,
    *,
    collection: str = "c",
    path: str = "",
    modified: int | None = None,
    labels: Mapping[str, str] | None = None,
    captured: int | None = None,
    vector: Vector | None = None,
    scenes: Mapping[str, float] | None = None,
    location: Location | None = None,
) -> Arrival:
    content = Content(
        width=640,
        height=480,
        size_bytes=1_000 + number,
        format="JPEG",
        captured=captured,
        vector=vector_of(number) if vector is None else vector,
        scenes=tuple(Scene(name, probability) for name, probability in (scenes or {}).items()),
        location=location,
    )
    source = Source(path, modified) if path else None
    return Arrival(collection, image_id(number), content, source, labels or {})


def restaged(
    number: int,
    *,
    vector: Vector | None = None,
    scenes: tuple[Scene, ...] = (),
    location: Location | None = None,
) -> Arrival:
    """What the model OTHER tells of the same picture."""
    vector = vector_of(number, OTHER_DIM) if vector is None else vector
    content = Content(320, 240, 2_000, "PNG", None, vector, scenes, OTHER, location)
    return Arrival("c", image_id(number), content)


def sighting(number: int, *, path: str = "", labels: Mapping[str, str] | None = None) -> Arrival:
    return Arrival("c", image_id(number), None, Source(path) if path else None, labels or {})


def open_catalog(folder: Path, **settings: Any) -> Catalog:
    return Catalog(folder, **{"models": {MODEL: DIM}, **settings})


def ids(found: Matches | list[Image]) -> list[str]:
    if isinstance(found, Matches):
        return [match.image.id for match in found.matches]
    return [image.id for image in found]


def tamper(folder: Path, statement: str, *values: bytes | str) -> None:
    """Runs a statement on the database behind the catalog's back."""
    with closing(sqlite3.connect(folder / "catalog.db")) as stranger:  # without foreign keys
        stranger.execute(statement, values)
        stranger.commit()

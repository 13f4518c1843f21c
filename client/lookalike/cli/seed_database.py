"""The ancestor's database, `image_similarity.db`: its rows enter, images as the SDK sends them leave, one at a time.

The file is opened read-only and as one that nobody else changes: no lock, no journal, nothing is written beside it. A
row that cannot be brought over is a BadRow and costs itself alone.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

from lookalike.types import Embedded, Scene, Source

LEFTOVERS = ("-journal", "-wal")
"""Files beside a database that hold changes not yet in it, after a crash or while it is written."""


class BadRow(Exception):
    """Why a row cannot be brought over."""


class Unreadable(Exception):
    """Why the file cannot be read."""


class Row(NamedTuple):
    """One picture as the ancestor kept it; texts are bytes, for nobody knows whether they are UTF-8."""

    number: int
    """Its imageId."""
    path: Any
    embedding: Any
    """A JSON list of numbers."""
    scene: Any

    @property
    def image_id(self) -> str:
        """SHA-256 of the row's number, path and embedding text: the same on every run, another for every row."""
        parts = (str(self.number).encode(), *(text if isinstance(text, bytes) else b"" for text in self[1:3]))
        return sha256(b"\0".join(parts)).hexdigest()

    def image(self, dim: int) -> Embedded:
        """As the SDK sends it, its path with forward slashes. Raises BadRow."""
        path, scene = _text(self.path, "image_path"), _text(self.scene or b"", "scene_type")
        if not path:
            raise BadRow("image_path is empty")
        return Embedded(
            image_id=self.image_id,
            vector=_vector(self.embedding, dim),
            scenes=(Scene(scene, 1.0),) if scene else (),
            source=Source(path.replace("\\", "/")),
        )


class SeedDatabase:
    """The open file. All methods raise Unreadable."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.text_factory = bytes

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Open it for the time of the block."""
        for leftover in (path.with_name(path.name + suffix) for suffix in LEFTOVERS):
            if leftover.exists() and leftover.stat().st_size:
                raise Unreadable(
                    f"{leftover.name} beside it holds changes that are not in it: close the program that writes it, or"
                    f" open a copy of both files once with sqlite3"
                )
        with _words(), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as found:
            yield cls(found)

    def count(self) -> int:
        """Rows."""
        with _words():
            (number,) = self._connection.execute("SELECT count(*) FROM metadata").fetchone()
        return int(number)

    def rows(self) -> Iterator[Row]:
        """Every row in its order, read as it is asked for."""
        with _words():
            query = "SELECT imageId, image_path, embedding, scene_type FROM metadata ORDER BY imageId"
            yield from map(Row._make, self._connection.execute(query))


@contextmanager
def _words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error


def _text(value: Any, column: str) -> str:
    if not isinstance(value, bytes):
        raise BadRow(f"{column} is missing" if value is None else f"{column} is no text")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRow(f"{column} is not UTF-8") from None


def _vector(value: Any, dim: int) -> "array[float]":
    text = _text(value, "embedding")
    try:
        vector = array("f", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadRow(f"embedding is no JSON: {error}") from None
    except (TypeError, OverflowError) as error:
        raise BadRow(f"embedding is no list of numbers: {error}") from None
    if len(vector) != dim:
        raise BadRow(f"embedding has {len(vector):,} numbers, not {dim:,}")
    return vector

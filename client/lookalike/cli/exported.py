"""A collection in a folder, for other tools and for the way back: records and vectors in files that many can read.

`images.jsonl` has a record a line, `vectors.npy` the embeddings in the same order, float32 [count, dim], to be mapped
into memory; or `images.parquet` has both. `manifest.json`, which goes last, says whose vectors they are and the files'
hashes. Images pass through a page at a time: a million of them need no more memory than a thousand.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from lookalike.types import Embedded, Image, Location, Scene, Source

if TYPE_CHECKING:
    from lookalike.types import Vector

MANIFEST, RECORDS, VECTORS, PARQUET = "manifest.json", "images.jsonl", "vectors.npy", "images.parquet"
_FORMAT = 1

Record = dict[str, Any]
"""The fields of `Image` but its collection and embedding; times in JSON are ISO 8601."""

_ID = re.compile("[0-9a-f]{64}")  # one that is none would spoil the question which of a batch are there
TIMES = ("captured", "created", "updated")


class Unreadable(Exception):
    """Why a folder cannot be imported."""


class BadRecord(Exception):
    """Why one image cannot be."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export says about itself."""

    collection: str
    description: str
    model_id: str
    dim: int
    count: int
    files: Mapping[str, str]
    """SHA-256 by name."""
    format: int = field(default=_FORMAT)

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The manifest of a folder. Raises Unreadable."""
        try:
            found = cls(**json.loads((folder / MANIFEST).read_text()))
            found._check_words()
        except OSError as error:
            raise Unreadable(f"it has no {MANIFEST}: it is no export, or one that was not finished") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise Unreadable(f"{MANIFEST} is not what an export writes: {error}") from error
        if found.format != _FORMAT:
            raise Unreadable("it was written by a newer Lookalike: import it with that")
        return found

    def write(self, folder: Path) -> None:
        """Finish an export."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n")

    def _check_words(self) -> None:
        """Raise TypeError or ValueError for what no export says."""
        texts = (self.collection, self.description, self.model_id)
        if not all(isinstance(text, str) for text in texts) or not isinstance(self.files, dict):
            raise TypeError("collection, description and model_id are texts, files is an object")
        if not all(isinstance(number, int) and number >= 0 for number in (self.count, self.dim)):
            raise ValueError("count and dim are numbers from 0 up")
        if not (self.files.keys() >= {RECORDS, VECTORS} or self.files.keys() >= {PARQUET}):
            raise ValueError(f"files names neither {RECORDS} with {VECTORS} nor {PARQUET}")

    def check(self, folder: Path) -> None:
        """Raise Unreadable unless the files are those that were written."""
        for name, expected in self.files.items():
            try:
                found = sha256(folder / Path(name).name)
            except OSError as error:
                raise Unreadable(f"{name} is missing") from error
            if found != expected:
                raise Unreadable(f"{name} is not as it was written: it was changed, cut short or damaged")


class Writer(Protocol):
    """Writes images to a folder as they come; a context manager."""

    def __init__(self, folder: Path, dim: int) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def add(self, images: Sequence[Image]) -> None:
        """Write a page of images that have their embeddings."""


class JsonLines:
    """Records as JSON lines, vectors as one array of numpy's; the array's length is written at the end."""

    def __init__(self, folder: Path, dim: int) -> None:
        self._folder, self._dim, self._count = folder, dim, 0

    def __enter__(self) -> Self:
        self._records = (self._folder / RECORDS).open("w", encoding="utf-8")
        self._vectors = (self._folder / VECTORS).open("wb")
        self._write_header(self._vectors)
        return self

    def __exit__(self, *_: object) -> None:
        self._vectors.seek(0)
        self._write_header(self._vectors)
        self._vectors.close()
        self._records.close()

    def add(self, images: Sequence[Image]) -> None:
        """Write a page of images."""
        for image in images:
            self._records.write(json.dumps(record(image), ensure_ascii=False, default=datetime.isoformat) + "\n")
        self._vectors.write(rows(images).tobytes())
        self._count += len(images)

    def _write_header(self, file: IO[bytes]) -> None:
        """Of constant length: numpy leaves room for the first axis to grow."""
        from numpy.lib import format as npy  # noqa: PLC0415 - see `app`

        said = {"descr": "<f4", "fortran_order": False, "shape": (self._count, self._dim)}
        npy.write_array_header_1_0(file, said)


def read_json_lines(folder: Path, manifest: Manifest) -> Iterator[tuple[Record, "Vector"]]:
    """Every record with its vector, as they are asked for. Raises Unreadable."""
    import numpy  # noqa: PLC0415 - see `app`

    vectors = _mapped(folder / VECTORS, (manifest.count, manifest.dim))
    with (folder / RECORDS).open(encoding="utf-8") as lines:
        for line, vector in zip(lines, vectors, strict=True):
            yield _parsed(line), numpy.array(vector)


def _mapped(path: Path, shape: tuple[int, int]) -> Any:
    import numpy  # noqa: PLC0415 - see `app`

    try:
        vectors = numpy.lib.format.open_memmap(path, mode="r")  # maps arrays of numbers, and unpickles nothing
    except (ValueError, EOFError, OverflowError) as error:
        raise Unreadable(f"{path.name} holds no array that can be mapped: {error}") from error
    if (vectors.dtype.str, vectors.shape) != ("<f4", shape):
        raise Unreadable(f"{path.name} has {vectors.dtype} {list(vectors.shape)}, not float32 {list(shape)}")
    return vectors


def _parsed(line: str) -> Record:
    """The record in a line; an empty one where there is none, which then fails alone."""
    try:
        said = json.loads(line)
    except RecursionError:
        return {}
    return said if isinstance(said, dict) else {}


def rows(images: Sequence[Image]) -> Any:
    """The embeddings of images, little-endian float32 [n, dim]."""
    import numpy  # noqa: PLC0415 - see `app`

    return numpy.stack([numpy.asarray(image.embedding) for image in images]).astype("<f4")


def record(image: Image) -> Record:
    """Give what is written of an image."""
    return {
        "id": image.id,
        "sources": [asdict(source) for source in image.sources],
        "labels": dict(image.labels),
        **{name: getattr(image, name) for name in ("width", "height", "size_bytes", "format", *TIMES)},
        "scenes": [asdict(scene) for scene in image.scenes],
        "location": asdict(image.location) if image.location else None,
    }


def embedded(said: Record, vector: "Vector") -> Embedded:
    """Give the image that a record tells of, as the SDK sends it. Raises BadRecord."""
    try:
        if not _ID.fullmatch(said["id"]) or not isinstance(said["labels"], dict):
            raise ValueError("an id has 64 lower-case hexadecimal digits, labels are an object")
        sources = [
            Source(each["path"], _time(each["modified"]), each.get("size_bytes") or 0) for each in said["sources"]
        ]
        captured = _time(said["captured"])
        # An image without a time keeps none: by its first source it would be given one.
        first = sources[:1] if captured or not any(source.modified for source in sources) else []
        return Embedded(
            image_id=said["id"],
            vector=vector,
            scenes=tuple(Scene(each["name"], each["probability"]) for each in said["scenes"]),
            source=first[0] if first else None,
            labels=said["labels"],
            width=said["width"],
            height=said["height"],
            size_bytes=said["size_bytes"],
            format=said["format"],
            captured=captured,
            location=Location(**said["location"]) if said["location"] else None,
            more_sources=tuple(sources[len(first) :]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"its record is not what an export writes: {error!r}") from error


def sha256(path: Path) -> str:
    """Give the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time(written: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else written

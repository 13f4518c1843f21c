"""A collection in a folder, for other tools and for the way back: records and vectors in files that many can read.

`images.jsonl` has a record a line, `vectors.npy` the embeddings in the same order, float32 [count, dim], to be mapped
into memory; or `images.parquet` has both. `manifest.json`, which goes last, says whose vectors they are and the files'
hashes. Images pass through a page at a time: a million of them need no more memory than a thousand.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from lookalike.types import Embedded, Image, Location, Scene, Source

if TYPE_CHECKING:
    from lookalike.types import Vector

MANIFEST, RECORDS, VECTORS = "manifest.json", "images.jsonl", "vectors.npy"
_FORMAT = 1

Record = dict[str, Any]
"""The fields of `Image` but its collection and embedding; times in JSON are ISO 8601."""

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
            said = json.loads((folder / MANIFEST).read_text())
            found = cls(**said)
        except OSError as error:
            raise Unreadable(f"it has no {MANIFEST}: it is no export, or one that was not finished") from error
        except (ValueError, TypeError) as error:
            raise Unreadable(f"{MANIFEST} is not what an export writes: {error}") from error
        if found.format != _FORMAT:
            raise Unreadable("it was written by a newer Lookalike: import it with that")
        return found

    def write(self, folder: Path) -> None:
        """Finish an export."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n")

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


def read_json_lines(folder: Path) -> Iterator[tuple[Record, "Vector"]]:
    """Every record with its vector, as they are asked for. Raises Unreadable."""
    import numpy  # noqa: PLC0415 - see `app`

    vectors = numpy.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    with (folder / RECORDS).open(encoding="utf-8") as lines:
        for line, vector in zip(lines, vectors, strict=True):
            yield json.loads(line), numpy.array(vector)


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
        sources = [Source(each["path"], _time(each["modified"])) for each in said["sources"]]
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
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecord(f"its record is not what an export writes: {error!r}") from error


def sha256(path: Path) -> str:
    """Give the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time(written: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else written

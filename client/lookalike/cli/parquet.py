"""A collection as one Parquet file, a row an image, its embedding as a list of fixed size; an extra."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lookalike.cli import install
from lookalike.cli.exported import MANIFEST, PARQUET, TIMES, Manifest, Record, Unreadable, record, rows
from lookalike.types import Image

if TYPE_CHECKING:
    from lookalike.types import Vector

_ROWS = 1_000  # read at once
_GROUP = 5_000  # rows written at once: 26 MB at 1,280 numbers; small groups bloat the file's directory


def available() -> None:
    """Raise Unreadable, in words that help, where the extra is missing."""
    if find_spec("pyarrow") is None:
        raise Unreadable(f"Parquet needs an extra: {install('parquet')}")


class Parquet:
    """Writes images to `images.parquet`, a context manager."""

    def __init__(self, folder: Path, dim: int) -> None:
        available()
        self._path, self._dim = folder / PARQUET, dim

    def __enter__(self) -> Self:
        from pyarrow import parquet  # noqa: PLC0415 - see `app`

        self._schema = _schema(self._dim)
        self._records = self._schema.remove(len(self._schema) - 1)
        self._writer = parquet.ParquetWriter(self._path, self._schema, compression="zstd")
        self._tables: list[Any] = []
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, images: Sequence[Image]) -> None:
        """Write a page of images."""
        import pyarrow  # noqa: PLC0415 - see `app`

        said = pyarrow.Table.from_pylist([_columns(record(image)) for image in images], schema=self._records)
        vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows(images).reshape(-1)), self._dim)
        self._tables.append(said.append_column(self._schema.field("embedding"), vectors))
        if sum(map(len, self._tables)) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow  # noqa: PLC0415 - see `app`

        if self._tables:
            self._writer.write_table(pyarrow.concat_tables(self._tables).combine_chunks())
            self._tables.clear()


def read_parquet(folder: Path, manifest: Manifest) -> Iterator[tuple[Record, "Vector"]]:
    """Every record with its vector, as they are asked for. Raises Unreadable."""
    available()
    from pyarrow import parquet  # noqa: PLC0415 - see `app`

    with parquet.ParquetFile(folder / PARQUET) as file:
        _check(file, manifest)
        for batch in file.iter_batches(_ROWS):
            vectors = batch.column("embedding")
            if vectors.null_count or vectors.flatten().null_count:
                raise Unreadable(f"{PARQUET} has images without an embedding")
            matrix = vectors.flatten().to_numpy().reshape(len(vectors), -1)
            for said, vector in zip(batch.drop_columns(["embedding"]).to_pylist(), matrix, strict=True):
                yield {**said, "labels": dict(said["labels"] or ())}, vector


def _check(file: Any, manifest: Manifest) -> None:
    """Raise Unreadable unless the columns and the number of rows are those of the export."""
    expected = _schema(manifest.dim)
    if not file.schema_arrow.equals(expected):
        strange = [each.name for each in expected if each not in list(file.schema_arrow)]
        raise Unreadable(f"{PARQUET} has not the columns of an export: see {', '.join(strange) or 'their order'}")
    if file.metadata.num_rows != manifest.count:
        raise Unreadable(f"{PARQUET} has {file.metadata.num_rows} images, and {MANIFEST} says {manifest.count}")


def _columns(said: Record) -> Record:
    return {**said, "labels": list(said["labels"].items())}


def _schema(dim: int) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - see `app`

    time = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("id", pa.string()),
            ("sources", pa.list_(pa.struct([("path", pa.string()), ("modified", time), ("size_bytes", pa.int64())]))),
            ("labels", pa.map_(pa.string(), pa.string())),
            *((name, pa.uint32()) for name in ("width", "height")),
            ("size_bytes", pa.uint64()),
            ("format", pa.string()),
            *((name, time) for name in TIMES),
            ("scenes", pa.list_(pa.struct([("name", pa.string()), ("probability", pa.float64())]))),
            ("location", pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())])),
            ("embedding", pa.list_(pa.float32(), dim)),
        ]
    )

"""`lookalike export FOLDER`: a collection's records and vectors in files, for other tools or for another server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

import lookalike
from lookalike.cli.connection import Connection, connect
from lookalike.cli.exported import JsonLines, Manifest, Unreadable, Writer, sha256
from lookalike.cli.options import DEFAULT_COLLECTION, DEFAULT_SERVER, AsJson, Ca, Collection, Server, Tls, Token
from lookalike.cli.output import fail, out, print_json, printable
from lookalike.cli.parquet import Parquet
from lookalike.cli.progress import progress_bar, timed

PAGE = 250
"""Images in memory: 1.3 MB of vectors at 1,280 numbers."""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write, which must be empty or absent.")]


class Layout(StrEnum):
    """The files that an export writes."""

    NPY = "npy"
    PARQUET = "parquet"


Format = Annotated[
    Layout, typer.Option("--format", help="npy: images.jsonl and vectors.npy. parquet: images.parquet (an extra).")
]


@dataclass(slots=True)
class Tally:
    """How many images were written so far."""

    count: int = 0
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """The count for a person."""
        return f"{self.count:,} images"


def export(
    folder: Folder,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    layout: Format = Layout.NPY,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Write a collection's records and vectors to a folder.

    `lookalike import` brings it into any server of the same model, and other tools read it: see the documents. Searches
    and imports go on meanwhile; what is imported then may or may not be in it.
    """
    tally = Tally()
    with _removed_unless_done(folder), timed(tally), connect(Connection(server, token, tls, ca, as_json)) as client:
        _write(client, collection, folder, layout, tally, as_json=as_json)
    _report(tally, folder, collection, as_json)


def _write(
    client: "lookalike.Client", collection: str, folder: Path, layout: Layout, tally: Tally, *, as_json: bool
) -> None:
    kind: type[Writer] = JsonLines if layout is Layout.NPY else Parquet
    held = client.collection(collection)
    images = client.images(collection, include_embeddings=True, page_size=PAGE)
    with progress_bar(as_json) as bar, kind(folder, held.dim) as writer:
        task = bar.add_task("", total=held.image_count)
        while page := list(islice(images, PAGE)):
            writer.add(page)
            tally.count += len(page)
            bar.update(task, completed=tally.count, description=tally.words)
    if client.collection(collection).model_id != held.model_id:
        raise fail(f"{collection} was given to another model meanwhile, so its vectors are of two: export it again.")
    files = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    Manifest(collection, held.description, held.model_id, held.dim, tally.count, files).write(folder)


@contextmanager
def _removed_unless_done(folder: Path) -> Iterator[None]:
    """Make the folder, and take away what was written where it was not finished."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise fail(f"{printable(str(folder))} is not empty: name another folder.")
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        for path in folder.iterdir():
            path.unlink()
        if not was_there:
            folder.rmdir()
        if isinstance(error, OSError):
            raise fail(f"{printable(str(folder))} cannot be written: {error.strerror}") from error
        if isinstance(error, Unreadable):
            raise fail(str(error)) from error
        raise


def _report(tally: Tally, folder: Path, collection: str, as_json: bool) -> None:
    if as_json:
        print_json(_summary(tally, folder, collection))
    else:
        where = printable(str(folder))
        out.print(f"{tally.words} of {collection} to {where} in {tally.seconds:,.1f} s", soft_wrap=True)


def _summary(tally: Tally, folder: Path, collection: str) -> dict[str, Any]:
    return {
        "collection": collection,
        "folder": str(folder),
        "total": tally.count,
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "seconds": round(tally.seconds, 3),
    }

"""`lookalike export`: a collection's records and vectors in a folder, or its records alone in one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli import metadata
from lookalike.cli.connection import Connection, connect
from lookalike.cli.exported import JsonLines, Manifest, Unreadable, Writer, sha256
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    AsJson,
    Ca,
    Collection,
    OnlyLabels,
    Prefix,
    Server,
    Tls,
    Token,
    read_labels,
)
from lookalike.cli.output import fail, out, print_json, printable, remark
from lookalike.cli.parquet import Parquet
from lookalike.cli.passing import Passing, Tally
from lookalike.cli.progress import timed
from lookalike.cli.saving import STDOUT, check_file
from lookalike.types import Filter

Where = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER|FILE|-",
        help="Folder to write, empty or absent; or for records alone FILE.csv, FILE.jsonl, or - for standard output.",
    ),
]


class Layout(StrEnum):
    """The files that an export writes."""

    NPY = "npy"
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


RECORDS = {Layout.CSV, Layout.JSONL}
"""One file, without vectors."""

Format = Annotated[
    Layout | None,
    typer.Option(
        "--format",
        help="npy: images.jsonl and vectors.npy. parquet: images.parquet (an extra). csv, jsonl: records alone, for "
        "spreadsheets and for programs. Unless told, by the name: .csv, .jsonl, - (jsonl), else npy.",
        show_default=False,
    ),
]


def export(
    where: Where,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    layout: Format = None,
    label: OnlyLabels = None,
    path_prefix: Prefix = "",
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Write a collection's records and vectors to a folder, or its records alone to a file.

    `lookalike import` brings the folder into any server of the same model, and other tools read it: see the documents.
    Searches and imports go on meanwhile; what is imported then may or may not be in it.
    """
    form = layout or _by_name(where)
    wanted = Filter(labels=read_labels(label or []), path_prefix=path_prefix)
    tally, to = Tally(), Connection(server, token, tls, ca, as_json)
    if form in RECORDS:
        check_file(where, metadata.MARKS[form.value], "FILE")
        with timed(tally, resumes=False), connect(to) as client, metadata.WRITERS[form.value](where) as write:
            for page in Passing(client, collection, wanted, tally, as_json or where == STDOUT).pages():
                for image in page:
                    write(image)
    else:
        with _removed_unless_done(where), timed(tally, resumes=False), connect(to) as client:
            _write(Passing(client, collection, wanted, tally, as_json), where, form)
    _report(tally, where, collection, as_json)


def _by_name(where: Path) -> Layout:
    """The form that a name asks for."""
    if where == STDOUT:
        return Layout.JSONL
    return {".csv": Layout.CSV, ".jsonl": Layout.JSONL}.get(where.suffix.lower(), Layout.NPY)


def _write(passing: Passing, folder: Path, layout: Layout) -> None:
    kind: type[Writer] = JsonLines if layout is Layout.NPY else Parquet
    held = passing.held()
    with kind(folder, held.dim) as writer:
        for page in passing.pages(include_embeddings=True):
            writer.add(page)
    if passing.held().model_id != held.model_id:
        raise fail(f"{held.name} was given to another model meanwhile, so its vectors are of two: export it again.")
    files = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    Manifest(held.name, held.description, held.model_id, held.dim, passing.tally.count, files).write(folder)


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


def _report(tally: Tally, where: Path, collection: str, as_json: bool) -> None:
    """Say what was written; where the records themselves go to standard output, beside it."""
    line = f"{tally.words} of {collection} to {printable(str(where))} in {tally.seconds:,.1f} s"
    if where == STDOUT:
        remark(line)
    elif as_json:
        print_json(_summary(tally, where, collection))
    else:
        out.print(line, soft_wrap=True)


def _summary(tally: Tally, where: Path, collection: str) -> dict[str, Any]:
    files = list(where.iterdir()) if where.is_dir() else [where]
    return {
        "collection": collection,
        "folder" if where.is_dir() else "file": str(where),
        "total": tally.count,
        "bytes": sum(path.stat().st_size for path in files),
        "seconds": round(tally.seconds, 3),
    }

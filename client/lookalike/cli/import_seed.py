"""`lookalike import-seed FILE`: what the ancestor of this program had embedded, into a collection, without pictures.

Rows go in batches. The server is asked first which of them it holds, so that a second run reads the file and sends
nothing: stop it and start it as often as you like.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

import lookalike
from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED, fail, out, print_json, printable
from lookalike.cli.progress import failure_line, list_first, progress_bar, timed
from lookalike.cli.seed_database import BadRow, Row, SeedDatabase, Unreadable
from lookalike.cli.tally import Tally
from lookalike.counting import counted
from lookalike.errors import CollectionExists
from lookalike.types import Embedded, ImportOutcome, ModelInfo

BATCH = 64
"""Rows in memory: 92 kB of text each."""

Database = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="The ancestor's image_similarity.db.")
]
Collection = Annotated[str, typer.Option("--collection", "-c", metavar="NAME", help="Collection to bring it into.")]
Model = Annotated[
    str, typer.Option("--model", metavar="NAME", help="Name or id of the served model that made the vectors.")
]


class Failure(NamedTuple):
    """A row that was left out."""

    imageId: int  # noqa: N815 - the database's own name
    path: str
    reason: str
    message: str


class RowsTally(Tally[Failure]):
    """What has become of the rows so far."""

    def fail(self, row: Row, reason: str, message: str) -> None:
        """Count a row that was left out."""
        path = row.path.decode(errors="replace") if isinstance(row.path, bytes) else ""
        self.left_out(Failure(row.number, path, reason, message))


@dataclass(frozen=True, slots=True)
class Move:
    """Rows on their way into a collection."""

    client: "lookalike.Client"
    collection: str
    model: ModelInfo
    tally: RowsTally

    def batches(self, rows: Iterator[Row]) -> Iterator[int]:
        """Bring them, and tell after each batch how many those were."""
        with suppress(CollectionExists):
            self.client.create_collection(self.collection, model=self.model.id)
        while batch := list(islice(rows, BATCH)):
            self._send(list(self._readable(self._missing(batch))))
            yield len(batch)

    def _missing(self, batch: list[Row]) -> list[Row]:
        """The rows that the collection does not hold; the others are counted."""
        missing = set(self.client.missing_images([row.image_id for row in batch], collection=self.collection))
        self.tally.outcomes[ImportOutcome.EXISTED] += len(batch) - len(missing)
        return [row for row in batch if row.image_id in missing]

    def _readable(self, batch: list[Row]) -> Iterator[tuple[Row, Embedded]]:
        for row in batch:
            try:
                yield row, row.image(self.model.dim)
            except BadRow as error:
                self.tally.fail(row, "BAD_ROW", str(error))

    def _send(self, batch: list[tuple[Row, Embedded]]) -> None:
        images = [image for _, image in batch]
        for step in self.client.import_embedded(images, collection=self.collection, model_id=self.model.id):
            if step.error:
                self.tally.fail(batch[step.index][0], step.error.reason, step.error.message)
            else:
                self.tally.outcomes[step.outcome] += 1


def import_seed(
    database: Database,
    *,
    collection: Collection,
    model: Model = "seed",
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Import the vectors and scenes of the ancestor's database.

    The pictures are not needed. The server must run the model that made the vectors: serve --model seed:PATH.h5, with
    the ancestor's weights. Rows that the collection holds are not sent again. Exit status 1 when any row failed.
    """
    tally = RowsTally()
    try:
        with (
            timed(tally),
            connect(Connection(server, token, tls, ca, as_json)) as client,
            SeedDatabase.opened(database) as rows,
        ):
            _watch(Move(client, collection, _served(client, model), tally), rows, as_json)
    except Unreadable as error:
        raise fail(f"{printable(str(database))} cannot be read: {error}. {tally.words}.") from None
    _report(tally, collection, as_json)
    if tally.failures:
        raise typer.Exit(FAILED)


def _served(client: "lookalike.Client", name: str) -> ModelInfo:
    models = client.server_info().models
    found = [model for model in models if name in (model.name, model.id)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(model.id for model in found)
        raise fail(f"This server runs several models {name}: say by --model which of them made the vectors, {ids}.")
    names = ", ".join(model.name for model in models) or "no model yet"
    raise fail(f"This server runs {names}, not {name}: start it with --model seed:PATH.h5, the ancestor's weights.")


def _watch(move: Move, database: SeedDatabase, as_json: bool) -> None:
    """Follow the import to its end."""
    with progress_bar(as_json) as progress:
        task = progress.add_task("", total=database.count())
        for done in move.batches(database.rows()):
            progress.update(task, advance=done, description=move.tally.words)


def _report(tally: RowsTally, collection: str, as_json: bool) -> None:
    if as_json:
        print_json(_summary(tally, collection))
        return
    total = tally.outcomes.total()
    out.print(f"{counted(total, 'row')} into {collection} in {tally.seconds:,.1f} s: {tally.words}", soft_wrap=True)
    list_first(
        [
            failure_line(f"imageId {failed.imageId} {printable(failed.path)}", failed.reason, failed.message)
            for failed in tally.failures
        ]
    )


def _summary(tally: RowsTally, collection: str) -> dict[str, Any]:
    return {
        "collection": collection,
        "total": tally.outcomes.total(),
        **{outcome.value: tally.outcomes[outcome] for outcome in ImportOutcome},
        "seconds": round(tally.seconds, 3),
        "failures": [failure._asdict() for failure in tally.failures],
    }

"""`lookalike import FOLDER`: what `export` wrote, into a collection, vectors bit for bit.

Records go in batches. The server is asked first which of them it holds with all that they say, so that a second run
sends nothing that is there: stop it and start it as often as you like.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import lookalike
from lookalike.cli.connection import Connection, connect
from lookalike.cli.exported import PARQUET, BadRecord, Manifest, Record, Unreadable, embedded, read_json_lines
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED, fail, out, print_json, printable
from lookalike.cli.parquet import read_parquet
from lookalike.cli.progress import failure_line, list_first, progress_bar, timed
from lookalike.cli.tally import Tally
from lookalike.counting import counted
from lookalike.errors import CollectionNotFound, ModelMismatch
from lookalike.types import Embedded, Filter, Image, ImportOutcome

if TYPE_CHECKING:
    from lookalike.types import Vector

BATCH = 500
"""Records in memory: 2.6 MB of vectors at 1,280 numbers."""

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="FOLDER", help="What `export` wrote.")]
Collection = Annotated[
    str | None,
    typer.Option("--collection", "-c", metavar="NAME", help="Collection to bring it into; else of its name."),
]


class Failure(NamedTuple):
    """An image that was left out."""

    id: str
    path: str
    reason: str
    message: str


class ImagesTally(Tally[Failure]):
    """What has become of the images so far."""

    def fail(self, said: Record, reason: str, message: str) -> None:
        """Count an image that was left out."""
        first = next(iter(said.get("sources") or ()), None) if isinstance(said.get("sources"), list) else None
        path = str(first.get("path", "")) if isinstance(first, dict) else ""
        self.left_out(Failure(str(said.get("id", "")), path, reason, message))


@dataclass(frozen=True, slots=True)
class Move:
    """Images on their way into a collection."""

    client: "lookalike.Client"
    collection: str
    model_id: str
    tally: ImagesTally

    def batches(self, records: Iterator[tuple[Record, "Vector"]]) -> Iterator[int]:
        """Bring them, and tell after each batch how many those were."""
        while batch := list(islice(records, BATCH)):
            self._send(list(self._lacking(list(self._readable(batch)))))
            yield len(batch)

    def _readable(self, batch: list[tuple[Record, "Vector"]]) -> Iterator[tuple[Record, Embedded]]:
        for said, vector in batch:
            try:
                yield said, embedded(said, vector)
            except BadRecord as error:
                self.tally.fail(said, "BAD_RECORD", str(error))

    def _lacking(self, batch: list[tuple[Record, Embedded]]) -> Iterator[tuple[Record, Embedded]]:
        """Those that the collection does not hold with all their sources and labels; the others are counted."""
        ids = [image.image_id for _, image in batch]
        listed = self.client.images(self.collection, filter=Filter(image_ids=ids), page_size=BATCH) if ids else ()
        held = {image.id: image for image in listed}
        for said, image in batch:
            if image.image_id in held and _has_all(held[image.image_id], image):
                self.tally.outcomes[ImportOutcome.EXISTED] += 1
            else:
                yield said, image

    def _send(self, batch: list[tuple[Record, Embedded]]) -> None:
        images = [image for _, image in batch]
        for step in self.client.import_embedded(
            images, collection=self.collection, model_id=self.model_id, create=False
        ):
            if step.error:
                self.tally.fail(batch[step.index][0], step.error.reason, step.error.message)
            else:
                self.tally.outcomes[step.outcome] += 1


def import_exported(
    folder: Folder,
    *,
    collection: Collection = None,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Import what `export` wrote.

    The pictures are not needed. The server must run the model that made the vectors; the collection is made where it is
    missing. Images that it holds get the sources and labels that they lack. Exit status 1 when any image failed.
    """
    tally = ImagesTally()
    try:
        manifest = Manifest.of(folder)
        manifest.check(folder)
        name = collection or manifest.collection
        with timed(tally), connect(Connection(server, token, tls, ca, as_json)) as client:
            _prepare(client, name, manifest)
            records = (read_parquet if PARQUET in manifest.files else read_json_lines)(folder, manifest)
            _watch(Move(client, name, manifest.model_id, tally), records, manifest.count, as_json)
    except (Unreadable, OSError, ValueError) as error:
        raise fail(f"{printable(str(folder))} cannot be imported: {error}. {tally.words}.") from None
    _report(tally, name, as_json)
    if tally.failures:
        raise typer.Exit(FAILED)


def _prepare(client: "lookalike.Client", name: str, manifest: Manifest) -> None:
    """Have the collection there, of the export's model. Raises ModelMismatch."""
    try:
        owner = client.collection(name).model_id
    except CollectionNotFound:
        served = [model.id for model in client.server_info().models]
        if manifest.model_id in served:
            client.create_collection(name, description=manifest.description, model=manifest.model_id)
            return
        owner = " and ".join(served)
    if owner != manifest.model_id:
        raise ModelMismatch(
            f"these vectors were made by {manifest.model_id}, and here it is {owner}: name another collection, serve "
            "that model, or import the pictures themselves with lookalike index"
        )


def _has_all(held: Image, image: Embedded) -> bool:
    wanted = {*([image.source] if image.source else []), *image.more_sources}
    return wanted <= set(held.sources) and image.labels.items() <= held.labels.items()


def _watch(move: Move, records: Iterator[tuple[Record, "Vector"]], total: int, as_json: bool) -> None:
    """Follow the import to its end."""
    with progress_bar(as_json) as progress:
        task = progress.add_task("", total=total)
        for done in move.batches(records):
            progress.update(task, advance=done, description=move.tally.words)


def _report(tally: ImagesTally, collection: str, as_json: bool) -> None:
    if as_json:
        print_json(_summary(tally, collection))
        return
    total = tally.outcomes.total()
    out.print(f"{counted(total, 'image')} into {collection} in {tally.seconds:,.1f} s: {tally.words}", soft_wrap=True)
    lines = [failure_line(printable(f"{each.id} {each.path}"), each.reason, each.message) for each in tally.failures]
    list_first(lines)


def _summary(tally: ImagesTally, collection: str) -> dict[str, Any]:
    return {
        "collection": collection,
        "total": tally.outcomes.total(),
        **{outcome.value: tally.outcomes[outcome] for outcome in ImportOutcome},
        "seconds": round(tally.seconds, 3),
        "failures": [failure._asdict() for failure in tally.failures],
    }

"""`lookalike index DIR`: every picture of a folder into a collection, with progress; safe to stop and to repeat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    AsJson,
    Ca,
    Collection,
    Server,
    Tls,
    Token,
    read_labels,
)
from lookalike.cli.output import FAILED, out, print_json, printable
from lookalike.cli.progress import failure_fields, list_failures, progress_bar, timed
from lookalike.types import ImportOutcome, ImportProgress

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="DIR", help="Folder of pictures.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="KEY=VALUE", help="Label for every picture; may be repeated."),
]


@dataclass(slots=True)
class Tally:
    """What has become of the pictures so far."""

    outcomes: Counter[ImportOutcome] = field(default_factory=Counter)
    failures: list[ImportProgress] = field(default_factory=list)
    total: int | None = 0
    seconds: float = 0.0

    def add(self, progress: ImportProgress) -> None:
        """Count one more picture."""
        self.outcomes[progress.outcome] += 1
        self.total = progress.total
        if progress.outcome is ImportOutcome.FAILED:
            self.failures.append(progress)

    @property
    def done(self) -> int:
        """Pictures finished."""
        return self.outcomes.total()

    @property
    def rate(self) -> float:
        """Pictures in a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def words(self) -> str:
        """The counts for a person."""
        counts = [f"{self.outcomes[outcome]:,} {outcome}" for outcome in ImportOutcome]
        return " · ".join(counts)


def index(
    folder: Folder,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    label: Labels = None,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Import the pictures of a folder.

    Subfolders are entered. Pictures that the collection holds are not sent again: run it as often as you like. Exit
    status 1 when any failed.
    """
    labels = read_labels(label or [])
    tally = Tally()
    with timed(tally), connect(Connection(server, token, tls, ca, as_json)) as client:
        _watch(client.import_folder(folder, collection=collection, labels=labels), tally, as_json)
    _report(tally, folder, collection, as_json)
    if tally.failures:
        raise typer.Exit(FAILED)


def _watch(steps: Iterator[ImportProgress], tally: Tally, as_json: bool) -> None:
    """Follow the import to its end with a bar, where there is a person to see it."""
    with progress_bar(as_json) as bar:
        task = bar.add_task("", total=None)
        for step in steps:
            tally.add(step)
            bar.update(task, completed=step.done, total=step.total, description=tally.words)


def _report(tally: Tally, folder: Path, collection: str, as_json: bool) -> None:
    if as_json:
        print_json(_summary(tally, collection))
        return
    if not tally.done:
        out.print(f"No pictures in {printable(str(folder))}.")
        return
    out.print(
        f"{tally.done:,} pictures into {collection} in {tally.seconds:,.1f} s ({tally.rate:,.1f}/s): {tally.words}",
        soft_wrap=True,
    )
    list_failures([(each.path, each.error) for each in tally.failures])


def _summary(tally: Tally, collection: str) -> dict[str, Any]:
    return {
        "collection": collection,
        "total": tally.done,
        **{outcome.value: tally.outcomes[outcome] for outcome in ImportOutcome},
        "seconds": round(tally.seconds, 3),
        "images_per_second": round(tally.rate, 1),
        "failures": failure_fields([(each.path, each.error) for each in tally.failures]),
    }

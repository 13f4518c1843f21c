"""`lookalike reembed COLLECTION --model NAME`: new vectors from the sources, then one switch; safe to stop."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED, out, print_json, printable
from lookalike.cli.progress import failure_fields, list_failures, progress_bar, timed
from lookalike.errors import ReembedIncomplete
from lookalike.types import ReembedProgress

Name = Annotated[str, typer.Argument(metavar="COLLECTION", help="Collection to give to another model.")]
Model = Annotated[str, typer.Option(metavar="NAME", help="Model that the server runs, by id or name.")]
Drop = Annotated[
    bool,
    typer.Option("--drop-missing", help="Remove images whose pictures have vanished or changed from the collection."),
]
Root = Annotated[
    Path, typer.Option(exists=True, file_okay=False, metavar="DIR", help="Folder where relative sources start.")
]


@dataclass(slots=True)
class Tally:
    """What has become of the images so far."""

    done: int = 0
    failures: list[ReembedProgress] = field(default_factory=list)
    seconds: float = 0.0
    lacking: str = ""
    """Why the switch was not made; empty when it was."""

    def add(self, progress: ReembedProgress) -> None:
        """Count one more image."""
        self.done = progress.done
        if progress.error:
            self.failures.append(progress)

    @property
    def embedded(self) -> int:
        """Images with a new vector, of this run."""
        return self.done - len(self.failures)

    @property
    def words(self) -> str:
        """The counts for a person."""
        return f"{self.embedded:,} embedded · {len(self.failures):,} failed"


def reembed(
    collection: Name,
    *,
    model: Model,
    drop_missing: Drop = False,
    root: Root = Path(),
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Give a collection to another model.

    Every picture is read from where it was imported and embedded again, while searches go on with the vectors in use;
    then all switch at once. Stopped, it goes on where it was when it is run again. Exit status 1 when the switch was
    not made.
    """
    tally = Tally()
    with timed(tally), connect(Connection(server, token, tls, ca, as_json)) as client:
        steps = client.reembed(collection, model=model, drop_missing=drop_missing, root=root)
        _watch(steps, tally, as_json)
    _report(tally, collection, model, as_json)
    if tally.lacking:
        raise typer.Exit(FAILED)


def _watch(steps: Iterator[ReembedProgress], tally: Tally, as_json: bool) -> None:
    """Follow it to its end with a bar, where there is a person to see it."""
    with progress_bar(as_json) as bar:
        task = bar.add_task("", total=None)
        try:
            for step in steps:
                tally.add(step)
                bar.update(task, completed=step.done, total=step.total, description=tally.words)
        except ReembedIncomplete as error:
            tally.lacking = error.message


def _report(tally: Tally, collection: str, model: str, as_json: bool) -> None:
    if as_json:
        print_json(_summary(tally, collection, model))
        return
    out.print(f"{collection} in {tally.seconds:,.1f} s: {tally.words}", soft_wrap=True)
    list_failures([(each.path, each.error) for each in tally.failures])
    if tally.lacking:
        out.print(f"Not switched: {printable(tally.lacking)}", soft_wrap=True)
        out.print("Bring the pictures back and run it again; --drop-missing removes the images of some, but never all.")
    else:
        out.print(f"{collection} now belongs to {printable(model)}.")


def _summary(tally: Tally, collection: str, model: str) -> dict[str, Any]:
    return {
        "collection": collection,
        "model": model,
        "switched": not tally.lacking,
        "embedded": tally.embedded,
        "failed": len(tally.failures),
        "seconds": round(tally.seconds, 3),
        "failures": failure_fields([(each.path, each.error) for each in tally.failures]),
    }

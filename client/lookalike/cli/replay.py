"""`lookalike replay FILE`: the questions of a report asked again, and what has become of the answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED, fail, out, plain, print_json, printable
from lookalike.cli.progress import list_first, progress_bar, timed
from lookalike.counting import counted
from lookalike.reports import BadReport, Change, Place, Replayed, Report, Verdict, read, replay, standing_changes

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A report: FILE.html or FILE.json.")
]
Collection = Annotated[
    str, typer.Option("--collection", "-c", metavar="NAME", help="Collection to ask, if not the report's.")
]
STYLES = {Verdict.IDENTICAL: "green", Verdict.DIFFERENT: "red", Verdict.NOT_ASKED: "yellow"}


@dataclass(slots=True)
class Tally:
    """What has become of the questions so far."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """The counts for a person."""
        return " · ".join(f"{self.verdicts[each]:,} {each}" for each in Verdict if self.verdicts[each]) or "nothing"

    @property
    def identical(self) -> bool:
        """Whether every question has the answer that it had."""
        return set(self.verdicts) == {Verdict.IDENTICAL}


def replay_report(
    file: File,
    *,
    collection: Collection = "",
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Ask the questions of a report again and compare: exit status 0 where every list is identical, 1 where not.

    An unchanged collection gives the identical list; else what is new, gone and moved is told. Distances count as the
    same within 0.00001, and images so near to each other may swap. A file is sent only if it is the one that the report
    names, by its SHA-256; the server asked is yours, not the report's.
    """
    report = _read(file)
    tally, steps = Tally(), []
    with timed(tally, resumes=False), connect(Connection(server, token, tls, ca, as_json)) as client:
        with progress_bar(as_json) as bar:
            task = bar.add_task("", total=len(report.answers))
            for step in replay(client, report, collection=collection):
                steps.append(step)
                tally.verdicts[step.verdict] += 1
                bar.update(task, advance=1, description=tally.words)
        changed = standing_changes(client, report, collection=collection)
    if as_json:
        print_json(_summary(tally, steps, changed))
    else:
        _print(tally, steps, changed, report)
    if not tally.identical:
        raise typer.Exit(FAILED)


def _read(file: Path) -> Report:
    try:
        return read(file)
    except BadReport as error:
        raise fail(f"{printable(str(file))} cannot be replayed: {printable(str(error))}.") from None
    except OSError as error:
        raise fail(f"{printable(str(file))} cannot be read: {error.strerror}") from None


def _print(tally: Tally, steps: Sequence[Replayed], changed: Sequence[str], report: Report) -> None:
    for step in steps:
        name = printable(step.question.name)
        out.print(Text.assemble((f"{step.verdict}  ", STYLES[step.verdict]), name), soft_wrap=True)
        for note in step.notes:
            out.print(Text(f"  {printable(note)}", style="dim"), soft_wrap=True)
        list_first([_line(change) for change in step.changes])
    if not tally.identical:
        for line in changed:
            out.print(Text(printable(line), style="dim"), soft_wrap=True)
    asked = counted(len(steps), "query")
    out.print(f"Of {asked} of {report.created:%Y-%m-%d %H:%M %Z}: {tally.words}.", soft_wrap=True)


def _line(change: Change) -> Text:
    image = change.image
    name = printable(image.path or f"id:{image.id}")
    return Text.assemble((f"  {change.kind.value:<8}", "bold"), f"{_where(change)}  {name}")


def _where(change: Change) -> str:
    """Say where it stood, where it stands, or both."""
    before, now = (f"#{each.rank} at {each.distance:.6f}" if each else "" for each in (change.before, change.now))
    return f"{before} -> {now}" if before and now else before or now


def _summary(tally: Tally, steps: Sequence[Replayed], changed: Sequence[str]) -> dict[str, Any]:
    return {
        "identical": tally.identical,
        "seconds": round(tally.seconds, 3),
        "counts": {verdict.value: tally.verdicts[verdict] for verdict in Verdict},
        "changed": list(changed),
        "queries": [_told(step) for step in steps],
    }


def _told(step: Replayed) -> dict[str, Any]:
    return {
        "question": plain(step.question),
        "verdict": step.verdict.value,
        "notes": list(step.notes),
        "changes": [
            {"kind": each.kind.value, "id": each.image.id, "path": each.image.path, **_figures(each)}
            for each in step.changes
        ],
    }


def _figures(change: Change) -> dict[str, Any]:
    sides: dict[str, Place | None] = {"before": change.before, "now": change.now}
    return {
        side: {"rank": place.rank, "similar": place.similar, "distance": place.distance} if place else None
        for side, place in sides.items()
    }

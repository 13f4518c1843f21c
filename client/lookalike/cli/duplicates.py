"""`lookalike duplicates`: which pictures of a collection are the same, byte for byte or nearly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    AsJson,
    Ca,
    Collection,
    OnlyLabels,
    Prefix,
    Server,
    SheetFile,
    Tls,
    Token,
    check_folder,
    read_labels,
)
from lookalike.cli.output import fail, out, print_json, printable, reason, remark
from lookalike.cli.progress import progress_bar, timed
from lookalike.counting import counted
from lookalike.showing.words import doubled
from lookalike.types import (
    DuplicateFinding,
    DuplicateGroup,
    DuplicateProgress,
    DuplicateSummary,
    ExactDuplicates,
    Filter,
    Image,
)

Distance = Annotated[
    float | None,
    typer.Option(min=0, max=2, help="How far apart near-duplicates may be, 0 to 2; else the server's choice."),
]


@dataclass(slots=True)
class Tally:
    """What was found so far."""

    exact: list[ExactDuplicates] = field(default_factory=list)
    groups: list[DuplicateGroup] = field(default_factory=list)
    summary: DuplicateSummary | None = None
    looked_at: int = 0
    seconds: float = 0.0

    def add(self, finding: DuplicateFinding) -> None:
        """Keep one more finding."""
        match finding:
            case ExactDuplicates():
                self.exact.append(finding)
            case DuplicateProgress():
                self.looked_at = finding.done
            case DuplicateGroup():
                self.groups.append(finding)
            case DuplicateSummary():
                self.summary = finding

    @property
    def words(self) -> str:
        """The counts for a person."""
        return f"{counted(self.looked_at, 'image')} looked at"


def duplicates(
    *,
    collection: Collection = DEFAULT_COLLECTION,
    distance: Distance = None,
    label: OnlyLabels = None,
    path_prefix: Prefix = "",
    sheet: SheetFile = None,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Find pictures of a collection that are the same, byte for byte or nearly.

    Nothing is removed. Pictures that a chain of near-duplicates connects are one group. Searches go on meanwhile.
    """
    check_folder(sheet)
    wanted = Filter(labels=read_labels(label or []), path_prefix=path_prefix)
    tally = Tally()
    with timed(tally, resumes=False), connect(Connection(server, token, tls, ca, as_json)) as client:
        _watch(client.duplicates(collection, max_distance=distance, filter=wanted), tally, as_json)
    if as_json:
        print_json(_summary(tally, collection))
    else:
        _report(tally, collection)
    if sheet:
        _draw(tally, collection, sheet)


def _watch(findings: Iterator[DuplicateFinding], tally: Tally, as_json: bool) -> None:
    """Follow the work to its end with a bar, where there is a person to see it."""
    with progress_bar(as_json) as bar:
        task = bar.add_task("", total=None)
        for finding in findings:
            tally.add(finding)
            if isinstance(finding, DuplicateProgress):
                bar.update(
                    task,
                    completed=finding.done,
                    total=finding.total,
                    description=f"{len(tally.exact):,} exact duplicates",
                )


def _report(tally: Tally, collection: str) -> None:
    for number, exact in enumerate(tally.exact, 1):
        _print_group(f"exact {number}", [(path, None) for path in exact.paths])
    for number, group in enumerate(tally.groups, 1):
        members = zip(map(_name, group.images), (None, *group.distances[1:]), strict=True)
        _print_group(f"near {number}", list(members), more=group.image_count - len(group.images))
    for line in standing(tally, collection):
        out.print(Text(line, style="dim"), soft_wrap=True)


def _print_group(heading: str, members: Sequence[tuple[str, float | None]], more: int = 0) -> None:
    """Print a group, the first above the others, each with its distance from the first."""
    (first, _), *others = members
    out.print(Text.assemble((f"{heading}  ", "bold"), printable(first)), soft_wrap=True)
    for name, distance in others:
        out.print(Text.assemble((f"  {_written(distance)}  ", "dim"), printable(name)), soft_wrap=True)
    if more:
        out.print(f"  and {more:,} more")


def _written(distance: float | None) -> str:
    return "same  " if distance is None else f"{distance:.4f}"


def _name(image: Image) -> str:
    """Where it was first seen; an image without a path goes by its id."""
    return image.path or f"id:{image.id}"


def standing(tally: Tally, collection: str) -> list[str]:
    """Say what was found, and how sure that is."""
    summary = tally.summary
    if summary is None:
        return []
    lines = [f"{collection}: {counted(summary.image_count, 'image')} in {tally.seconds:,.1f} s: {doubled(summary)}."]
    rate, bound = summary.false_positive_rate, summary.false_positive_bound
    if rate is not None and bound is not None:
        lines.append(
            f"Of {summary.random_pairs:,} random pairs {summary.random_pairs_within:,} are within "
            f"{summary.max_distance:.4g}: a false-positive rate of {rate:.2g}, "
            f"at most {bound:.2g} (95%); copies among the pairs count too."
        )
    return lines


def _summary(tally: Tally, collection: str) -> dict[str, Any]:
    summary = tally.summary
    return {
        "collection": collection,
        "seconds": round(tally.seconds, 3),
        "exact": [each.image for each in tally.exact],
        "groups": tally.groups,
        "summary": summary,
        "false_positive_rate": summary.false_positive_rate if summary else None,
        "false_positive_bound": summary.false_positive_bound if summary else None,
    }


def _draw(tally: Tally, collection: str, file: Path) -> None:
    from lookalike.cli import contact  # noqa: PLC0415 - Pillow is loaded for a sheet only

    if not tally.groups:
        remark("No contact sheet was written: there are no groups to show.", "yellow")
        return
    try:
        contact.write_groups(tally.groups, f"{collection}: near-duplicates", standing(tally, collection)[-1], file)
    except OSError as error:
        raise fail(f"No contact sheet was written: {reason(error)}") from None
    remark(f"Contact sheet: {printable(str(file))}")

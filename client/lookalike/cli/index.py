"""`lookalike index PATH...`: a collection brought in step with files and folders; safe to stop and to repeat."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import install
from lookalike.cli.connection import Connection, connect
from lookalike.cli.keeping import (
    Exclude,
    Hidden,
    Include,
    KeepLabels,
    LogFile,
    Prune,
    Symlinked,
    Verbose,
    read_rules,
)
from lookalike.cli.kept import Kept, Log, step_line
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
from lookalike.cli.output import FAILED, err, fail, out, print_json, printable, remark, size
from lookalike.cli.progress import list_failures, progress_bar, timed
from lookalike.counting import counted

if TYPE_CHECKING:
    from lookalike.folders import Roots, Step

Paths = Annotated[list[Path], typer.Argument(exists=True, metavar="PATH", help="Folders, pictures, archives.")]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="Let --prune take a folder without pictures at its word.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def index(
    paths: Paths,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    label: KeepLabels = None,
    prune: Prune = False,
    allow_empty: AllowEmpty = False,
    dry_run: DryRun = False,
    include: Include = None,
    exclude: Exclude = None,
    symlinks: Symlinked = "files",
    hidden: Hidden = False,
    log: LogFile = None,
    verbose: Verbose = False,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Bring a collection in step with folders.

    New and changed pictures are sent, moved ones keep their labels, unchanged ones cost nothing: run it as often as you
    like, stop it when you like. Subfolders are entered. A GLOB without a slash is held against names, one with a slash
    against the path below the folder given; `*` matches no slash, `**` any folders, and case does not matter. Exit
    status 1 when any failed.
    """
    labels, rules, kept = read_labels(label or []), read_rules(include, exclude, symlinks, hidden), Kept(dry_run)
    with Log(log) as lines, timed(kept), connect(Connection(server, token, tls, ca, as_json)) as client:
        from lookalike import folders  # noqa: PLC0415 - with the SDK, help would not be instant

        with progress_bar(as_json) as bar:
            task = bar.add_task("looking", total=None)
            roots = _roots(paths)
            difference = folders.compare(
                client,
                roots,
                collection=collection,
                rules=rules,
                with_unchanged=bool(labels),
                looked=lambda count: bar.update(task, completed=count),
            )
            kept.unchanged = difference.unchanged_count
            if prune and not allow_empty:
                folders.check_prune(difference, roots, rules)
            holder = folders.Rehearsal(client) if dry_run else client
            steps = folders.bring(holder, difference, collection=collection, labels=labels, prune=prune)
            bar.reset(task, total=difference.count or None)
            for step in _told(steps, kept, lines, verbose=verbose):
                bar.update(task, completed=step.done, total=step.total, description=kept.words)
    for extra, count in difference.passed_over.items():
        remark(
            f"{counted(count, 'file')} passed over, which only the extra {extra!r} can open: {install(f'cli,{extra}')}"
        )
    _report(kept, paths, collection, as_json)
    if kept.failures:
        raise typer.Exit(FAILED)


def _roots(paths: list[Path]) -> "Roots":
    from lookalike.folders import Roots  # noqa: PLC0415

    try:
        return Roots.named(paths)
    except FileNotFoundError as error:
        raise fail(printable(str(error))) from None


def _told(steps: "Iterator[Step]", kept: Kept, lines: Log, *, verbose: bool) -> "Iterator[Step]":
    """Count each, and write it where it is wanted."""
    for step in steps:
        kept.add(step)
        lines.write(step)
        if verbose:
            err.print(step_line(step), soft_wrap=True)
        yield step


def _report(kept: Kept, paths: list[Path], collection: str, as_json: bool) -> None:
    if as_json:
        print_json(kept.fields(collection))
        return
    if kept.words == "nothing":
        out.print(f"No pictures in {', '.join(printable(str(path)) for path in paths)}.", soft_wrap=True)
        return
    out.print(_headline(kept, collection), soft_wrap=True)
    out.print(f"  {kept.words}", soft_wrap=True)
    list_failures([(each.path, each.error) for each in kept.failures])
    if kept.counts["gone"]:
        out.print("  Images whose files are gone stay in the collection; --prune removes them.")


def _headline(kept: Kept, collection: str) -> str:
    if kept.is_rehearsal:
        return (
            f"{collection} would be sent {size(kept.sent_bytes)}; nothing was done. {counted(kept.total, 'picture')}:"
        )
    sent = f", {size(kept.sent_bytes)} sent" if kept.sent_bytes else ""
    return f"{collection}: {counted(kept.total, 'picture')} in {kept.seconds:,.1f} s ({kept.rate:,.1f}/s){sent}"

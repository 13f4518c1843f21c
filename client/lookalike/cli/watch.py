"""`lookalike watch DIR...`: a collection kept in step with folders, until it is stopped."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from lookalike.cli.connection import Connection, connect
from lookalike.cli.keeping import Exclude, Hidden, Include, KeepLabels, LogFile, Prune, Symlinked, Verbose, read_rules
from lookalike.cli.kept import Kept, Log, step_line
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    Ca,
    Collection,
    Server,
    Tls,
    Token,
    read_labels,
)
from lookalike.cli.output import INTERRUPTED, OK, err, fail, remark, size
from lookalike.cli.progress import progress_bar

if TYPE_CHECKING:
    from lookalike.folders.watching import Event, Pass

Folders = Annotated[list[Path], typer.Argument(exists=True, file_okay=False, metavar="DIR", help="Folders.")]
Settle = Annotated[
    float, typer.Option(min=0.1, metavar="SECONDS", help="How long a file must stand still before it is read.")
]
Poll = Annotated[
    bool, typer.Option("--poll", help="Look again and again: for network folders, which tell of no change.")
]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print one line of JSON a pass.")]


def watch(
    folders: Folders,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    label: KeepLabels = None,
    prune: Prune = False,
    settle: Settle = 2.0,
    poll: Poll = False,
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
    as_json: AsJsonLines = False,
) -> None:
    """Keep a collection in step with folders.

    First all is brought in step, as `index` does; then what is new, changed, moved or gone is followed as soon as it
    stands still. A server that is away is waited for. Ends with status 0 when it is terminated, 130 when interrupted.
    """
    labels, rules = read_labels(label or []), read_rules(include, exclude, symlinks, hidden)
    with Log(log) as lines, _until_stopped(), connect(Connection(server, token, tls, ca, as_json)) as client:
        from lookalike.folders.watching import Watch  # noqa: PLC0415 - with the SDK, help would not be instant

        followed = Watch(
            client,
            folders,
            collection=collection,
            rules=rules,
            labels=labels,
            prune=prune,
            settle=settle,
            poll=poll,
        )
        try:
            with progress_bar(as_json) as bar:
                _tell(followed.events(), bar, lines, verbose=verbose, as_json=as_json)
        except OSError as error:
            raise fail(f"the folders cannot be watched: {error}") from None


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C and a service manager's SIGTERM both end it cleanly, whatever it waits for."""
    terminated = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        remark("stopped; started again it goes on from here")
        raise typer.Exit(OK if terminated else INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(events: "Iterator[Event]", bar: Progress, lines: Log, *, verbose: bool, as_json: bool) -> None:
    from lookalike.folders import Step  # noqa: PLC0415
    from lookalike.folders.watching import Pass  # noqa: PLC0415

    task = bar.add_task("", total=None, visible=False)
    for event in events:
        if isinstance(event, Step):
            bar.update(task, completed=event.done, total=event.total, description=event.outcome, visible=True)
            lines.write(event)
            if verbose or event.error:
                err.print(step_line(event), soft_wrap=True)
            continue
        bar.reset(task, total=None, visible=False)
        if not isinstance(event, Pass):
            remark(f"{_now()} {event.text}")
        elif as_json:
            typer.echo(json.dumps(_fields(event)))
        else:
            remark(f"{_now()} {_words(event)}")


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _words(done: "Pass") -> str:
    counts = [f"{count:,} {name}" for name, count in _counts(done).items() if count]
    return f"{' · '.join(counts) or 'no pictures yet'} in {done.seconds:.1f} s, {size(done.sent_bytes)} sent"


def _counts(done: "Pass") -> dict[str, int]:
    return Kept(outcomes=Counter(done.outcomes), unchanged=done.unchanged).counts


def _fields(done: "Pass") -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "whole": done.is_whole,
        **_counts(done),
        "sent_bytes": done.sent_bytes,
        "seconds": round(done.seconds, 3),
    }

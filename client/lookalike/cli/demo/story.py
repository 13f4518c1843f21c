"""The demo from beginning to end: photographs, server, import, queries, totals, contact sheet."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from rich.progress import track

import lookalike
from lookalike.cli.demo import INSTALL, material, photographs, report, trial
from lookalike.cli.demo.alterations import COPIES
from lookalike.cli.demo.material import Material
from lookalike.cli.demo.photographs import Photograph
from lookalike.cli.demo.server import DemoServer, ServerFailed
from lookalike.cli.demo.trial import Trial
from lookalike.cli.output import err, fail, friendly, out, printable, remark
from lookalike.counting import counted
from lookalike.pictures import find

Step = TypeVar("Step")

MOST_PHOTOGRAPHS = 24
"""With their copies and queries that is a minute's work on two cores."""
SHEET = "contact-sheet.png"


def tell(photos: Path | None, folder: Path, *, model: str, engine: str) -> None:
    """Run the demo; its pictures and contact sheet stay in the folder."""
    chosen = _choose(photos)
    written = _write(chosen, None if photos else photographs.second_view(), folder)
    log = folder / "server.log"
    try:
        with (
            friendly(as_json=False),
            tempfile.TemporaryDirectory(prefix="lookalike-demo-data-") as data,
            DemoServer(Path(data), log=log, model=model, engine=engine) as server,
        ):
            trials = _run(server, written, folder)
    except ServerFailed as error:
        raise fail(str(error)) from None
    _conclude(trials, written, folder)


def _choose(photos: Path | None) -> Sequence[Photograph]:
    chosen = photographs.in_folder(photos, MOST_PHOTOGRAPHS) if photos else photographs.shipped()
    if not chosen and photos:
        raise fail(f"No pictures in {printable(str(photos))}.")
    if not chosen:
        raise fail(f"No photographs here: {INSTALL} brings some, or name yours with --photos DIR.")
    return chosen


def _write(chosen: Sequence[Photograph], second_view: Photograph | None, folder: Path) -> Material:
    begin = perf_counter()
    written = material.write(chosen, second_view, folder)
    readable = [photograph for photograph in chosen if photograph not in written.unreadable]
    for photograph in written.unreadable:
        remark(f"{printable(str(photograph.path))} cannot be read and is left out.", "yellow")
    if not readable:
        raise fail("None of these pictures can be read.")
    out.print(report.photographs_table(readable))
    out.print(
        f"\nMade {len(COPIES)} altered copies of each and {counted(len(written.queries), 'query')}: {_since(begin)}."
    )
    return written


def _run(server: DemoServer, written: Material, folder: Path) -> list[Trial]:
    with err.status("Starting a server ..."):
        seconds = server.wait()
    with lookalike.Client(server.address) as client:
        model = client.server_info().models[0]
        out.print(f"Server ready on {server.address} with {model.name} on {model.engine}: {seconds:.1f} s.")
        _import(client, written.pictures)
        asked = trial.ask(client, written.queries)
        return list(_watched(asked, "Searching", len(written.queries)))


def _import(client: "lookalike.Client", pictures: Path) -> None:
    begin = perf_counter()
    steps = client.import_folder(pictures, collection=trial.COLLECTION)
    done = list(_watched(steps, "Importing", sum(1 for path in find(pictures))))
    rate = len(done) / (perf_counter() - begin)
    out.print(f"Imported {counted(len(done), 'picture')}: {_since(begin)}, {rate:.0f} a second.\n")


def _conclude(trials: Sequence[Trial], written: Material, folder: Path) -> None:
    shown = [each for each in trials if each.query in written.shown]
    for each in shown:
        out.print(report.trial_title(each))
        out.print(report.trial_table(each))
        out.print()
    for line in report.totals(trials):
        out.print(line, soft_wrap=True)
    sheet = folder / SHEET
    report.write_sheet(trials, shown, sheet)
    out.print(f"Contact sheet: {sheet}", soft_wrap=True)


def _watched(steps: Iterator[Step], what: str, total: int) -> Iterable[Step]:
    """Show a bar while there are steps to come and a person to see it."""
    return track(steps, what, total, console=err, transient=True, disable=not err.is_terminal)


def _since(begin: float) -> str:
    return f"{perf_counter() - begin:.1f} s"
